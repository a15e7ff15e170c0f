import { DISPOSITION_VERBS, inboundSignal } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aBinding, anApprover, WHY_LINES } from "../testing/escalations.ts";
import { GRAMMAR_LIMITS, parseDisposition, TRIGGER } from "./grammar.ts";
import type { ParsedDisposition } from "./grammar.ts";
import { grammarFor, misfit } from "./matters.ts";
import { signalOf } from "./proposal.ts";
import * as replies from "./replies.ts";

const block = (verb: string, ...fields: string[]): string => [`${TRIGGER} ${verb}`, ...fields].join("\n");
const withWhy = (verb: string, ...fields: string[]): string => block(verb, ...fields, ...WHY_LINES);

function parsed(body: string): ParsedDisposition {
  const result = parseDisposition(body);
  if (result.kind !== "disposition") throw new Error(JSON.stringify(result));
  return result.disposition;
}

function faults(body: string): string {
  const result = parseDisposition(body);
  if (result.kind !== "refused") throw new Error(JSON.stringify(result));
  return result.faults.join(" ");
}

const WHY = { rationale: "The holdout is wrong.", considered: ["go on", "end it"], rejected: [{ option: "end it", reason: "the work is nearly done" }] };

describe("a block", () => {
  test.each([
    ["resume", withWhy("resume"), { verb: "resume", ...WHY }],
    ["resume with a note", withWhy("resume", "note: use cents"), { verb: "resume", note: "use cents", ...WHY }],
    ["commission", withWhy("commission"), { verb: "commission", ...WHY }],
    ["patch", withWhy("patch", "patch-id: HYP-1", "note: round up"), { verb: "patch", patchId: "HYP-1", note: "round up", ...WHY }],
    ["pipeline-config", withWhy("pipeline-config", "change: budget", "value: 50 USD"), { verb: "pipeline-config", change: "budget", value: "50 USD", ...WHY }],
    ["pipeline-config of a ceiling", withWhy("pipeline-config", "change: ceiling"), { verb: "pipeline-config", change: "ceiling", ...WHY }],
    [
      "override",
      withWhy("override", "directive: force-suspend", "target: shop", "note: it leaks"),
      { verb: "override", directive: "force-suspend", target: "shop", note: "it leaks", ...WHY },
    ],
    ["reject", block("reject", "reason: out of scope"), { verb: "reject", reason: "out of scope" }],
  ])("of %s is read", (_, body, expected) => {
    expect(parsed(body)).toEqual(expected);
  });

  test("may follow prose, has its fields in any order, and ends at the first blank line", () => {
    const body = `I looked at it.\n\n${TRIGGER} reject  \nreason: no: really not\n\nnote: this is prose again`;
    expect(parsed(body)).toEqual({ verb: "reject", reason: "no: really not" });
    expect(parsed(block("resume", ...WHY_LINES.toReversed()))).toEqual({ verb: "resume", ...WHY });
  });

  test("may have the line ends of any machine, and the marks with which Markdown breaks a line", () => {
    expect(parsed(block("reject", "reason: no").replaceAll("\n", "\r\n"))).toEqual({ verb: "reject", reason: "no" });
    expect(parsed(block("reject\\", "reason: no  "))).toEqual({ verb: "reject", reason: "no" });
  });

  test("takes the dashes that editors make", () => {
    for (const dash of ["-", "--", "–", "—"]) {
      expect(parsed(block("resume", WHY_LINES[0] ?? "", WHY_LINES[1] ?? "", `rejected: end-it ${dash} too late - really`))).toMatchObject({
        rejected: [{ option: "end-it", reason: "too late - really" }],
      });
    }
  });
});

describe("what is no block", () => {
  test.each([
    ["prose", "We should resume."],
    ["the word in the middle of a line", `Please write ${TRIGGER} resume to go on.`],
    ["a quotation", `> ${TRIGGER} reject\n> reason: no`],
    ["a quotation in a quotation", `> > ${TRIGGER} reject`],
    ["the lazy continuation of a quotation", `> as somebody wrote\n${TRIGGER} reject\nreason: no`],
    ["a code fence", `\`\`\`\n${block("reject", "reason: no")}\n\`\`\``],
    ["a fence of tildes", `~~~text\n${block("reject", "reason: no")}\n~~~`],
    ["a fence that a shorter one does not close", `\`\`\`\`\n\`\`\`\n${block("reject", "reason: no")}`],
    ["a fence that is never closed", `\`\`\`\n\n${block("reject", "reason: no")}`],
    ["indented code", `    ${TRIGGER} reject\n    reason: no`],
    ["a code span", `\`${TRIGGER} reject\``],
    ["a list item", `- ${TRIGGER} reject`],
    ["other letters", "Disposition: reject\nreason: no"],
    ["the trigger with an invisible letter in it", "DISPOSITION\u2060: reject\nreason: no"],
  ])("%s triggers nothing", (_, body) => {
    expect(parseDisposition(body)).toEqual({ kind: "none" });
  });

  test("a block after a closed fence and after a quotation with a blank line counts", () => {
    expect(parsed(`\`\`\`\n${TRIGGER} resume\n\`\`\`\n${block("reject", "reason: no")}`)).toEqual({ verb: "reject", reason: "no" });
    expect(parsed(`> quoted\n\n${block("reject", "reason: no")}`)).toEqual({ verb: "reject", reason: "no" });
  });
});

