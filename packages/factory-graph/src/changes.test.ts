import type { StoredNode } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amendClaims, changeOf, elucidationOf, formChange, revealable, successorSpecification } from "./changes.ts";
import type { AmendmentChange } from "./changes.ts";
import { hypothesisOfPerson } from "./hypothesis-rules.ts";
import { planBeadOutcome } from "./outcome.ts";
import { aClaim, anExample } from "./testing/assembly.ts";
import { aBeadOutcome, failedHoldouts } from "./testing/bead-outcome.ts";

const node = (type: string, data: StoredNode["data"]): StoredNode => ({ id: `${type}-1`, type, data, parents: [], namespace: "pricing", createdAt: 0 });
const REVEAL: AmendmentChange = { mode: "reveal", claimId: "C-1", revealedLines: [15], note: "The example on line 15 is visible now." };
const aSubject = (change: AmendmentChange | null, claims = [aClaim()]) => ({
  amendment: node("Amendment", { change }),
  hypothesis: node("Hypothesis", { explanation: "what was visible does not pin it down" }),
  divergence: node("Divergence", { failedHoldoutLines: [15, 16] }),
  target: node("Specification", { domain: "WO-1", version: 1, notes: [{ claimId: "C-2", note: "Round half up." }] }),
  claims: claims.map((claim) => node("Claim", { ...claim })),
  knowingState: null,
});

function formed(lines: readonly number[], person: string | null = null, claim = aClaim()): AmendmentChange {
  const [divergence] = planBeadOutcome(aBeadOutcome({ ...failedHoldouts([15]) })).divergences;
  if (divergence === undefined) throw new Error("The outcome did not diverge.");
  const hypothesis = hypothesisOfPerson({ by: "ann", note: person ?? "Round half up." }, divergence);
  const author = { kind: person === null ? "rule" : "person", id: "x" } as const;
  const change = formChange({ hypothesis, author }, { ...divergence, divergenceType: "atom-failure", failedHoldoutLines: lines }, claim, {});
  if (change === null) throw new Error("Nothing is changed.");
  return change;
}

describe("what a hypothesis changes", () => {
  test("a failed hidden example is revealed, the first by line", () => {
    expect(formed([16, 15])).toMatchObject({ mode: "reveal", claimId: "C-1", revealedLines: [15] });
  });

  test("the last hidden example is not revealed: the amendment carries the criterion and no value of it", () => {
    const change = formed([15], null, aClaim({ holdout: [anExample(15)] }));
    expect(change).toMatchObject({ mode: "criterion", revealedLines: [], note: expect.stringContaining("`double` doubles its argument") });
    expect(change.note).not.toContain("30");
  });

  test("an instruction is a note, a person's empty one is the same again", () => {
    expect(formed([])).toMatchObject({ mode: "note", note: "Round half up." });
    expect(formed([15], "it is integer division")).toMatchObject({ mode: "note", note: "it is integer division", revealedLines: [] });
    expect(formed([15], "")).toMatchObject({ mode: "retry", note: "" });
  });

  test("nothing that is revealed leaves a claim without a hidden example, nor was it not hidden and failed", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 9 })), (hidden, lines) => {
        const claim = aClaim({ holdout: hidden.map((line) => anExample(line)) });
        const revealed = revealable(claim, lines);
        if (revealed === null) return;
        expect(hidden).toContain(revealed);
        expect(lines).toContain(revealed);
        expect(amendClaims([claim], { ...REVEAL, revealedLines: [revealed] })[0]?.holdout.length).toBe(hidden.length - 1);
        expect(hidden.length).toBeGreaterThan(1);
      }),
    );
  });
});

describe("a successor", () => {
  test("has the next version, the notes and the claims with the revealed example among the visible ones, in line order", () => {
    const { data, claims } = successorSpecification(aSubject(REVEAL));
    expect(data).toMatchObject({ domain: "WO-1", version: 2, notes: [{ claimId: "C-2" }, { claimId: "C-1", note: REVEAL.note }] });
    expect(claims).toMatchObject([{ claimId: "C-1", data: { visible: [11, 12, 13, 14, 15].map((line) => ({ line })), holdout: [{ line: 16 }] } }]);
  });

  test("is not made of an amendment that changes no specification, nor of one that is none of the factory's", () => {
    expect(() => successorSpecification(aSubject(null))).toThrow(/changes no specification/);
    expect(changeOf(node("Amendment", { change: null }))).toBeNull();
    expect(() => changeOf(node("Amendment", { change: { ...REVEAL, holdout: [] } }))).toThrow(/holdout/);
    expect(() => changeOf(node("Amendment", {}))).toThrow(/expected object/);
  });
});

describe("an elucidation", () => {
  test.each<[AmendmentChange["mode"], readonly string[]]>([
    ["reveal", ["run the bead again unchanged", "reveal every failed hidden example"]],
    ["criterion", ["run the bead again unchanged", "reveal the failed hidden example"]],
    ["note", ["run the bead again unchanged"]],
    ["retry", []],
  ])("of the mode %s names the options that lost, each with its reason", (mode, lost) => {
    const { rejected, selected } = elucidationOf(aSubject({ ...REVEAL, mode, revealedLines: mode === "reveal" ? [15] : [] }));
    expect(rejected.map(({ option }) => option)).toEqual(["accept the result as it is", "ask a person", ...lost]);
    expect(rejected.every(({ reason }) => reason.length > 8)).toBe(true);
    expect(selected).toContain(mode);
  });

  test("says what was learnt, also where that is all", () => {
    const trust = { target: "trust" as const, subjectId: "agent:coder", score: 0.75 };
    expect(elucidationOf({ ...aSubject(null), knowingState: trust })).toMatchObject({
      selected: "trust of agent:coder: 0.75",
      rejected: [{ option: "accept the result as it is" }, { option: "leave what governs the agent as it is" }],
    });
    const policy = { target: "policy" as const, scope: "role:coder", guidance: "Keep it pure." };
    expect(elucidationOf({ ...aSubject(REVEAL), knowingState: policy }).selected).toContain("guidance: Keep it pure.");
  });
});
