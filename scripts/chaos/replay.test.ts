import { expect, it } from "vitest";
import { FaultPlan, type Fault } from "./faults.ts";
import { between, drawsOf, shuffled } from "./random.ts";
import { actionsOf } from "./storm.ts";

const drawn = (seed: number, site: string): number[] => Array.from({ length: 50 }, drawsOf(seed, site));

it("draws the same numbers for a seed and a site, and others for another of either", () => {
  expect(drawn(7, "a")).toEqual(drawn(7, "a"));
  expect(drawn(7, "a")).not.toEqual(drawn(8, "a"));
  expect(drawn(7, "a")).not.toEqual(drawn(7, "b"));
  expect(drawn(7, "a").every((value) => value >= 0 && value < 1)).toBe(true);
});

it("draws whole numbers over the whole range, and shuffles without loss", () => {
  const draw = drawsOf(1, "range");
  const seen = new Set(Array.from({ length: 300 }, () => between(draw, 3, 6)));
  expect(seen).toEqual(new Set([3, 4, 5, 6]));
  const turned = shuffled(draw, [1, 2, 3, 4]);
  expect(turned).toHaveLength(4);
  expect(new Set(turned)).toEqual(new Set([1, 2, 3, 4]));
});

function decided(seed: number, others: readonly string[]): (Fault | null)[] {
  const plan = new FaultPlan(seed);
  plan.rage(true);
  return Array.from({ length: 40 }, () => {
    for (const other of others) plan.ofBinding("kv", other);
    return plan.ofBinding("d1", "worker.DB");
  });
}

it("replays what happens to the n-th call of a site, whatever the other sites do meanwhile", () => {
  expect(decided(5, [])).toEqual(decided(5, ["x", "y"]));
  expect(decided(5, [])).not.toEqual(decided(6, []));
  expect(
    decided(5, [])
      .slice(0, 2)
      .some((fault) => fault !== null),
  ).toBe(true);
});

it("counts each fault by its kind, and none outside of the storm", () => {
  const plan = new FaultPlan(3);
  for (let call = 0; call < 20; call++) expect(plan.ofBinding("queue", "worker.Q")).toBeNull();
  expect(plan.injected).toEqual({});
  plan.rage(true);
  expect(plan.ofBinding("queue", "worker.Q")?.kind).toBe("scatter");
  expect(plan.injected).toEqual({ "queue.delay": 1, "queue.duplicate": 1, "queue.reorder": 1 });
});

it("spreads as many kills as asked for over the log, the same ones for a seed", () => {
  const asked = { seed: 9, kills: 20, expectedEvents: 800 };
  const acts = actionsOf(asked);
  expect(acts).toEqual(actionsOf(asked));
  expect(acts.filter(({ kind }) => kind === "kill")).toHaveLength(20);
  expect(acts.filter(({ kind }) => kind === "pause")).toHaveLength(5);
  expect(acts.every(({ atSeq }) => atSeq >= 1 && atSeq <= 720)).toBe(true);
  expect(actionsOf({ ...asked, kills: 0 })).toEqual([]);
});
