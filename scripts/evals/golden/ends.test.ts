import type { ReviewView } from "@factory/cli";
import { describe, expect, test } from "vitest";
import { deviations, endOf, isFalselyCompleted } from "./ends.ts";
import { anOrderOf, aResult, someMeasures, viewOf } from "./testing/builders.ts";

const review = (matter: string): ReviewView => ({
  reviewId: "REV-1",
  action: "",
  actionDigest: "",
  prompt: `asks about ${matter}`,
  type: "HUMAN_REVIEW",
  matter,
  stage: "",
  alternatives: [],
  decidedByPolicy: false,
  approvalsNeeded: undefined,
  votes: [],
});
const terminal = (outcome: string, reasonCode = "") => ({ outcome, reason: "so", reasonCode, evidenceDigest: "" });

describe("the end of a session", () => {
  test.each([
    ["COMPLETED", { terminal: terminal("COMPLETED") }],
    ["REFUSED", { terminal: terminal("FAILED", "GATE_REFUSED") }],
    ["FAILED", { terminal: terminal("FAILED") }],
    ["CANCELLED", { terminal: terminal("CANCELLED") }],
    ["PERSON", { openReview: review("acceptance") }],
    ["BLOCKED", { openReview: review("divergence") }],
    ["BLOCKED", { openReview: review("pass") }],
  ])("is %s", (end, changes) => {
    expect(endOf(viewOf([], changes)).end).toBe(end);
  });

  test("a question is the reason of one that waits", () => {
    expect(endOf(viewOf([], { openReview: review("acceptance") })).reason).toBe("asks about acceptance");
  });
});

describe("a false completion", () => {
  test.each([
    [true, aResult({ hidden: { passed: 3, failed: 1, problems: [] } })],
    [true, aResult({ hidden: { passed: 0, failed: 0, problems: [] } })],
    [true, aResult({ hidden: null })],
    [false, aResult()],
    [false, aResult({ end: "BLOCKED", hidden: null })],
  ])("%s for %o", (expected, result) => {
    expect(isFalselyCompleted(result)).toBe(expected);
  });
});

describe("what is otherwise than expected", () => {
  test("nothing of an order that ended as it should", () => {
    const order = anOrderOf("a", { gates: { INTAKE: "PASS" } });
    expect(deviations(order, aResult({ measures: someMeasures({ gates: { INTAKE: "PASS", PERSISTENCE: "PASS" } }) }), true)).toEqual([]);
  });

  test("an end, and a gate that said something else or nothing", () => {
    const order = anOrderOf("a", { gates: { INTAKE: "PASS", ACCEPTANCE: "PASS" } });
    expect(deviations(order, aResult({ end: "BLOCKED" }), true)).toEqual(["ended BLOCKED, expected COMPLETED"]);
    expect(deviations(order, aResult({ measures: someMeasures({ gates: { ACCEPTANCE: "FAIL" } }) }), true)).toEqual([
      "gate INTAKE said nothing, expected PASS",
      "gate ACCEPTANCE said FAIL, expected PASS",
    ]);
  });

  const refused = anOrderOf("a", { end: "REFUSED", offline: "REFUSED", refusal: { at: "intake", rule: "CRITERION_UNTESTABLE", lines: [12, 14] } });

  test("a refusal that leaves out a line, or that a model was called before", () => {
    expect(deviations(refused, aResult({ end: "REFUSED", reason: "Line 12: no. Line 14: no.", hidden: null }), true)).toEqual([]);
    const late = aResult({ end: "REFUSED", reason: "line 12: no; line 144: no", hidden: null, measures: someMeasures({ modelCalls: 2 }) });
    expect(deviations(refused, late, true)).toEqual(["the refusal does not name line 14", "2 model calls before the refusal"]);
  });

  test("a question that leaves out a claim", () => {
    const order = anOrderOf("a", { end: "PERSON", offline: "PERSON", personClaims: ["C-3", "C-4"] });
    expect(deviations(order, aResult({ end: "PERSON", reason: "decide C-3", hidden: null }), true)).toEqual(["nobody is asked about C-4"]);
  });

  test("with a real model only the end counts, against what a model that is up to it reaches", () => {
    const order = anOrderOf("a", { offline: "BLOCKED", gates: { INTAKE: "PASS" } });
    expect(deviations(order, aResult(), false)).toEqual([]);
    expect(deviations(order, aResult({ end: "BLOCKED" }), false)).toHaveLength(1);
  });
});
