import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sample } from "./sampling.ts";

const items = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { maxLength: 30 });
const same = (item: string): string => item;

test("a sample has as many items as asked for, in their own order, and the same ones every time", () => {
  fc.assert(
    fc.property(items, fc.nat(30), fc.string(), (all, count, seed) => {
      const chosen = sample(all, same, seed, count);
      expect(chosen).toHaveLength(Math.min(count, all.length));
      expect(chosen).toEqual(all.filter((item) => chosen.includes(item)));
      expect(sample(all, same, seed, count)).toEqual(chosen);
    }),
  );
});

test("one more candidate takes at most one place of a sample", () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 10 }), (all, count) => {
      const before = sample(all.slice(1), same, "s", count);
      const after = sample(all, same, "s", count);
      expect(before.filter((item) => !after.includes(item)).length).toBeLessThanOrEqual(1);
    }),
  );
});

test("another seed chooses other items", () => {
  const all = Array.from({ length: 50 }, (_, index) => `item ${index}`);
  expect(sample(all, same, "a", 10)).not.toEqual(sample(all, same, "b", 10));
});
