import { expect, test } from "vitest";
import { aSeed } from "../testing/builders.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { LEASE_TTL_MS } from "./leases.ts";

const slotsOf = (world: CoordinatorWorld): unknown[] => (world.coordinator.health().leases ?? []).map(({ slot, epoch, expired }) => ({ slot, epoch, expired }));

test("a coordinator that was not seeded says so, and holds nothing", () => {
  expect(new CoordinatorWorld().coordinator.health()).toMatchObject({ state: "unseeded", leases: [] });
});

test("a run tells the leases that are held, whose time has passed, and none of those that were given back", async () => {
  const world = new CoordinatorWorld();
  await world.seed(aSeed({ name: "held", beads: [{ key: "one" }, { key: "two" }] }));
  const [bead] = (await world.exchange(1)).beads;
  const claimedAt = world.clock.now();
  expect(world.coordinator.health()).toMatchObject({
    state: "open",
    leases: [{ beadId: bead?.beadId, slot: 1, epoch: 1, claimedAt, leaseUntil: claimedAt + LEASE_TTL_MS, expired: false }],
  });
  // The clock alone moves: the alarm that takes the lease back has not gone off.
  world.clock.advance(LEASE_TTL_MS);
  expect(slotsOf(world)).toEqual([{ slot: 1, epoch: 1, expired: true }]);
  await world.coordinator.cancel("cancel", "stop");
  expect(world.coordinator.health()).toMatchObject({ state: "cancelled", leases: [] });
});

test("a run tells what its outbox has still to deliver", async () => {
  const world = new CoordinatorWorld();
  await world.seed(aSeed({ name: "outbox", beads: [{ key: "one" }] }));
  expect(world.coordinator.health().outbox?.health()).toEqual({ pending: 0, oldestAt: null, worstAttempts: null, parked: 0, parkedReason: null });
});
