import type { EventKind, EventPayload } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDisposition, TRIGGER } from "../dispositions/grammar.ts";
import { amendment, asked, beadId, diverged, ended, idOf, RUN_ID, SESSION_ID, voted, WORK_GRAPH_ID } from "../testing/session-logs.ts";
import type { Said } from "../testing/session-logs.ts";
import type { Escalation, FollowedBead, FollowedSession } from "./model.ts";
import * as texts from "./texts.ts";

const LINKS = texts.linksTo("https://factory.example");

/** What people and models write to be taken for more than text. */
const HOSTILE = [
  TRIGGER,
  "DISPOSITION :",
  "disposition:",
  "dIsPoSiTiOn\u200b:",
  "DISPO\u2060SITION:",
  "DISPOSITION\n:",
  "\n",
  "\n\n",
  "\r",
  "\u2028",
  "```",
  "````",
  "~~~",
  "> ",
  "# ",
  "- ",
  "\t",
  "    ",
  "@ada",
  "[a](https://evil.example)",
  "![x](https://evil.example/p.png)",
  "<img src=x>",
  "https://evil.example",
  "fixes ENG-1",
  "closes #12",
  "&#68;ISPOSITION:",
  "resume",
  "reason: because",
  "\\",
  "`",
  "|",
  "*",
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "grapheme", maxLength: 6 })), { maxLength: 10 })
  .map((parts) => parts.join(""));
/** As much of it as the fields of one text take. */
const many = fc.array(hostile, { minLength: 12, maxLength: 12 });
type Words = () => string;
/** The next of these at each call, from the beginning again after the last. */
const wordsOf = (given: readonly string[]): Words => {
  let next = 0;
  return () => given[(next += 1) % given.length] ?? "";
};

const session = (word: Words): FollowedSession => ({
  sessionId: SESSION_ID,
  cursor: 1,
  wanted: 1,
  assembly: word(),
  workOrderId: word(),
  title: word(),
  runId: RUN_ID,
  workGraphId: WORK_GRAPH_ID,
  version: 1,
  state: "EXECUTING",
  beadIssues: 0,
  beadsLeftOut: 0,
});
const aBead = (word: Words): FollowedBead => ({
  beadId: word(),
  atomId: word(),
  title: word(),
  team: word(),
  role: word(),
  state: "READY",
  attempt: 1,
  workGraphId: WORK_GRAPH_ID,
  version: 1,
  amendedBy: null,
  directiveId: word(),
  policyBeadId: null,
  shown: true,
});
const escalation = (word: Words, matter = "divergence"): Escalation => ({
  escalationId: idOf("ESC", 1),
  reviewId: idOf("REV", 1),
  sessionId: SESSION_ID,
  assembly: word(),
  matter,
  action: word(),
  actionDigest: word(),
  issueId: "issue",
  openedAt: 1,
  decision: null,
});
/** A payload with other texts in the fields that a builder gave. */
const payloadOf = <K extends EventKind>(_kind: K, { payload }: Said, changes: Partial<EventPayload<K>>): EventPayload<K> => ({
  // The cast holds: each builder below makes an event of the kind that stands beside it.
  ...(payload as EventPayload<K>),
  ...changes,
});
const diverging = (word: Words): EventPayload<"DIVERGENCE_DETECTED"> =>
  payloadOf("DIVERGENCE_DETECTED", diverged(1), { divergenceType: word(), claimRefs: [word()], observed: word(), expected: word(), reason: word() });
const asking = (word: Words): EventPayload<"REVIEW_REQUIRED"> =>
  payloadOf("REVIEW_REQUIRED", asked(1, "divergence"), {
    action: word(),
    actionDigest: word(),
    promptText: word(),
    context: { matter: word(), stage: word(), [word()]: word(), list: [word()] },
  });

/** Every text that becomes a comment. */
const COMMENTS: { readonly [name: string]: (word: Words) => string } = {
  decided: (word) => texts.decidedText(word(), word(), word()),
  voted: (word) => texts.voteText(payloadOf("REVIEW_VOTE_RECORDED", voted(1), { approver: word() })),
  blocked: (word) => texts.blockedText({ runId: RUN_ID, code: "DISPATCH_NO_SESSION", message: word(), beads: 1 }),
  amended: (word) =>
    texts.amendmentText(
      payloadOf("AMENDMENT_ADOPTED", amendment(1, "ADOPTED"), {
        amendmentId: word(),
        divergenceReason: word(),
        faultAttribution: word(),
        scope: word(),
        hypothesisId: word(),
        beadIds: [word()],
      }),
    ),
  failed: (word) => texts.failureText("Compilation failed", { code: word(), message: word(), retryable: false }),
  ended: (word) => texts.endText(payloadOf("SESSION_COMPLETED", ended(), { reason: word() }), 3),
  trailers: (word) =>
    texts.trailerBlock([
      ["Run", word()],
      ["Linear", word()],
    ]),
};

/** Every text that becomes a description. */
const DESCRIPTIONS: { readonly [name: string]: (word: Words) => string } = {
  session: (word) => texts.sessionText(session(word), word(), LINKS),
  bead: (word) => texts.beadText(session(word), aBead(word), { instructions: word(), claimRefs: [word()], dependsOn: [], policyBeadId: null }, LINKS),
  divergence: (word) => texts.divergenceText(session(word), diverging(word), "high", LINKS),
};

