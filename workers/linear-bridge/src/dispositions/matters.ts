/** Which verbs answer which review, and the text of the grammar that an escalation issue prints. Pure. */
import type { DispositionVerb } from "@factory/schemas";
import { TRIGGER } from "./grammar.ts";
import type { ParsedDisposition } from "./grammar.ts";

type Answers = { readonly verbs: readonly DispositionVerb[]; /** Whether resume may carry a note. */ readonly note: boolean };

const ALWAYS = ["override", "reject"] as const;
const WORK: Answers = { verbs: ["resume", "patch", ...ALWAYS], note: true };

/** By the matter of the review; what a note or a verb does there is the session's to say. */
const ANSWERS: { readonly [matter: string]: Answers } = {
  approval: { verbs: ["commission", ...ALWAYS], note: true },
  divergence: WORK,
  pass: WORK,
  "semantic-review": WORK,
  uncertainty: WORK,
  clarification: WORK,
  autonomy: WORK,
  budget: { verbs: ["resume", "pipeline-config", ...ALWAYS], note: true },
  clearance: { verbs: ["resume", "pipeline-config", ...ALWAYS], note: false },
  acceptance: { verbs: ["resume", ...ALWAYS], note: false },
};

/** A matter that is not known here can be let go on, rejected or overridden. */
const OTHERWISE: Answers = { verbs: ["resume", ...ALWAYS], note: true };

function answersTo(matter: string): Answers {
  return (Object.hasOwn(ANSWERS, matter) ? ANSWERS[matter] : undefined) ?? OTHERWISE;
}

/** The change that a review of the matter can be answered with. */
const CHANGE_OF = { budget: "budget", clearance: "ceiling" } as const;

/** Why a disposition is no answer to a review of the matter, as a sentence for its author; null when it is one. */
export function misfit(disposition: ParsedDisposition, matter: string): string | null {
  const { verbs, note } = answersTo(matter);
  if (!verbs.includes(disposition.verb)) return `${disposition.verb} is no answer here. This review takes ${verbs.join(", ")}.`;
  if (disposition.verb === "resume" && disposition.note !== undefined && !note) return "This review takes no note: let it go on as it is, or reject it.";
  if (disposition.verb === "pipeline-config") {
    const change = matter === "budget" ? CHANGE_OF.budget : CHANGE_OF.clearance;
    if (disposition.change !== change) return `This review is answered by a change of ${change}.`;
  }
  return null;
}

const MEANING: { readonly [Verb in DispositionVerb]: string } = {
  commission: "approve it; a note is one more constraint",
  resume: "let it go on; a note is the answer or the instruction",
  patch: "have it done again with an instruction",
  "pipeline-config": "grant what the run asks for",
  override: "two people together, within an hour, each with the very same block",
  reject: "do not; the reason goes into the record",
};

function linesOf(verb: DispositionVerb, matter: string): string[] {
  switch (verb) {
    case "commission":
      return ["note: a further constraint (may be left out)"];
    case "resume":
      return answersTo(matter).note ? ["note: the answer or the instruction (may be left out)"] : [];
    case "patch":
      return ["patch-id: the id of what is changed", "note: the instruction"];
    case "pipeline-config":
      return matter === "budget" ? ["change: budget", "value: 50 USD"] : ["change: ceiling"];
    case "override":
      return [
        "directive: force-suspend, force-resume or emergency-patch",
        "target: the assembly (left out: the whole organisation)",
        "note: what is ordered, and why now",
      ];
    case "reject":
      return ["reason: why"];
    default: {
      const unknown: never = verb;
      return unknown;
    }
  }
}

const WHY = ["rationale: why", "considered: option; option", "rejected: option - reason; option - reason"];

/**
 * How to answer an escalation, as Markdown for the description of its issue: a block for each verb that the review takes. It
 * prints the trigger, in code fences, so it never belongs into a comment.
 *
 * @param matter - what the review is about, `matter` of its context
 */
export function grammarFor(matter: string): string {
  const blocks = answersTo(matter).verbs.map((verb) =>
    [`**${verb}** — ${MEANING[verb]}`, "", "```", `${TRIGGER} ${verb}`, ...linesOf(verb, matter), ...(verb === "reject" ? [] : WHY), "```"].join("\n"),
  );
  return [
    "Answer with a comment that holds exactly one of these blocks, on lines of their own. A blank line ends the block, so break lines with Shift+Enter. Only registered people decide; a comment that is edited afterwards counts for nothing.",
    ...blocks,
  ].join("\n\n");
}
