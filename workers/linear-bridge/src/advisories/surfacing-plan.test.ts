import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CYCLE_FRESH_MS, DIGEST_EVERY_MS, isStale, planAt, SURFACING_WINDOW_MS } from "./surfacing-plan.ts";
import type { KnownCycle, Surfaced } from "./surfacing-plan.ts";

const ENDS_AT = Date.parse("2026-08-17T00:00:00Z");
const OPENS_AT = ENDS_AT - SURFACING_WINDOW_MS;
const CYCLE = { id: "c-1", name: "Cycle 1", endsAt: ENDS_AT };
const PERIOD = { id: "cycle:c-1", name: "Cycle 1" };

const inCycle = (readAt: number): KnownCycle => ({ cycle: CYCLE, readAt });
const noCycle = (readAt: number): KnownCycle => ({ cycle: null, readAt });
const surfaced = (changes: { readonly lastAt?: number; readonly digests?: readonly string[] } = {}): Surfaced => ({
  lastAt: changes.lastAt ?? null,
  hasDigest: (id) => (changes.digests ?? []).includes(id),
});

describe("a team in a cycle", () => {
  test("is shown advisories from exactly 48 hours before its end, to the millisecond", () => {
    expect(OPENS_AT).toBe(Date.parse("2026-08-15T00:00:00Z"));
    expect(planAt(inCycle(OPENS_AT - 1), surfaced(), OPENS_AT - 1)).toEqual({ do: "wait", until: OPENS_AT });
    expect(planAt(inCycle(OPENS_AT - 1), surfaced(), OPENS_AT)).toEqual({ do: "surface", period: PERIOD });
    expect(planAt(inCycle(ENDS_AT - 1), surfaced(), ENDS_AT - 1)).toEqual({ do: "surface", period: PERIOD });
  });

  test("is not shown anything in a cycle that has ended since it was read, until the cycle may be read again", () => {
    const readAt = ENDS_AT - 10;
    expect(planAt(inCycle(readAt), surfaced(), ENDS_AT)).toEqual({ do: "wait", until: readAt + CYCLE_FRESH_MS });
  });

  test("counts as in none when its cycle was over for an hour at the reading", () => {
    const late = ENDS_AT + CYCLE_FRESH_MS;
    expect(planAt(inCycle(late - 1), surfaced(), late - 1)).toMatchObject({ do: "wait" });
    expect(planAt(inCycle(late), surfaced(), late)).toEqual({ do: "surface", period: { id: "day:2026-08-17", name: "2026-08-17" } });
  });

  test("has one digest a cycle, and the next look is at its end", () => {
    const readAt = OPENS_AT;
    expect(planAt(inCycle(readAt), surfaced({ lastAt: readAt, digests: ["cycle:c-1"] }), readAt + 5)).toEqual({ do: "wait", until: ENDS_AT });
  });

  test("is looked at hourly while its last two days are far: somebody may move its end", () => {
    const now = OPENS_AT - 10 * CYCLE_FRESH_MS;
    expect(planAt(inCycle(now), surfaced(), now)).toEqual({ do: "wait", until: now + CYCLE_FRESH_MS });
  });
});

describe("a team in no cycle", () => {
  test("is shown advisories at once, under the day in UTC", () => {
    const now = Date.parse("2026-08-04T23:59:59.999Z");
    expect(planAt(noCycle(now), surfaced(), now)).toEqual({ do: "surface", period: { id: "day:2026-08-04", name: "2026-08-04" } });
    expect(planAt(noCycle(now), surfaced(), now + 1)).toEqual({ do: "surface", period: { id: "day:2026-08-05", name: "2026-08-05" } });
  });

  test("has one digest in 24 hours, over midnight and after a cycle's digest, too", () => {
    const lastAt = Date.parse("2026-08-04T23:59:00Z");
    const until = lastAt + DIGEST_EVERY_MS;
    expect(planAt(noCycle(lastAt), surfaced({ lastAt }), lastAt + 120_000)).toEqual({ do: "wait", until });
    expect(planAt(noCycle(lastAt), surfaced({ lastAt }), until - 1)).toEqual({ do: "wait", until });
    expect(planAt(noCycle(lastAt), surfaced({ lastAt }), until)).toMatchObject({ do: "surface", period: { id: "day:2026-08-05" } });
  });
});

test("a cycle is stale an hour after it was read", () => {
  expect([isStale(inCycle(0), CYCLE_FRESH_MS - 1), isStale(inCycle(0), CYCLE_FRESH_MS)]).toEqual([false, true]);
});

test("with a cycle that has just been read, a wait is always for a later moment, and surfacing always within the window", () => {
  const moment = fc.integer({ min: ENDS_AT - 30 * 24 * 3_600_000, max: ENDS_AT + 30 * 24 * 3_600_000 });
  fc.assert(
    fc.property(moment, fc.boolean(), fc.option(moment, { nil: undefined }), fc.boolean(), (now, hasCycle, lastAt, hasDigest) => {
      const known = hasCycle ? inCycle(now) : noCycle(now);
      const last = lastAt !== undefined && lastAt <= now ? { lastAt } : {};
      const plan = planAt(known, surfaced({ ...last, digests: hasDigest ? ["cycle:c-1"] : [] }), now);
      if (plan.do === "wait") return plan.until > now;
      if (plan.period.id !== "cycle:c-1") return !hasCycle || now >= ENDS_AT + CYCLE_FRESH_MS;
      return !hasDigest && now >= OPENS_AT && now < ENDS_AT;
    }),
  );
});
