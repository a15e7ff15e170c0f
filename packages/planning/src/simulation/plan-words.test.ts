import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { claimsText, rangeText } from "./plan-words.ts";

describe("claims in words", () => {
  it.each([
    [[], ""],
    [["C-3"], "C-3"],
    [["C-2", "C-1"], "C-1, C-2"],
    [["C-7", "C-1", "C-2", "C-3", "C-4"], "C-1 to C-4, C-7"],
  ])("%j are %j", (claims, text) => {
    expect(claimsText(claims)).toBe(text);
  });

  it("name the first and the last of every run, and nothing between them", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (numbers) => {
        const named = [...claimsText(numbers.map((at) => `C-${at}`)).matchAll(/C-(\d+)/g)].map(([, at]) => Number(at));
        const ends = numbers.filter((at) => !numbers.includes(at - 1) || !numbers.includes(at + 1));
        expect(named).toEqual(ends.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe("a range in words", () => {
  it("is one figure where both bounds are the same, and says where nothing bounds it", () => {
    expect([rangeText({ min: 4, max: 4 }), rangeText({ min: 20, max: 1_992 })]).toEqual(["4", "20 to 1,992"]);
    expect(rangeText({ min: 3, max: null })).toMatch(/^3 or more/);
  });
});
