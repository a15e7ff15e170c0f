import type { DivergenceReport } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OUTCOMES } from "./detectors.ts";
import { hypothesisByRule, hypothesisOfModel, hypothesisOfPerson, modelHypothesis, outcomeOfTrace, TRUST_STEP, visibleTrace } from "./hypothesis-rules.ts";
import type { Hypothesis, RuleEvidence } from "./hypothesis-rules.ts";
import { planBeadOutcome } from "./outcome.ts";
import { aClaim } from "./testing/assembly.ts";
import { aBeadOutcome, aFailedCheck, failedHoldouts } from "./testing/bead-outcome.ts";

function aDivergence(overrides: Partial<DivergenceReport> = {}): DivergenceReport {
  const [divergence] = planBeadOutcome(aBeadOutcome(failedHoldouts([15, 16]))).divergences;
  if (divergence === undefined) throw new Error("The outcome did not diverge.");
  return { ...divergence, divergenceType: "atom-failure", failedHoldoutLines: [], ...overrides };
}

function byRule(divergence: Partial<DivergenceReport>, evidence: Partial<RuleEvidence> = {}): Hypothesis | null {
  const { holdout: _hidden, ...claim } = aClaim();
  return hypothesisByRule({
    divergence: aDivergence(divergence),
    outcome: "FAILURE",
    claim,
    trace: { checks: [] },
    agent: { subjectId: "agent:coder", trustScore: 0.8 },
    ...evidence,
  });
}

describe("a hypothesis that the evidence alone decides", () => {
  test("failed hidden examples are a gap of the specification, whatever else the trace says, and the role is told the criterion and no value", () => {
    for (const outcome of OUTCOMES) {
      const formed = byRule({ failedHoldoutLines: [15] }, { outcome });
      expect(formed).toMatchObject({
        faultAttribution: "SPECIFICATION_GAP",
        amendmentScope: "modify-atom",
        confidence: 1,
        severity: "high",
        knowingState: { target: "policy", scope: "role:coder", guidance: expect.stringContaining("`double` doubles its argument") },
      });
      for (const { text } of aClaim().holdout) expect(JSON.stringify(formed)).not.toContain(text);
    }
  });

  test("a person's no is a gap of the specification with their reason as the instruction", () => {
    expect(byRule({ divergenceType: "approval-rejected", observed: "it rounds the wrong way" })).toMatchObject({
      faultAttribution: "SPECIFICATION_GAP",
      amendmentScope: "modify-atom",
      instruction: "it rounds the wrong way",
    });
  });

  test("invariants that alone exhausted the attempts are a mismatch, and the role is told the constraint; together with another failure they need judgement", () => {
    const fired = aFailedCheck({ kind: "detector", claimId: "C-1" });
    expect(byRule({}, { trace: { checks: [fired, aFailedCheck({ ok: true })] } })).toMatchObject({
      faultAttribution: "INVARIANT_MISMATCH",
      amendmentScope: "modify-invariant",
      knowingState: { target: "policy", scope: "role:coder" },
    });
    expect(byRule({}, { trace: { checks: [fired, aFailedCheck()] } })).toBeNull();
    expect(byRule({}, { trace: { checks: [] } })).toBeNull();
    expect(byRule({}, { trace: {} })).toBeNull();
  });

  test("an operative without means is a failure of tooling that no amendment mends", () => {
    expect(byRule({ status: "BLOCKED", blockers: ["no candidate within 40000"] }, { outcome: "BLOCKED" })).toMatchObject({
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
    expect(byRule({ status: "ERROR" }, { outcome })).toMatchObject({ faultAttribution, amendmentScope: "none" });
  });

  test("a breach of what governs lowers the trust of the agent by one step and never below nothing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), (percent) => {
        const trustScore = percent / 100;
        const formed = byRule({ status: "ERROR" }, { outcome: "GOVERNANCE", agent: { subjectId: "agent:coder", trustScore } });
        const change = formed?.knowingState;
        if (change?.target !== "trust") throw new Error("No trust is changed.");
        expect(change.score).toBeCloseTo(Math.max(0, trustScore - TRUST_STEP), 9);
        expect(change).toMatchObject({ subjectId: "agent:coder" });
      }),
    );
    expect(byRule({ status: "ERROR" }, { outcome: "GOVERNANCE", agent: null })).not.toHaveProperty("knowingState");
  });

  test("an error whose trace does not say what happened is environmental", () => {
    expect(byRule({ status: "ERROR" }, { outcome: null })).toMatchObject({ faultAttribution: "ENVIRONMENTAL" });
  });

  test("failing visible checks need judgement", () => {
    expect(byRule({}, { trace: { checks: [aFailedCheck()] } })).toBeNull();
  });

  test("every hypothesis by rule has the severity of its divergence, and an environmental one no scope", () => {
    const made = OUTCOMES.flatMap((outcome) => [
      byRule({ failedHoldoutLines: [15], severity: "critical" }, { outcome }),
      byRule({ status: "ERROR", severity: "critical" }, { outcome }),
    ]);
    for (const one of made) {
      if (one === null) continue;
      expect(one.severity).toBe("critical");
      if (one.faultAttribution === "ENVIRONMENTAL") expect(one.amendmentScope).toBe("none");
    }
  });
});

describe("a hypothesis of another author", () => {
  const answer = {
    faultAttribution: "SPECIFICATION_GAP",
    explanation: "the rounding is not stated",
    confidence: 0.6,
    amendmentScope: "modify-atom",
    instruction: "Round half up.",
  } as const;

  test("a model's is as grave as its divergence and changes nothing that governs, whatever it answers", () => {
    expect(hypothesisOfModel(answer, aDivergence())).toEqual({ ...answer, severity: "high" });
    expect(modelHypothesis.safeParse({ ...answer, knowingState: { target: "trust", subjectId: "agent:coder", score: 1 } }).success).toBe(false);
  });

  test("an environmental fault with a scope does not fit the schema", () => {
    const parsed = modelHypothesis.safeParse({ ...answer, faultAttribution: "ENVIRONMENTAL" });
    expect(parsed.error?.issues).toMatchObject([{ path: ["amendmentScope"] }]);
  });

  test("a person's empty note is the same again, and any other an instruction", () => {
    expect(hypothesisOfPerson({ by: "ann", note: "" }, aDivergence())).toMatchObject({
      faultAttribution: "ENVIRONMENTAL",
      amendmentScope: "none",
      instruction: "",
    });
    expect(hypothesisOfPerson({ by: "ann", note: "it is integer division" }, aDivergence())).toMatchObject({
      amendmentScope: "modify-atom",
      instruction: "it is integer division",
    });
  });
});

test("a trace is shown without the results of hidden checks, and one that does not say whether it was hidden is hidden", () => {
  const checks = [aFailedCheck({ holdout: true, summary: "double(15) is 30" }), aFailedCheck(), { kind: "examples", ok: false, summary: "who knows" }];
  expect(visibleTrace({ outcome: "FAILURE", checks })).toEqual({ outcome: "FAILURE", checks: [aFailedCheck()] });
  expect(outcomeOfTrace({ outcome: "FAILURE" })).toBe("FAILURE");
  expect(outcomeOfTrace({ outcome: "LOST" })).toBeNull();
});
