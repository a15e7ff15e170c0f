import { claim } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { claimsOfOrder } from "./claims.ts";
import { anOrder } from "./testing/orders.ts";
import { personClaimsOfOrder, validationsOf } from "./validations.ts";
import { invariantsOf } from "./invariants.ts";

const functions = ["function twice(n: number): number", "function half(n: number): number", "function lone(n: number): number"];
const examples = ["twice(1) => 2", "twice(2) => 4", "twice(3) => 6", "half(2) => 1", "lone(1) => 1"];
const order = anOrder({
  criteria: ["`twice` doubles.", "`half` halves what `twice` doubled.", "`twice` is quick.", "The README is friendly.", "It passes tests/all.test.ts."],
  constraints: ["Pure functions.", "Polite names."],
  metrics: ["Everyone is happy.", "`half` is used daily.", "tests/metric.test.ts is green."],
  functions,
  examples,
});
const claims = claimsOfOrder(order);

describe("claims", () => {
  test("are numbered in the order criteria, unnamed functions, constraints, metrics", () => {
    expect(claims.map(({ claimId, kind, functionName }) => [claimId, kind, functionName])).toEqual([
      ["C-1", "criterion", "twice"],
      ["C-2", "criterion", "half"],
      ["C-3", "criterion", "twice"],
      ["C-4", "criterion", undefined],
      ["C-5", "criterion", undefined],
      ["C-6", "criterion", "lone"],
      ["C-7", "constraint", undefined],
      ["C-8", "constraint", undefined],
      ["C-9", "metric", undefined],
      ["C-10", "metric", "half"],
      ["C-11", "metric", undefined],
    ]);
    for (const one of claims) expect(claim.parse(one)).toEqual(one);
  });

  test("give all examples of a function to the first claim that names it, split into visible and hidden", () => {
    expect(claims.map(({ visible, holdout }) => [visible.length, holdout.length]).slice(0, 6)).toEqual([
      [2, 1],
      [1, 0],
      [0, 0],
      [0, 0],
      [0, 0],
      [1, 0],
    ]);
    const lines = claims.flatMap(({ visible, holdout }) => [...visible, ...holdout]).map(({ line }) => line);
    expect(lines.toSorted((a, b) => a - b)).toEqual(order.examples.map(({ line }) => line));
  });

  test("know the test files that criteria and metrics name", () => {
    expect(claims.filter(({ testFiles }) => testFiles.length > 0).map(({ claimId, testFiles }) => [claimId, testFiles])).toEqual([
      ["C-5", ["tests/all.test.ts"]],
      ["C-11", ["tests/metric.test.ts"]],
    ]);
  });
});

describe("validations", () => {
  const validations = validationsOf(claims, invariantsOf(claims));

  test("there is one for each claim, and only executed ones are the platform's", () => {
    expect(validations.map(({ claimRefs, decidedBy, priority }) => [claimRefs[0], decidedBy, priority])).toEqual([
      ["C-1", "platform", "required"],
      ["C-2", "platform", "required"],
      ["C-3", "platform", "required"],
      ["C-4", "person", "required"],
      ["C-5", "platform", "required"],
      ["C-6", "platform", "required"],
      ["C-7", "platform", "required"],
      ["C-8", "person", "required"],
      ["C-9", "nobody", "optional"],
      ["C-10", "platform", "optional"],
      ["C-11", "platform", "optional"],
    ]);
  });

  test("a second criterion of a function shares the check of the first", () => {
    expect(validations[2]?.check).toEqual({ kind: "examples", claim: "C-1" });
  });

  test("a person decides what nothing executes, metrics never", () => {
    expect(personClaimsOfOrder(order).map(({ claimId }) => claimId)).toEqual(["C-4", "C-8"]);
    expect(personClaimsOfOrder(anOrder())).toEqual([]);
  });

  test("a function without examples and tests goes to a person", () => {
    expect(personClaimsOfOrder(anOrder({ examples: [] })).map(({ claimId }) => claimId)).toEqual(["C-1"]);
  });
});