describe("a block that is refused", () => {
  test.each([
    ["two blocks", `${block("reject", "reason: no")}\n\n${block("reject", "reason: no")}`, /more than one block/],
    ["a second trigger inside", `${TRIGGER} reject\n${TRIGGER} resume`, /more than one block/],
    ["no verb", TRIGGER, /verb is missing/],
    ["an unknown verb", block("approve"), /no verb "approve"/],
    ["a verb in capitals", block("RESUME"), /no verb "RESUME"/],
    ["words after the verb", block("resume WG-1 2"), /no verb of that name/],
    ["an unknown field", block("reject", "reason: no", "until: monday"), /no field "until"/],
    ["a field of another verb", withWhy("resume", "patch-id: HYP-1"), /no field "patch-id"/],
    ["a field in capitals", block("reject", "Reason: no"), /no field "Reason"/],
    ["a field twice", block("reject", "reason: no", "reason: yes"), /reason is there twice/],
    ["an empty field", block("reject", "reason:"), /reason is empty/],
    ["a line that is no field", block("reject", "reason: no", "and more"), /Line 3 of the block is no field/],
    ["a reject without a reason", block("reject"), /needs the field reason/],
    ["a patch without its id", withWhy("patch", "note: x"), /needs the field patch-id/],
    ["a budget without an amount", withWhy("pipeline-config", "change: budget"), /whole new budget/],
    ["a budget in another currency", withWhy("pipeline-config", "change: budget", "value: 50 EUR"), /50 USD/],
    ["an unknown change", withWhy("pipeline-config", "change: model"), /change is one of/],
    ["an unknown directive", withWhy("override", "directive: delete", "note: x"), /directive is one of/],
    ["an override without a note", withWhy("override", "directive: force-suspend"), /needs the field note/],
    ["a target that is no assembly", withWhy("override", "directive: force-suspend", "target: A B", "note: x"), /name of an assembly/],
    ["an emergency patch of another assembly", withWhy("override", "directive: emergency-patch", "target: shop", "note: x"), /has no target/],
    ["a rationale that says nothing", block("resume", "rationale: yes", ...WHY_LINES.slice(1)), /needs the field rationale/],
    ["an option too many", block("resume", "rationale: good reasons", `considered: ${"a; ".repeat(17)}`, "rejected: a - b"), /more than 16 options/],
    ["a field that is too long", block("reject", `reason: ${"x".repeat(GRAMMAR_LIMITS.textChars + 1)}`), /longer than 4000/],
  ])("%s", (_, body, message) => {
    expect(faults(body)).toMatch(message);
  });

  test("D-54: every verb but reject is refused without a rationale, a considered and a rejected option with its reason", () => {
    const needed: { readonly [verb: string]: readonly string[] } = {
      resume: [],
      commission: [],
      patch: ["patch-id: HYP-1", "note: x"],
      "pipeline-config": ["change: ceiling"],
      override: ["directive: force-resume", "note: x"],
    };
    for (const [verb, fields] of Object.entries(needed)) {
      expect(parseDisposition(withWhy(verb, ...fields)).kind).toBe("disposition");
      for (const missing of WHY_LINES) {
        const rest = WHY_LINES.filter((line) => line !== missing);
        expect(faults(block(verb, ...fields, ...rest))).toContain(`needs the field ${missing.split(":")[0] ?? ""}`);
      }
      expect(faults(block(verb, ...fields, ...WHY_LINES.slice(0, 2), "rejected: end it"))).toContain("why it was left");
    }
  });
});

