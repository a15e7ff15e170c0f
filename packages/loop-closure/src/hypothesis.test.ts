import { describe, expect, test } from "vitest";
import { hypothesis, hypothesisByRule, OUTCOMES } from "./index.ts";
import { aClaim, World } from "./testing/builders.ts";

const divergence = new World().diverge();
const byRule = (overrides: Partial<typeof divergence>, outcome: (typeof OUTCOMES)[number] | null) =>
  hypothesisByRule({ divergence: { ...divergence, failedHoldoutLines: [], ...overrides }, outcome, claim: aClaim() });

describe("a hypothesis that the evidence alone decides", () => {
  test("failed hidden examples are a gap of the specification, whatever else the trace says", () => {
    for (const outcome of OUTCOMES) {
      expect(byRule({ failedHoldoutLines: [15] }, outcome)).toMatchObject({
        faultAttribution: "SPECIFICATION_GAP",
        amendmentScope: "modify-atom",
        confidence: 1,
      });
    }
  });

  test("an operative without means is a failure of tooling that no amendment mends", () => {
    expect(byRule({ status: "BLOCKED", blockers: ["no candidate within 40000"] }, "BLOCKED")).toMatchObject({
      faultAttribution: "TOOLING_FAILURE",
      amendmentScope: "none",
      explanation: "The operative stopped for lack of means: no candidate within 40000",
    });
  });

  test.each([
    ["TIMEOUT", "ENVIRONMENTAL"],
    ["INFRASTRUCTURE", "ENVIRONMENTAL"],
    ["GOVERNANCE", "TOOLING_FAILURE"],
  ] as const)("%s is %s and changes no specification", (outcome, faultAttribution) => {
    expect(byRule({ status: "ERROR" }, outcome)).toMatchObject({ faultAttribution, amendmentScope: "none" });
  });

  test("an error whose trace does not say what happened is environmental", () => {
    expect(byRule({ status: "ERROR" }, null)).toMatchObject({ faultAttribution: "ENVIRONMENTAL" });
  });

  test("failing visible checks need judgement", () => {
    expect(byRule({ status: "COMPLETE" }, "FAILURE")).toBeNull();
  });

  test("every hypothesis by rule fits the schema", () => {
    const made = OUTCOMES.flatMap((outcome) => [
      byRule({ failedHoldoutLines: [15] }, outcome),
      byRule({ status: "BLOCKED" }, outcome),
      byRule({ status: "ERROR" }, outcome),
    ]);
    for (const one of made) if (one !== null) expect(hypothesis.parse(one)).toEqual(one);
  });

  test("an environmental fault with a scope does not fit the schema", () => {
    const parsed = hypothesis.safeParse({
      faultAttribution: "ENVIRONMENTAL",
      explanation: "the disk is full",
      confidence: 1,
      amendmentScope: "modify-atom",
      instruction: "",
    });
    expect(parsed.error?.issues).toMatchObject([{ path: ["amendmentScope"] }]);
  });
});
