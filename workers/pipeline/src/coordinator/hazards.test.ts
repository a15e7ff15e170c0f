import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aSeed, complete, failure, writing } from "../testing/builders.ts";
import type { SeedPlan } from "../testing/builders.ts";
import { answerByContent } from "../testing/content-sandbox.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { REDISPATCH_MS } from "./dispatch.ts";
import { LEASE_TTL_MS } from "./leases.ts";
import { MAX_RETRY_WAIT_MS, retryWaitMs } from "./retry.ts";
import { LATE_MS, ORPHAN_GRACE_MS, Vigil } from "./vigil.ts";

async function aWorld(plan: SeedPlan): Promise<CoordinatorWorld> {
  const world = new CoordinatorWorld();
  await world.seed(aSeed(plan));
  return world;
}

const MINUTE_MS = 60_000;

describe("hazard: Stale sweep uses lease age, kills after cron gap", () => {
  test("hazard: Stale sweep uses lease age - a gap of an hour between two alarms takes nothing from a holder that lives", async () => {
    const world = await aWorld({ name: "gap", beads: [{ key: "total" }] });
    const bead = await world.claim();
    await world.pass(60 * MINUTE_MS);
    expect(world.eventsOf("BEAD_RESCUED")).toEqual([]);
    expect((await world.coordinator.heartbeat(bead.beadId, bead.epoch)).current).toBe(true);
    await world.pass(ORPHAN_GRACE_MS);
    expect((await world.exchange(0, [await world.written(bead, "fine")], 0)).verdicts).toMatchObject([{ accepted: true, state: "DONE" }]);
  });

  test("hazard: Stale sweep uses lease age - after a restart a holder is given time to be heard of, and one that is gone is rescued after it", async () => {
    const world = await aWorld({ name: "restart", beads: [{ key: "alive" }, { key: "dead" }] });
    const [alive, dead] = [await world.claim(0), await world.claim(1)];
    world.clock.advance(LEASE_TTL_MS + 1);
    await world.restart();
    await world.settle();
    expect(world.eventsOf("BEAD_RESCUED")).toEqual([]);
    expect((await world.coordinator.heartbeat(alive.beadId, alive.epoch)).current).toBe(true);
    await world.pass(ORPHAN_GRACE_MS);
    expect(world.eventsOf("BEAD_RESCUED").map(({ beadId }) => beadId)).toEqual([dead.beadId]);
  });

  test("hazard: Stale sweep uses lease age - a holder that is gone is rescued also when every alarm is late", async () => {
    const world = await aWorld({ name: "late", beads: [{ key: "total" }] });
    await world.claim();
    await world.pass(LEASE_TTL_MS + 2 * LATE_MS);
    expect(world.eventsOf("BEAD_RESCUED")).toEqual([]);
    await world.pass(ORPHAN_GRACE_MS + 2 * LATE_MS);
    expect(world.eventsOf("BEAD_RESCUED")).toHaveLength(1);
  });

  test("gives each silence its time: a heartbeat between two gaps begins anew", () => {
    const vigil = new Vigil(0);
    const lease = { beadId: "b", epoch: 1, claimedAt: 0 };
    const until = vigil.graceOf({ ...lease, leaseUntil: 1_000 }, 10 * MINUTE_MS);
    expect(until).toBe(10 * MINUTE_MS + ORPHAN_GRACE_MS);
    expect(vigil.graceOf({ ...lease, leaseUntil: 15 * MINUTE_MS }, 20 * MINUTE_MS)).toBe(20 * MINUTE_MS + ORPHAN_GRACE_MS);
    expect(vigil.graceOf({ ...lease, leaseUntil: 20 * MINUTE_MS + ORPHAN_GRACE_MS }, 30 * MINUTE_MS)).toBeNull();
  });
});

describe("work that is quiet or long", () => {
  test("hazard: Stall = process start, not last event - an hour without any event is no stall while the holder is heard of", async () => {
    const world = await aWorld({ name: "quiet", beads: [{ key: "total" }] });
    const bead = await world.claim();
    const told = world.events.length;
    for (let minute = 0; minute < 60; minute++) {
      await world.pass(MINUTE_MS);
      expect((await world.coordinator.heartbeat(bead.beadId, bead.epoch)).current).toBe(true);
    }
    expect(world.events).toHaveLength(told);
  });

  test("hazard: Stall = process start, not last event - a check that is quiet for longer than a lease is waited for", async () => {
    const world = await aWorld({ name: "check", beads: [{ key: "total" }] });
    const bead = await world.claim();
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    world.answer = async (job) => {
      begun.resolve();
      await promise;
      return answerByContent(job);
    };
    const outcome = world.exchange(0, [await world.written(bead, "fine")], 0);
    await begun.promise;
    await world.pass(LEASE_TTL_MS + 1);
    resolve();
    expect((await outcome).verdicts).toMatchObject([{ accepted: true, state: "DONE" }]);
    expect(world.eventsOf("BEAD_RESCUED")).toEqual([]);
  });

  test("hazard: Parent abandons a still-running child - no fixed time ends a lease that its holder extends", async () => {
    const world = await aWorld({ name: "child", beads: [{ key: "total" }] });
    const bead = await world.claim();
    for (let waited = 0; waited < 3 * 60 * MINUTE_MS; waited += 1.5 * MINUTE_MS) {
      await world.pass(1.5 * MINUTE_MS);
      await world.coordinator.heartbeat(bead.beadId, bead.epoch);
    }
    expect((await world.exchange(0, [await world.written(bead, "fine")], 0)).verdicts).toMatchObject([{ accepted: true }]);
    await world.settle();
    expect(world.moves(bead.beadId)).toEqual([">READY", "READY>LEASED", "LEASED>DONE"]);
  });
});

