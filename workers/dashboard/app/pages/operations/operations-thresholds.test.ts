import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LEVELS, OUTBOX_AGE_MS, levelOf, rescueLevel, worstOf } from "./operations-thresholds.ts";

describe("a figure and its thresholds", () => {
  it("is marked from the threshold on and not before it", () => {
    expect([0, 29_999, 30_000, 299_999, 300_000].map((age) => levelOf(age, OUTBOX_AGE_MS))).toEqual(["ok", "ok", "warn", "warn", "bad"]);
  });

  it("is unknown when it is absent, and never well", () => {
    expect([undefined, Number.NaN].map((figure) => levelOf(figure, OUTBOX_AGE_MS))).toEqual(["unknown", "unknown"]);
  });
});

describe("the worst of several levels", () => {
  it("is what needs somebody first, and unknown is worse than well", () => {
    expect(worstOf(["ok", "warn", "bad", "unknown"])).toBe("bad");
    expect(worstOf(["ok", "unknown", "none"])).toBe("unknown");
    expect(worstOf([])).toBe("none");
  });

  it("does not depend on their order and is one of them", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...LEVELS), { minLength: 1 }), (levels) => {
        expect(worstOf(levels)).toBe(worstOf(levels.toReversed()));
        expect(levels).toContain(worstOf(levels));
      }),
    );
  });
});

describe("a rate of rescues", () => {
  it("is judged from ten claims on", () => {
    const levels = [
      { claims: 100, rescues: 4 },
      { claims: 100, rescues: 5 },
      { claims: 10, rescues: 2 },
    ].map(rescueLevel);
    expect(levels).toEqual(["ok", "warn", "bad"]);
  });

  it("of a few claims says a rescue and does not call it bad", () => {
    expect([rescueLevel({ claims: 2, rescues: 2 }), rescueLevel({ claims: 2, rescues: 0 })]).toEqual(["warn", "ok"]);
  });

  it("without claims is none, unless there were rescues of earlier ones", () => {
    expect([rescueLevel({ claims: 0, rescues: 0 }), rescueLevel({ claims: 0, rescues: 1 })]).toEqual(["none", "warn"]);
  });
});