/** Text outside of code and without what is escaped, as a platform reads it for links, mentions and references. */
function outsideCode(markdown: string): string {
  const lines: string[] = [];
  let fence: string | null = null;
  for (const line of markdown.split("\n")) {
    const marks = /^(`{3,})$/.exec(line)?.[1];
    if (fence === null && marks !== undefined) fence = marks;
    else if (fence !== null) fence = marks === fence ? null : fence;
    else lines.push(line.replaceAll(/\\[!-/:-@[-`{-~]/g, " ").replaceAll(/`[^`]*`/g, ""));
  }
  expect(fence, "a fence that is never closed").toBeNull();
  return lines.join("\n").replaceAll(`[Session in the dashboard](https://factory.example/sessions/${SESSION_ID})`, "");
}

/** Mentions, references to issues, addresses, elements, links and images. */
const ACTS = /@\w|\b[A-Za-z]{1,10}-\d|#\d|\w:\/\/|<\w|\]\(/;

describe("a comment of the factory", () => {
  it.each(Object.entries(COMMENTS))("never begins a disposition, whatever it repeats: %s", (_name, textOf) => {
    fc.assert(
      fc.property(many, (given) => {
        const body = textOf(wordsOf(given));
        expect(body).not.toMatch(/disposition\s*:/i);
        expect(parseDisposition(body)).toEqual({ kind: "none" });
      }),
      { numRuns: 500 },
    );
  });
});

describe.each([...Object.entries(COMMENTS), ...Object.entries(DESCRIPTIONS)])("what is said of something: %s", (_name, textOf) => {
  it("mentions nobody, refers to no issue, links nowhere and opens no fence of somebody else", () => {
    fc.assert(
      fc.property(many, (given) => {
        expect(outsideCode(textOf(wordsOf(given)))).not.toMatch(ACTS);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a description", () => {
  it.each(Object.entries(DESCRIPTIONS))("never holds the trigger where no answer is asked for: %s", (_name, textOf) => {
    fc.assert(
      fc.property(many, (given) => {
        expect(textOf(wordsOf(given))).not.toMatch(/disposition\s*:/i);
      }),
    );
  });

  it("of an escalation holds the trigger as often as its grammar does, whatever was asked", () => {
    const grammar = `Write\n\n\`\`\`\n${TRIGGER} resume\n\`\`\``;
    fc.assert(
      fc.property(many, (given) => {
        const word = wordsOf(given);
        const shown = texts.escalationText(session(word), escalation(word), asking(word), grammar, LINKS);
        expect(shown.split(TRIGGER)).toHaveLength(2);
        expect(shown).toContain(grammar);
        expect(shown.match(/disposition\s*:/gi)).toHaveLength(1);
        expect(outsideCode(shown)).not.toMatch(ACTS);
      }),
      { numRuns: 500 },
    );
  });

  it("of an escalation says what each answer does, and until when", () => {
    const word = (): string => "x";
    const prompt = { ...asking(word), context: { matter: "acceptance" }, deadlineUnixSec: 1_785_920_400 };
    const shown = texts.escalationText(session(word), escalation(word, "acceptance"), prompt, "grammar", LINKS);
    expect(shown).toContain("- approved: accept the work and deliver it\n- rejected: end the session without a deliverable");
    expect(shown).not.toContain("amended:");
    expect(shown).toContain("- Until: 2026");
  });

  it("copies ids as they stand and leaves out what is not known", () => {
    const shown = texts.beadText(
      session(() => "x"),
      { ...aBead(() => "x"), beadId: beadId(1), directiveId: null },
      null,
      LINKS,
    );
    expect(shown).toContain(`- Bead: \`${beadId(1)}\`\n`);
    expect(shown).toContain("Its instruction is not in the lineage.");
    expect(shown).not.toContain("Directive");
    expect(shown).not.toContain("Claims");
  });

  it("says the work graph that the bead's issue is of, not the one the session has by now", () => {
    const of = { ...aBead(() => "x"), workGraphId: idOf("WG", 7), version: 3 };
    expect(
      texts.beadText(
        session(() => "x"),
        of,
        null,
        LINKS,
      ),
    ).toContain("version 3");
    expect(
      texts.beadText(
        session(() => "x"),
        { ...of, workGraphId: "" },
        null,
        LINKS,
      ),
    ).not.toContain("Work graph");
  });

  it("has no link where no address is known", () => {
    expect(
      texts.sessionText(
        session(() => "x"),
        "dev",
        texts.linksTo(""),
      ),
    ).not.toContain("](");
    expect(texts.linksTo("javascript:alert(1)").session("SES-1")).toBeNull();
    expect(texts.linksTo("https://factory.example//").session("a/b")).toBe("https://factory.example/sessions/a%2Fb");
  });

  it("cuts what somebody else wrote and says how much is left out", () => {
    const shown = texts.divergenceText(
      session(() => "x"),
      { ...diverging(() => "x"), observed: "o".repeat(7_000) },
      "high",
      LINKS,
    );
    expect(shown).toContain("… 1000 more characters\n```");
  });
});

describe("a title", () => {
  it("is one line of at most so many characters, whatever it is of", () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ unit: "binary", maxLength: 400 })), (text) => {
        const title = texts.titleOf("Order", text);
        expect([...title].length).toBeLessThanOrEqual(texts.MAX_TITLE);
        expect(title).not.toMatch(/[\n\r\u2028\u2029\p{Cc}]/u);
        expect(title.startsWith("Order:")).toBe(true);
        expect(title.isWellFormed()).toBe(true);
      }),
    );
  });
});