test("hazard: Eviction event resets a live unit - whatever the holder of a stale epoch still sends is recorded and changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("infrastructure", "provider", "quality", "governance", "timeout", "stale", "done"), async (what) => {
      const world = await aWorld({ name: `stale-${what}`, beads: [{ key: "total" }] });
      const old = await world.claim(0);
      await world.pass(LEASE_TTL_MS + 1);
      const live = await world.claim(1);
      const before = world.rows("SELECT * FROM beads");
      const moves = world.moves(live.beadId);
      const late =
        what === "done"
          ? complete(old, [await writing(world.blobs, old, "src/total.ts", "late")], "late")
          : { ...failure(old, what, "UNAVAILABLE"), effectId: "late" };
      expect((await world.exchange(0, [late], 0)).verdicts).toMatchObject([{ accepted: false, state: "LEASED" }]);
      await world.settle();
      expect(world.rows("SELECT * FROM beads")).toEqual(before);
      expect(world.moves(live.beadId)).toEqual(moves);
    }),
    { numRuns: 14 },
  );
});

describe("another attempt", () => {
  test("hazard: infra failure never burns a quality attempt - after many failures of infrastructure and provider every quality attempt is left", async () => {
    const world = await aWorld({ name: "faults", beads: [{ key: "total", maxAttempts: 2 }] });
    for (let fault = 0; fault < 8; fault++) {
      const bead = await world.claim();
      expect(bead.attempt).toBe(1);
      const outcome = fault % 2 === 0 ? failure(bead, "infrastructure", "UNAVAILABLE") : failure(bead, "provider", "MODEL_UNAVAILABLE");
      await world.exchange(0, [{ ...outcome, effectId: `fault-${fault}` }], 0);
      await world.pass(MAX_RETRY_WAIT_MS);
    }
    const first = await world.claim();
    await world.exchange(0, [await world.written(first, "WRONG", "wrong")], 0);
    await world.pass(MAX_RETRY_WAIT_MS);
    const second = await world.claim();
    expect([first.attempt, second.attempt]).toEqual([1, 2]);
    expect((await world.exchange(0, [await world.written(second, "fine", "fine")], 0)).verdicts).toMatchObject([{ state: "DONE" }]);
  });

  test("waits a full jitter of what the class of the failure calls for, and never longer than the cap", () => {
    const directive = { retryPolicy: { maxAttempts: 5, backoffMs: 400 } };
    const waits = (failureClass: Parameters<typeof retryWaitMs>[0], random: number): number[] =>
      [1, 2, 3, 50].map((failures) => retryWaitMs(failureClass, failures, directive, () => random));
    const most = 1 - Number.EPSILON;
    expect(waits("quality", most)).toEqual([399, 799, 1_599, MAX_RETRY_WAIT_MS - 1]);
    expect(waits("quality", 0)).toEqual([0, 0, 0, 0]);
    expect(waits("timeout", 0.5)).toEqual([200, 400, 800, MAX_RETRY_WAIT_MS / 2]);
    expect(waits("infrastructure", 0)).toEqual([500, 500, 500, 500]);
    expect(waits("provider", 0)).toEqual([1_000, 1_000, 1_000, 1_000]);
    expect(waits("provider", most)).toEqual([1_999, 3_999, 7_999, MAX_RETRY_WAIT_MS - 1]);
    expect([...waits("stale", most), ...waits("governance", most)]).toEqual(Array.from({ length: 8 }, () => 0));
  });

  test("after a result that was not good enough waits by the directive's back-off, and is not handed out before", async () => {
    const world = await aWorld({ name: "backoff", beads: [{ key: "total", maxAttempts: 3, backoffMs: 10_000 }] });
    await world.exchange(0, [await world.written(await world.claim(), "WRONG")], 0);
    // The jitter of this world is one half.
    await world.pass(4_999);
    expect((await world.exchange(0)).beads).toEqual([]);
    await world.pass(1);
    expect((await world.claim()).attempt).toBe(2);
  });
});

describe("a run that is poked", () => {
  test("goes on when every wake-up and every alarm was lost", async () => {
    const world = new CoordinatorWorld();
    world.queueWorks = false;
    await world.seed(aSeed({ name: "lost", beads: [{ key: "total" }], slots: 1 }));
    await world.alarm.deleteAlarm();
    world.clock.advance(REDISPATCH_MS);
    world.queueWorks = true;
    const pulse = await world.coordinator.poke();
    await world.settle();
    expect(world.wakes).toMatchObject([{ slot: 0 }]);
    expect(pulse).toMatchObject({ status: "open", beads: { READY: 1, BLOCKED: 2 }, rescued: 0, nextAt: expect.any(Number) });
  });

  test("takes back leases that nobody holds any more, and says how many", async () => {
    const world = await aWorld({ name: "rescue", beads: [{ key: "total" }] });
    await world.claim();
    world.clock.advance(LEASE_TTL_MS + 1);
    expect(await world.coordinator.poke()).toMatchObject({ rescued: 1, beads: { READY: 1 } });
    expect(await world.coordinator.poke()).toMatchObject({ rescued: 0 });
  });

  test("that waits for a person, is over or was never seeded says that nothing comes by itself", async () => {
    const world = await aWorld({ name: "over", beads: [{ key: "total" }], slots: 1 });
    await world.coordinator.cancel("cancel", "enough");
    await world.settle();
    expect(await world.coordinator.poke()).toMatchObject({ status: "cancelled", nextAt: null });
    expect(await new CoordinatorWorld().coordinator.poke()).toEqual({ status: "unknown", beads: {}, rescued: 0, nextAt: null });
  });
});
