import { SessionEventKind } from "@factory/schemas/proto";
import { describe, expect, test } from "vitest";
import { measure } from "./measures.ts";
import { aBeadMove, aLog, aReport, viewOf, type Entry } from "./testing/builders.ts";

const measured = (...entries: readonly Entry[]) => {
  const events = aLog(...entries);
  return measure(events, viewOf(events));
};

describe("first-pass yield", () => {
  test("counts a bead that is done at once, and none that was done again", () => {
    const { firstPass } = measured(
      aBeadMove("once", "LEASED"),
      aBeadMove("once", "DONE"),
      aBeadMove("amended", "DONE"),
      aBeadMove("amended", "DONE", 1, 1),
      aBeadMove("second attempt", "DONE", 2),
      aBeadMove("failed", "FAILED"),
      aBeadMove("waiting", "READY", 0),
    );
    expect(firstPass).toEqual({ rate: 1 / 5, passed: 1, total: 5 });
  });

  test("is absent where there was no bead", () => {
    expect(measured(aReport("INTAKE", "FAIL")).firstPass).toBeNull();
  });
});

describe("rates", () => {
  test("are those of the first run verdict, before anything hidden was shown", () => {
    const result = measured(
      aReport("FIDELITY", "PASS", [7, 0]),
      aReport("FIDELITY", "FAIL", [40, 0], [6, 2]),
      aReport("FIDELITY", "PASS", [42, 0], [7, 0]),
      aReport("ACCEPTANCE", "PASS", [42, 0], [7, 0]),
    );
    expect(result.visible).toEqual({ rate: 1, passed: 40, total: 40 });
    expect(result.holdout).toMatchObject({ rate: 0.75, passed: 6, total: 8 });
    expect(result.holdout?.low).toBeCloseTo(0.4093, 4);
    expect(result.overfitGap).toBe(0.25);
    expect(result.finalHoldout).toEqual({ rate: 1, passed: 7, total: 7 });
  });

  test("are those that acceptance states of the first run verdict", () => {
    const firstVerdict = { cycle: 0, checks: { passed: 40, failed: 0 }, holdouts: { passed: 6, failed: 2 } };
    const result = measured(aReport("ACCEPTANCE", "PASS", [42, 0], [7, 0], { firstVerdict }));
    expect(result).toMatchObject({ visible: { total: 40 }, holdout: { rate: 0.75, total: 8 }, overfitGap: 0.25, finalHoldout: { rate: 1, total: 7 } });
  });

  test("without hidden examples there is no holdout rate and no gap, and the visible rate is that of acceptance", () => {
    const result = measured(aReport("FIDELITY", "PASS", [3, 0]), aReport("ACCEPTANCE", "PASS", [9, 1]));
    expect(result).toMatchObject({ visible: { rate: 0.9 }, holdout: null, overfitGap: null, finalHoldout: null });
  });

  test("of a log without a verdict are absent, never zero", () => {
    expect(measured(aBeadMove("a", "FAILED"))).toMatchObject({ visible: null, holdout: null, overfitGap: null, finalHoldout: null });
  });
});

test("gates keep their last outcome, and the loop is counted", () => {
  const result = measured(
    aReport("INTAKE", "PASS"),
    aReport("ACCEPTANCE", "FAIL"),
    [SessionEventKind.DIVERGENCE_DETECTED, { case: "divergence", value: { divergenceId: "DIV-1" } }],
    [SessionEventKind.AMENDMENT_PROPOSED, { case: "amendment", value: { amendmentId: "AMD-1" } }],
    [SessionEventKind.AMENDMENT_ADOPTED, { case: "amendment", value: { amendmentId: "AMD-1" } }],
    aReport("ACCEPTANCE", "PASS"),
  );
  expect(result).toMatchObject({ gates: { INTAKE: "PASS", ACCEPTANCE: "PASS" }, divergences: 1, amendments: 1, modelCalls: 0 });
});
