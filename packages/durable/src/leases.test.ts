import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkEpoch, claim, expiredLeases, extend, NEVER_CLAIMED, nextExpiry, release, revoke } from "./leases.ts";
import type { Lease } from "./leases.ts";

const aHeldLease = (overrides: Partial<Extract<Lease, { status: "held" }>> = {}): Lease => ({
  status: "held",
  epoch: 3,
  holder: "a",
  expiresAt: 1_000,
  ...overrides,
});

const agrees = (actual: boolean, model: boolean): void => expect(actual).toBe(model);

describe("leases", () => {
  test("a claim of a free lease raises the epoch", () => {
    expect(claim(NEVER_CLAIMED, "a", 10, 5)).toEqual({ ok: true, lease: { status: "held", epoch: 1, holder: "a", expiresAt: 15 } });
  });

  test("a held lease is refused until it has expired, also to its own holder", () => {
    expect(claim(aHeldLease(), "a", 999, 5)).toEqual({ ok: false, reason: "HELD", expiresAt: 1_000 });
    expect(claim(aHeldLease(), "b", 1_000, 5)).toMatchObject({ ok: true, lease: { epoch: 4, holder: "b" } });
  });

  test("progress extends an expired lease that nobody else has claimed, and never shortens one", () => {
    expect(extend(aHeldLease(), 3, 5_000, 100)).toMatchObject({ ok: true, lease: { expiresAt: 5_100 } });
    expect(extend(aHeldLease(), 3, 10, 100)).toMatchObject({ ok: true, lease: { expiresAt: 1_000 } });
  });

  test("a released lease keeps its epoch, so a repeated release is told apart from a stale one", () => {
    const released = release(aHeldLease(), 3);
    expect(released).toEqual({ ok: true, lease: { status: "free", epoch: 3 } });
    expect(released.ok && release(released.lease, 3)).toEqual({ ok: false, reason: "NOT_HELD" });
    expect(released.ok && release(released.lease, 2)).toEqual({ ok: false, reason: "STALE" });
  });

  test("a revocation makes the epoch stale at once", () => {
    expect(checkEpoch(revoke(aHeldLease()), 3)).toEqual({ ok: false, reason: "STALE" });
  });

  test("an epoch that was never given out is stale", () => {
    expect(checkEpoch(aHeldLease(), 4)).toEqual({ ok: false, reason: "STALE" });
  });

  test("expired leases come longest expired first, and free ones never", () => {
    const leases: [string, Lease][] = [
      ["late", aHeldLease({ expiresAt: 90 })],
      ["b", aHeldLease({ expiresAt: 50 })],
      ["a", aHeldLease({ expiresAt: 50 })],
      ["alive", aHeldLease({ expiresAt: 101 })],
      ["free", NEVER_CLAIMED],
    ];
    expect(expiredLeases(leases, 100)).toEqual(["a", "b", "late"]);
    expect(nextExpiry(leases)).toBe(50);
    expect(nextExpiry([["free", NEVER_CLAIMED]])).toBeNull();
  });

  test("no epoch ever has two holders, whatever the order of claims, progress, releases and revocations", () => {
    const step = fc.record({
      act: fc.constantFrom("claim", "extend", "release", "revoke", "wait"),
      holder: fc.constantFrom("a", "b", "c"),
      ms: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let lease: Lease = NEVER_CLAIMED;
        let now = 0;
        const holderOf = new Map<number, string>();
        const epochOf = new Map<string, number>();
        for (const { act, holder, ms } of steps) {
          const before: Lease = lease;
          const mine = epochOf.get(holder) ?? -1;
          if (act === "wait") now += ms;
          if (act === "revoke") lease = revoke(lease);
          if (act === "claim") {
            const result = claim(lease, holder, now, ms);
            agrees(result.ok, before.status === "free" || before.expiresAt <= now);
            if (result.ok) {
              agrees(holderOf.has(result.lease.epoch), false);
              holderOf.set(result.lease.epoch, holder);
              epochOf.set(holder, result.lease.epoch);
              lease = result.lease;
            }
          }
          if (act === "extend" || act === "release") {
            const result = act === "extend" ? extend(lease, mine, now, ms) : release(lease, mine);
            agrees(result.ok, before.status === "held" && before.holder === holder && before.epoch === mine);
            if (result.ok) lease = result.lease;
          }
          expect(lease.epoch).toBeGreaterThanOrEqual(before.epoch);
          const current: Lease = lease;
          expect([...epochOf.values()].filter((epoch) => checkEpoch(current, epoch).ok).length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
