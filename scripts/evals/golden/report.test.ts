import { describe, expect, test } from "vitest";
import { boundedRateOf, rateOf } from "./measures.ts";
import { LEAST_COMPLETED_OFFLINE, reportOf, textOf } from "./report.ts";
import { anOrderOf, aResult, someMeasures } from "./testing/builders.ts";

const NAMES = Array.from({ length: LEAST_COMPLETED_OFFLINE }, (_, index) => `order-${index}`);
const orders = NAMES.map((name) => anOrderOf(name));
const results = NAMES.map((name) => aResult({ name }));
const run = { orders, offline: true, whole: true, durationMs: 4_321 };

describe("a run", () => {
  test("holds when every order ended as expected and enough completed", () => {
    expect(reportOf(results, run)).toMatchObject({ failures: [], totals: { completed: NAMES.length, asExpected: NAMES.length, falselyCompleted: 0 } });
  });

  test("fails with one completion too few, but only as a whole and offline", () => {
    const fewer = results.slice(1);
    expect(reportOf(fewer, run).failures).toEqual([`${LEAST_COMPLETED_OFFLINE - 1} orders completed, at least ${LEAST_COMPLETED_OFFLINE} have to`]);
    expect(reportOf(fewer, { ...run, whole: false }).failures).toEqual([]);
    expect(reportOf(fewer, { ...run, offline: false }).failures).toEqual([]);
  });

  test("fails by a false completion with any model", () => {
    const lying = results.map((result, index) => (index === 3 ? { ...result, hidden: { passed: 2, failed: 1, problems: ["x"] } } : result));
    for (const offline of [true, false]) expect(reportOf(lying, { ...run, offline }).failures).toEqual(["order-3 is falsely completed"]);
  });

  test("fails by a deviation offline, and by nothing at all", () => {
    const blocked = [...results, aResult({ name: "b", end: "BLOCKED", hidden: null })];
    expect(reportOf(blocked, { ...run, orders: [...orders, anOrderOf("b")] }).failures).toEqual(["b: ended BLOCKED, expected COMPLETED"]);
    expect(reportOf([], { ...run, whole: false }).failures).toEqual(["no order was run"]);
  });
});

describe("totals", () => {
  const counted = (passed: number, failed: number) => {
    const holdout = boundedRateOf({ passed, failed });
    return someMeasures({ visible: rateOf({ passed: 10, failed: 0 }), holdout, firstPass: rateOf({ passed: 3, failed: 1 }), divergences: 1, modelCalls: 7 });
  };

  test("pool what was counted, with the interval of the whole", () => {
    const two = [aResult({ name: "order-0", measures: counted(4, 0) }), aResult({ name: "order-1", measures: counted(2, 2) })];
    const { totals } = reportOf(two, { ...run, whole: false });
    expect(totals).toMatchObject({ visible: { passed: 20, total: 20 }, holdout: { passed: 6, total: 8 }, overfitGap: 0.25, divergences: 2, modelCalls: 14 });
    expect(totals.firstPass).toEqual({ rate: 0.75, passed: 6, total: 8 });
    expect(totals.holdout?.low).toBeCloseTo(0.4093, 4);
  });

  test("are absent where nothing was counted", () => {
    expect(reportOf([aResult({ name: "order-0", measures: null })], run).totals).toMatchObject({
      visible: null,
      holdout: null,
      overfitGap: null,
      firstPass: null,
    });
  });
});

test("the text has a line for each order, marks what deviates and lists what fails", () => {
  const bad = [aResult({ name: "order-0", end: "BLOCKED", hidden: null }), aResult({ name: "order-1", hidden: { passed: 1, failed: 1, problems: [] } })];
  const text = textOf(reportOf(bad, { ...run, whole: false }));
  expect(text).toMatch(/order-0 +\| BLOCKED \(expected COMPLETED\) +\|.*\| - +\| no +\|/);
  expect(text).toMatch(/order-1 +\| COMPLETED +\|.*\| 1 of 2 +\| YES +\|/);
  expect(text).toMatch(/\| all +\| 1 of 2 completed/);
  expect(text).toContain("FAILED order-1 is falsely completed");
});
