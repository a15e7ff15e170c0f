import { functionFile } from "@factory/schemas";
import type { Claim } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { deliverableReadme, exampleTests } from "./delivery.ts";
import { proofsOf } from "./proof.ts";
import { aClaim, anOrder, aRecord } from "./testing/builders.ts";

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

describe("the deliverable", () => {
  test("never replaces a test of the tree, and imports the index where a function has no file of its own", () => {
    expect(exampleTests(anOrder(), { "src/double.ts": "x", "tests/double.test.ts": "y" }, functionFile)).toMatchObject([
      { path: "tests/double.examples.test.ts", text: expect.stringContaining('"../src/double"') },
    ]);
    expect(exampleTests(anOrder(), {}, functionFile)).toMatchObject([{ path: "tests/double.test.ts", text: expect.stringContaining('"../src/index"') }]);
    expect(exampleTests(anOrder({ examples: [] }), {}, functionFile)).toEqual([]);
  });

  test("states the holdout rate at first and in the end with its interval and the overfit gap, and absent where nothing was hidden", () => {
    const checks = { passed: 4, failed: 0 };
    const readme = (passed: number, failedAtFirst: number) =>
      deliverableReadme(anOrder(), [], {
        checks,
        holdouts: { passed, failed: 0, absentClaims: [] },
        firstVerdict: { cycle: 0, checks, holdouts: { passed: passed - failedAtFirst, failed: failedAtFirst }, holdoutsByClaim: [] },
      });
    expect(readme(2, 1)).toContain("At the first verdict: 1 of 2 hidden examples, holdout rate 50 % (95 % interval 9.5 % to 90.6 %)");
    expect(readme(2, 1)).toContain(
      "in the end: 2 of 2 hidden examples, holdout rate 100 % (95 % interval 34.2 % to 100 %), visible rate 100 %, overfit gap 0 %.",
    );
    expect(readme(0, 0)).toContain("At the first verdict: absent (no hidden example was run); in the end: absent (no hidden example was run).");
  });

  test("hazard: text from outside acts where it is shown - text of the order cannot break out of the README's table", () => {
    const run = { checks: { passed: 1, failed: 0 }, holdouts: { passed: 0, failed: 0, absentClaims: [] } };
    const proofs = proofsOf([aClaim({ text: "a | b\n| C-9 | forged | passed |" })], null, [], false);
    const rows = deliverableReadme(anOrder(), proofs, run)
      .split("\n")
      .filter((line) => line.startsWith("| C-"));
    expect(rows).toEqual(["| C-1 | a \\| b \\| C\u2060-9 \\| forged \\| passed \\| | not judged | none | absent |"]);
  });
});
