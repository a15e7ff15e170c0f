import { describe, expect, it } from "vitest";
import { costRows, firstMeasure, measureText, mergedCalls, sumOverTime, type CallEvent, type CostTotal } from "./cost-rows.ts";

const aTotal = (change: Partial<CostTotal> = {}): CostTotal => ({
  calls: 1,
  costUsd: 0.5,
  unpricedCalls: 0,
  inputTokens: 10,
  outputTokens: 5,
  durationMs: 100,
  ...change,
});
const aCall = (seq: number, change: object = {}): CallEvent => ({
  seq,
  occurredAt: new Date(Date.UTC(2026, 0, 2) + seq * 1_000).toISOString(),
  payload: {
    alias: "a",
    provider: "p",
    modelId: "m",
    purpose: "coder",
    promptHash: "h",
    durationMs: 7,
    outcome: "stop",
    costUsd: 0.25,
    inputTokens: 3,
    ...change,
  },
});
const named = (id: string): string => `bead ${id}`;

describe("costs as rows", () => {
  it("come with the largest first and what is not known last, under names that a person knows", () => {
    const rows = costRows(
      [
        { key: "B-1", total: aTotal({ costUsd: null }) },
        { key: null, total: aTotal({ costUsd: 0 }) },
        { key: "B-2", total: aTotal({ costUsd: 2 }) },
      ],
      "bead",
      "cost",
      named,
    );
    expect(rows.map(({ name }) => name)).toEqual(["bead B-2", "Before there were beads", "bead B-1"]);
  });

  it("begin with the first measure that there is anything of", () => {
    expect(firstMeasure(aTotal())).toBe("cost");
    expect(firstMeasure(aTotal({ costUsd: null }))).toBe("output");
    expect(firstMeasure(aTotal({ costUsd: 0, inputTokens: 0, outputTokens: 0 }))).toBe("calls");
  });

  it("are told in the unit of the measure", () => {
    expect([measureText(0.25, "cost"), measureText(1_200, "time"), measureText(12, "calls")]).toEqual(["$0.25", "1.2 s", "12"]);
  });
});

describe("costs over time", () => {
  it("add up in the order of the log; a call of which nothing is known adds nothing and is counted", () => {
    const { points, unknown } = sumOverTime([aCall(3), aCall(1), aCall(2, { costUsd: undefined })], "cost");
    expect(points.map(({ sum }) => sum)).toEqual([0.25, 0.25, 0.5]);
    expect(points[0]?.at).toBe(Date.UTC(2026, 0, 2) + 1_000);
    expect(unknown).toBe(1);
  });

  it("keep the last sum however many calls there are", () => {
    const { points } = sumOverTime(
      Array.from({ length: 5_000 }, (_, index) => aCall(index + 1)),
      "calls",
    );
    expect(points.length).toBeLessThanOrEqual(301);
    expect(points.at(-1)?.sum).toBe(5_000);
  });

  it("hold what was read and what came live once each", () => {
    expect(mergedCalls([aCall(1), aCall(4)], [aCall(4), aCall(6)]).map(({ seq }) => seq)).toEqual([1, 4, 6]);
    expect(sumOverTime([], "cost")).toEqual({ points: [], unknown: 0 });
  });
});