describe("any text", () => {
  const anyBody = fc.oneof(
    fc.string({ unit: "binary" }),
    fc
      .array(
        fc.oneof(
          fc.constantFrom(
            TRIGGER,
            `${TRIGGER} resume`,
            `${TRIGGER} reject`,
            "reason: x",
            "```",
            "~~~",
            "> q",
            "",
            "\r\n",
            "\\",
            ...WHY_LINES,
            `a ${TRIGGER} b`,
          ),
          fc.string(),
        ),
        { maxLength: 12 },
      )
      .map((lines) => lines.join("\n")),
  );

  test("gives an answer", () => {
    fc.assert(
      fc.property(anyBody, (body) => ["none", "refused", "disposition"].includes(parseDisposition(body).kind)),
      { numRuns: 2_000 },
    );
  });

  test("that is quoted or fenced line by line triggers nothing", () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        const lines = body.split(/\r\n?|[\n\u0085\u2028\u2029]/);
        expect(parseDisposition(lines.map((line) => `> ${line}`).join("\n"))).toEqual({ kind: "none" });
        expect(parseDisposition(["`".repeat(100), ...lines, "`".repeat(100)].join("\n"))).toEqual({ kind: "none" });
      }),
    );
  });

  test("D-59: no reply is a disposition, whatever it repeats", () => {
    const text = fc.oneof(anyBody, fc.constantFrom(TRIGGER, "disposition :", `${TRIGGER}${TRIGGER} resume`, "DISPOSITION\u200b: resume"));
    fc.assert(
      fc.property(text, text, fc.constantFrom(...DISPOSITION_VERBS), (one, other, verb) => {
        const parsedOne = parseDisposition(one);
        const result = { verb, names: [one, other], dispositionEventId: one, reasonId: other, detail: one, reviewOpen: true };
        const said = [
          replies.faultsReply(parsedOne.kind === "refused" ? parsedOne.faults : [one]),
          replies.scopeReply(verb, [verb]),
          replies.misfitReply(one),
          replies.decidedReply(one),
          replies.editedReply(),
          replies.underWayReply(one),
          replies.unknownAuthorReply("UNREGISTERED"),
          replies.waitingReply({ name: one, approvals: 1, needed: 2, expiresAt: other }),
          replies.repeatedReply(one),
          replies.otherProposalReply(one),
          replies.expiredReply([one], other),
          replies.voidReply([one], other, one),
          replies.doneReply(result),
          replies.failedReply(result),
        ];
        for (const lines of said) {
          expect(parseDisposition(lines.join("\n")).kind).toBe("none");
          expect(parseDisposition(lines.join("\n\n")).kind).toBe("none");
          expect(lines.join("\n")).not.toMatch(/disposition\s*:/i);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("that is read as a disposition has a signal that the desk's schema takes", () => {
    const value = fc.string({ minLength: 1, maxLength: 60 }).filter((line) => line.trim() !== "" && !/[\r\n\u0085\u2028\u2029\\]/.test(line));
    const bodies = fc.oneof(
      value.map((note) => withWhy("resume", `note: ${note}`)),
      value.map((note) => withWhy("patch", "patch-id: HYP-1", `note: ${note}`)),
      fc.nat(1_000_000).map((usd) => withWhy("pipeline-config", "change: budget", `value: ${usd} USD`)),
      fc.constantFrom("force-suspend", "force-resume", "emergency-patch").map((directive) => withWhy("override", `directive: ${directive}`, "note: now")),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        const decision = { disposition: parsed(body), approvers: [anApprover("ada"), anApprover("grace")], decidedAt: "2026-08-04T09:00:00.000Z" } as const;
        const ids = { dispositionEventId: `DSP-${"0".repeat(26)}`, elucidationArtifactId: `ELC-${"0".repeat(26)}` };
        expect(inboundSignal.safeParse(signalOf(decision, aBinding(), ids)).error).toBeUndefined();
      }),
    );
  });
});

describe("the grammar that an issue prints", () => {
  const MATTERS = [
    "approval",
    "divergence",
    "pass",
    "semantic-review",
    "uncertainty",
    "clarification",
    "autonomy",
    "budget",
    "clearance",
    "acceptance",
    "something new",
  ];

  test.each(MATTERS)("D-65: for %s every printed block is one that the parser and the review take, once it is filled in", (matter) => {
    const printed = [...grammarFor(matter).matchAll(/```\n([\s\S]*?)\n```/g)].map(([, text = ""]) => text);
    expect(printed.length).toBeGreaterThanOrEqual(3);
    for (const text of printed) {
      const filled = text
        .replace("patch-id: the id of what is changed", "patch-id: HYP-1")
        .replace("force-suspend, force-resume or emergency-patch", "force-suspend")
        .replace("target: the assembly (left out: the whole organisation)", "target: shop")
        .replace("rationale: why", "rationale: because it has to be");
      expect(misfit(parsed(filled), matter)).toBeNull();
    }
  });

  test("is in code fences, so that even as a comment it decides nothing", () => {
    for (const matter of MATTERS) expect(parseDisposition(grammarFor(matter))).toEqual({ kind: "none" });
  });

  test.each([
    ["approval", withWhy("resume"), /resume is no answer here/],
    ["divergence", withWhy("commission"), /commission is no answer here/],
    ["acceptance", withWhy("resume", "note: a bit more"), /takes no note/],
    ["acceptance", withWhy("patch", "patch-id: HYP-1", "note: x"), /patch is no answer here/],
    ["budget", withWhy("pipeline-config", "change: ceiling"), /change of budget/],
    ["clearance", withWhy("pipeline-config", "change: budget", "value: 5 USD"), /change of ceiling/],
  ])("a %s review does not take what is no answer to it", (matter, body, message) => {
    expect(misfit(parsed(body), matter)).toMatch(message);
  });
});
