import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstVerdictFacts, overfitOf, overfitText, wilsonInterval } from "./holdout-rates.ts";

describe("the Wilson interval", () => {
  // Newcombe (1998), table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %i out of %i is the published one", (passed, total, low, high) => {
    const found = wilsonInterval(passed, total);
    expect(found?.low).toBeCloseTo(low, 4);
    expect(found?.high).toBeCloseTo(high, 4);
  });

  it("is never certain of what few trials show", () => {
    expect(wilsonInterval(1, 1)).toEqual({ low: expect.closeTo(0.2065, 3), high: 1 });
    expect(wilsonInterval(0, 0)).toBeUndefined();
    expect(() => wilsonInterval(3, 2)).toThrow(RangeError);
    expect(() => wilsonInterval(0.5, 2)).toThrow(RangeError);
  });

  it("holds the rate, lies in 0 to 1, mirrors failures and narrows with trials", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.nat(), (total, seed) => {
        const passed = seed % (total + 1);
        const found = wilsonInterval(passed, total);
        const mirror = wilsonInterval(total - passed, total);
        const more = wilsonInterval(passed * 4, total * 4);
        if (found === undefined || mirror === undefined || more === undefined) throw new Error("There are trials.");
        expect(found.low).toBeGreaterThanOrEqual(0);
        expect(found.high).toBeLessThanOrEqual(1);
        expect(found.low).toBeLessThanOrEqual(passed / total);
        expect(found.high).toBeGreaterThanOrEqual(passed / total);
        expect(1 - mirror.high).toBeCloseTo(found.low, 10);
        expect(more.high - more.low).toBeLessThan(found.high - found.low);
      }),
    );
  });
});

describe("the overfit gap", () => {
  it("is the visible rate less the holdout rate", () => {
    expect(overfitOf({ passed: 10, failed: 0 }, { passed: 3, failed: 1 })).toEqual({
      visibleRate: 1,
      holdoutRate: 0.75,
      gap: 0.25,
      interval: { low: 0.3006, high: 0.9544 },
    });
  });

  it("is absent where nothing was hidden, never nothing and never all", () => {
    expect(overfitOf({ passed: 10, failed: 0 }, { passed: 0, failed: 0 })).toEqual({ absent: "no hidden example was run" });
    expect(overfitOf({ passed: 0, failed: 0 }, { passed: 2, failed: 0 })).toEqual({ absent: "no visible check was run" });
    expect(firstVerdictFacts({ cycle: 0, checks: { passed: 10, failed: 0 }, holdouts: { passed: 0, failed: 0 }, holdoutsByClaim: [] })).toMatchObject({
      checks: { passed: 10, failed: 0 },
      holdouts: { absent: "no hidden example was run" },
      overfit: { absent: "no hidden example was run" },
    });
    expect(firstVerdictFacts(undefined)).toEqual({ absent: "it was not kept" });
  });

  it("is told of the first verdict and of the end, each with the interval of its holdout rate", () => {
    const checks = { passed: 4, failed: 0 };
    expect(overfitText({ checks, holdouts: { passed: 1, failed: 1 } }, { checks, holdouts: { passed: 2, failed: 0 } })).toBe(
      "At the first verdict: 1 of 2 hidden examples, holdout rate 50 % (95 % interval 9.5 % to 90.6 %), visible rate 100 %, overfit gap 50 %; " +
        "in the end: 2 of 2 hidden examples, holdout rate 100 % (95 % interval 34.2 % to 100 %), visible rate 100 %, overfit gap 0 %.",
    );
  });

  it("is told as absent where nothing was hidden, and where the first verdict was not kept", () => {
    const nothing = { checks: { passed: 1, failed: 0 }, holdouts: { passed: 0, failed: 0 } };
    expect(overfitText(nothing, nothing)).toBe("At the first verdict: absent (no hidden example was run); in the end: absent (no hidden example was run).");
    expect(overfitText(undefined, nothing)).toContain("At the first verdict: absent (it was not kept);");
  });
});
