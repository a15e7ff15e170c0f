import { describe, expect, test } from "vitest";
import type { CapacityGrant, CapacityRequest } from "@factory/schemas/rpc";
import { GRANT_TTL_MS } from "../capacity/capacity.ts";
import { aSeed } from "../testing/builders.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { ASK_PAUSE_MS, GIVE_BACK_AFTER_MS, SHORT_RETRY_MS } from "./org-capacity.ts";

const KEYS = ["a", "b", "c", "d", "e", "f"].map((key) => ({ key }));

/** A run of six beads and four slots whose org answers as the test says. */
async function aSharingRun(
  name: string,
  grant: (world: CoordinatorWorld, request: CapacityRequest) => CapacityGrant | Promise<CapacityGrant>,
): Promise<CoordinatorWorld> {
  const world = new CoordinatorWorld();
  world.grant = (request) => grant(world, request);
  await world.seed(aSeed({ name, beads: KEYS, slots: 4 }));
  return world;
}

const slotsOf = (world: CoordinatorWorld, slots: number): CapacityGrant => ({ slots, until: world.clock.now() + GRANT_TTL_MS });
const busy = async (world: CoordinatorWorld, slots = [0, 1, 2, 3]): Promise<number[]> => {
  const held: number[] = [];
  for (const slot of slots) if ((await world.exchange(slot)).beads.length > 0) held.push(slot);
  return held;
};

describe("a run's share of its org's slots", () => {
  test("is asked for when the run is seeded, and all slots of a run that is alone are woken without any time passing", async () => {
    const world = await aSharingRun("alone", (_, { want }) => ({ slots: want, until: Number.MAX_SAFE_INTEGER }));
    expect(world.capacityRequests).toMatchObject([{ org: "acme", want: 4, held: 0, priority: "normal" }]);
    expect(world.wakes.map(({ slot }) => slot)).toEqual([0, 1, 2, 3]);
    expect(await busy(world)).toEqual([0, 1, 2, 3]);
  });

  test("bounds what is dispatched and what is claimed", async () => {
    const world = await aSharingRun("bounded", (at) => slotsOf(at, 2));
    expect(world.wakes.map(({ slot }) => slot)).toEqual([0, 1]);
    expect(await busy(world)).toEqual([0, 1]);
    expect((await world.exchange(0)).beads).toHaveLength(1);
  });

  test("of no slots lets nothing begin, and what is held goes on to its end", async () => {
    const world = await aSharingRun("none", (at) => slotsOf(at, 1));
    const bead = await world.claim(0);
    world.grant = () => slotsOf(world, 0);
    await world.coordinator.poke();
    await world.pass(ASK_PAUSE_MS);
    expect(world.capacityRequests.at(-1)).toMatchObject({ held: 1 });
    expect(await busy(world, [1, 2])).toEqual([]);
    const done = await world.exchange(0, [await world.written(bead, "fine")], 1);
    expect(done).toMatchObject({ verdicts: [{ state: "DONE" }], beads: [] });
    // The slot that others wait for is given back at once.
    await world.pass(ASK_PAUSE_MS);
    expect(world.capacityRequests.at(-1)).toMatchObject({ held: 0, want: 4 });
  });

  test("is one slot while the org cannot be reached, however long", async () => {
    const world = await aSharingRun("unreachable", () => Promise.reject(new Error("The org is not there.")));
    expect(await busy(world)).toEqual([0]);
    await world.pass(60_000);
    expect(await busy(world)).toHaveLength(1);
    world.grant = () => slotsOf(world, 4);
    await world.pass(60_000);
    expect((await busy(world)).length).toBeGreaterThan(1);
  });

  test("is one slot again when the grant has ended and nobody renews it", async () => {
    const world = await aSharingRun("ended", (at) => slotsOf(at, 2));
    world.grant = () => Promise.reject(new Error("The org is not there."));
    await world.pass(GRANT_TTL_MS);
    expect(await busy(world)).toHaveLength(1);
  });

  test("is renewed before it ends, for as long as there is work", async () => {
    const world = await aSharingRun("renewed", (at) => slotsOf(at, 4));
    for (let waited = 0; waited < 4 * GRANT_TTL_MS; waited += GRANT_TTL_MS / 4) {
      await world.pass(GRANT_TTL_MS / 4);
      const [row] = world.rows<{ until: number }>("SELECT until FROM org_capacity");
      expect(row?.until).toBeGreaterThan(world.clock.now());
    }
  });

  test("that is short is asked for again by itself when the poke was lost, and at once when it was not", async () => {
    const world = await aSharingRun("short", (at) => slotsOf(at, 1));
    const before = world.capacityRequests.length;
    await world.pass(SHORT_RETRY_MS);
    expect(world.capacityRequests).toHaveLength(before + 1);
    world.grant = () => slotsOf(world, 4);
    await world.coordinator.poke();
    await world.pass(ASK_PAUSE_MS);
    expect(world.capacityRequests).toHaveLength(before + 2);
    expect(new Set(world.wakes.map(({ slot }) => slot))).toEqual(new Set([0, 1, 2, 3]));
  });

  test("is asked for a few times in a whole run, not for each bead", async () => {
    const world = new CoordinatorWorld();
    await world.seed(aSeed({ name: "calls", beads: Array.from({ length: 60 }, (_, at) => ({ key: `f${at}` })), slots: 4 }));
    await world.work();
    expect(world.reports).toMatchObject([{ outcome: "accepted" }]);
    expect(world.capacityRequests.length).toBeLessThanOrEqual(6);
  });

  test("is given back when the run is over, once, also when nobody takes it", async () => {
    const world = await aSharingRun("over", (at, { want }) => slotsOf(at, want));
    world.grant = () => Promise.reject(new Error("The org is not there."));
    await world.coordinator.cancel("cancel", "enough");
    await world.settle();
    await world.pass(GRANT_TTL_MS);
    expect(world.capacityRequests.filter(({ want, held }) => want === 0 && held === 0)).toHaveLength(1);
  });

  test("is given back a moment after what is left needs less", async () => {
    const world = await aSharingRun("less", (at, { want }) => slotsOf(at, want));
    for (const slot of [0, 1, 2, 3]) await world.claim(slot);
    for (const slot of [0, 1, 2, 3]) await world.exchange(slot, [await world.written(await world.claim(slot), "fine")], 0);
    await world.pass(GIVE_BACK_AFTER_MS);
    expect(world.capacityRequests.at(-1)).toMatchObject({ want: 2, held: 0 });
  });
});
