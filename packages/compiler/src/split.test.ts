import type { Example } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { holdoutCount, orderDigest, splitExamples } from "./split.ts";
import { anOrder } from "./testing/orders.ts";

const anExample = (line: number): Example => ({ functionName: "f", args: [], expected: { kind: "json", value: line }, text: `f() => ${line}`, line });
const examplesOf = (count: number): Example[] => Array.from({ length: count }, (_, index) => anExample(index + 10));

describe("how many examples are hidden", () => {
  test.each([
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 1],
    [5, 1],
    [6, 2],
    [7, 2],
    [8, 2],
    [9, 3],
    [30, 10],
  ])("of %i: %i", (count, hidden) => {
    expect(holdoutCount(count)).toBe(hidden);
    expect(splitExamples("digest", examplesOf(count)).holdout).toHaveLength(hidden);
  });
});

describe("the split", () => {
  const inputs = fc.record({ digest: fc.string(), count: fc.nat(40) });

  test("keeps every example exactly once, in document order on both sides", () => {
    fc.assert(
      fc.property(inputs, ({ digest, count }) => {
        const { visible, holdout } = splitExamples(digest, examplesOf(count));
        expect([...visible, ...holdout].map(({ line }) => line).sort((a, b) => a - b)).toEqual(examplesOf(count).map(({ line }) => line));
        for (const side of [visible, holdout]) expect(side.map(({ line }) => line)).toEqual(side.map(({ line }) => line).toSorted((a, b) => a - b));
        if (count > 0) expect(visible.length).toBeGreaterThan(0);
      }),
    );
  });

  test("does not depend on the order in which examples are given", () => {
    fc.assert(
      fc.property(inputs, fc.infiniteStream(fc.nat()), ({ digest, count }, noise) => {
        const shuffled = examplesOf(count)
          .map((example) => ({ example, key: noise.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ example }) => example);
        const lines = (examples: readonly Example[]): number[] => examples.map(({ line }) => line).toSorted((a, b) => a - b);
        expect(lines(splitExamples(digest, shuffled).holdout)).toEqual(lines(splitExamples(digest, examplesOf(count)).holdout));
      }),
    );
  });

  test("hides each example of a claim sooner or later as the order changes: no place is safe", () => {
    const hidden = new Set(Array.from({ length: 60 }, (_, index) => splitExamples(`order ${index}`, examplesOf(4)).holdout[0]?.line));
    expect(hidden).toEqual(new Set([10, 11, 12, 13]));
  });
});

test("the digest of an order follows from its content", () => {
  expect(orderDigest(anOrder())).toBe(orderDigest(anOrder()));
  expect(orderDigest(anOrder())).not.toBe(orderDigest(anOrder({ constraints: ["Pure functions."] })));
});
