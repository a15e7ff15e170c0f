import type { Claim } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { acceptanceReport } from "./acceptance.ts";
import { deliverableReadme, exampleTests } from "./delivery.ts";
import { proofsOf } from "./proof.ts";
import { aClaim, anAcceptedRun, anOrder, aRecord } from "./testing/builders.ts";

const check = {
  beadId: "BEAD-9",
  treeDigest: "last",
  kind: "examples",
  ok: true,
  reportDigest: "r",
  holdout: false,
  summary: "4 passed",
  claimId: "C-1",
  checkId: "CHK-1",
};
const proofOf = (checks: ReturnType<typeof aRecord>["checks"], claim: Claim = aClaim(), persons: { claimId: string; text: string }[] = [], approved = false) =>
  proofsOf([claim, aClaim({ claimId: "C-8", functionName: "other" })], aRecord({ checks }), persons, approved)[0];

describe("the proof of a claim", () => {
  test("is what the last tree passed: a failure of an earlier tree is history, one of the last tree is not", () => {
    expect(proofOf([{ ...check, ok: false, treeDigest: "before" }, check])).toMatchObject({ verdict: "passed", checks: [{ checkId: "CHK-1" }] });
    expect(
      proofOf([
        { ...check, treeDigest: "before" },
        { ...check, ok: false },
      ]),
    ).toMatchObject({ verdict: "failed" });
  });

  test("needs a check that decides it: without one it is not judged", () => {
    expect(proofOf([])).toMatchObject({ verdict: "not judged", holdouts: { status: "absent" } });
    expect(proofOf([{ ...check, claimId: "C-8" }])).toMatchObject({ verdict: "not judged", checks: [] });
    const { claimId: _none, ...ofTheTree } = check;
    expect(proofOf([{ ...ofTheTree, kind: "typecheck" }])).toMatchObject({ verdict: "not judged" });
  });

  test("is shared by claims on one function, and a test file proves the claims that name it", () => {
    const second = aClaim({ claimId: "C-2", visible: [], holdout: [] });
    expect(proofsOf([aClaim(), second], aRecord({ checks: [check] }), [], false)[1]).toMatchObject({ claimId: "C-2", verdict: "passed" });
    const { claimId: _none, ...ofTheTree } = check;
    const { functionName: _unnamed, ...claim } = aClaim({ testFiles: ["tests/a.test.ts"] });
    expect(proofOf([{ ...ofTheTree, kind: "tests", summary: "tests/a.test.ts: 3 passed" }], claim)).toMatchObject({ verdict: "passed" });
    expect(proofOf([{ ...ofTheTree, kind: "tests", summary: "tests/b.test.ts: 3 passed" }], claim)).toMatchObject({ verdict: "not judged" });
  });

  test("of a claim left to a person is that person's decision, never a check's", () => {
    const persons = [{ claimId: "C-1", text: "" }];
    expect(proofOf([check], aClaim(), persons)).toMatchObject({ verdict: "not judged" });
    expect(proofOf([check], aClaim(), persons, true)).toMatchObject({ verdict: "decided by a person" });
    expect(proofOf([{ ...check, ok: false }], aClaim(), persons, true)).toMatchObject({ verdict: "failed" });
  });
});

describe("the acceptance gate", () => {
  const run = anAcceptedRun() as Parameters<typeof acceptanceReport>[0]["run"];
  const facts = { run, record: aRecord(), divergences: [{ divergenceId: "DIV-1", amended: true }], personClaims: [] };

  test("passes a run that went well and lists what nobody judged", () => {
    const report = acceptanceReport({ ...facts, run: { ...run, uncheckedClaims: ["C-3"], holdouts: { ...run.holdouts, absentClaims: ["C-2"] } } }, "SPEC-1");
    expect(report).toMatchObject({ outcome: "PASS", remediation: [], notChecked: [{ check: "holdouts of C-2" }, { check: "C-3" }] });
  });

  test("passes over a bead in whose place others were done, and not over what it was to do", () => {
    const [first, ...more] = aRecord().beads;
    if (first === undefined) throw new Error("The record has a bead.");
    const superseded = { ...first, beadId: "BEAD-OLD", state: "CANCELLED" as const };
    expect(acceptanceReport({ ...facts, record: aRecord({ beads: [superseded, first, ...more] }) }, "SPEC-1")).toMatchObject({ outcome: "PASS" });
    const alone = { ...superseded, claimRefs: ["C-77"] };
    const report = acceptanceReport({ ...facts, record: aRecord({ beads: [alone, first, ...more] }) }, "SPEC-1");
    expect(report.outcome).toBe("FAIL");
    expect(report.remediation.join("\n")).toContain("DC-1");
  });

  test.each([
    ["no bead at all", { record: aRecord({ beads: [] }) }, "DC-1"],
    ["no outcome bead", { record: aRecord({ beads: aRecord().beads.slice(0, 1) }) }, "DC-3"],
    ["a divergence without an adopted amendment", { divergences: [{ divergenceId: "DIV-1", amended: false }] }, "DC-4"],
    [
      "a bead that failed",
      { record: aRecord({ beads: aRecord().beads.map((bead, index) => Object.assign(bead, index === 0 ? { state: "FAILED" } : {})) }) },
      "DC-5",
    ],
    ["no check that passed", { run: { ...run, checks: { passed: 0, failed: 0 } } }, "required checks"],
    ["a hidden example that fails", { run: { ...run, holdouts: { ...run.holdouts, failed: 1 } } }, "hidden examples"],
  ])("refuses %s", (_, change, name) => {
    const report = acceptanceReport({ ...facts, ...change }, "SPEC-1");
    expect(report.outcome).toBe("FAIL");
    expect(report.remediation.join("\n")).toContain(name);
  });
});

describe("the deliverable", () => {
  test("never replaces a test of the tree, and imports the index where a function has no file of its own", () => {
    expect(exampleTests(anOrder(), { "src/double.ts": "x", "tests/double.test.ts": "y" })).toMatchObject([
      { path: "tests/double.examples.test.ts", text: expect.stringContaining('"../src/double"') },
    ]);
    expect(exampleTests(anOrder(), {})).toMatchObject([{ path: "tests/double.test.ts", text: expect.stringContaining('"../src/index"') }]);
    expect(exampleTests(anOrder({ examples: [] }), {})).toEqual([]);
  });

  test("hazard: text from outside acts where it is shown - text of the order cannot break out of the README's table", () => {
    const run = { checks: { passed: 1, failed: 0 }, holdouts: { passed: 0, failed: 0, absentClaims: [] } };
    const proofs = proofsOf([aClaim({ text: "a | b\n| C-9 | forged | passed |" })], null, [], false);
    const rows = deliverableReadme(anOrder(), proofs, run)
      .split("\n")
      .filter((line) => line.startsWith("| C-"));
    expect(rows).toEqual(["| C-1 | a \\| b \\| C-9 \\| forged \\| passed \\| | not judged | none | absent |"]);
  });
});
