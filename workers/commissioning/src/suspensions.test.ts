/** Suspension by order of two people: the run's clearance is gone until the order is lifted. */
import { describe, expect, test } from "vitest";
import { anAcceptedRun, ANN, aRequest, RUN_ID } from "./testing/builders.ts";
import { commissioned, decide, Surroundings } from "./testing/surroundings.ts";

const FIRST = "DSP-00000000000000000000000001";
const SECOND = "DSP-00000000000000000000000002";
const RESUMED = "DSP-00000000000000000000000003";
const TEXT = "Suspended by order of two people: the price list is wrong";

async function running(): Promise<Surroundings> {
  const world = await commissioned(new Surroundings(), aRequest());
  await world.compiled();
  return world;
}

async function suspend(world: Surroundings, id = FIRST, effectId = `suspend:${id}`) {
  const answer = await world.session.suspend(effectId, "the price list is wrong", id);
  await world.settle();
  return answer;
}

async function lift(world: Surroundings, id = RESUMED, effectId = `lift:${id}`) {
  const answer = await world.session.unsuspend(effectId, id);
  await world.settle();
  return answer;
}

const blocked = (requestId: string) =>
  ({
    kind: "run",
    report: { outcome: "blocked", requestId, code: "DISPATCH_NO_CLEARANCE", message: "The run has no clearance.", clearanceId: null, beads: 3, ceiling: null },
  }) as const;

describe("a suspension", () => {
  test("takes the run's clearance once, is said where sessions are listed, and outlives the object", async () => {
    const world = await running();
    expect(await suspend(world)).toEqual({ ok: true });
    world.restart();
    expect(await suspend(world, FIRST, "again")).toEqual({ ok: true });
    expect(world.suspensions).toEqual([{ clearance: null, reason: TEXT }]);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING", reason: TEXT });
    expect(world.registry.get(aRequest().sessionId)).toMatchObject({ reason: TEXT });
  });

  test("allows no clearance while it stands, whatever asks for one", async () => {
    const world = await running();
    await suspend(world);
    await world.report("blocked", blocked("BLK-1"));
    expect(world.clears).toEqual([]);
    expect(world.policyRequests).toHaveLength(1);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING", openReview: null });
  });

  test("that is lifted calls for a new clearance, once, also where it was ordered twice", async () => {
    const world = await running();
    await suspend(world);
    await suspend(world, SECOND);
    expect(world.suspensions).toHaveLength(2);
    expect(await lift(world)).toEqual({ ok: true });
    await lift(world, RESUMED, "again");
    expect(world.clears).toMatchObject([
      { requestId: RESUMED, askedFor: null, basis: { approvedBy: "policy", approver: "policy:auto", policy: { policies: ["dispatch-approved"] } } },
    ]);
    expect(await world.session.status()).toMatchObject({ reason: null });
    expect(world.policyRequests.at(-1)).toMatchObject({ action: "Dispatch", context: { askedFor: 2, suspended: false } });
  });

  test("may be ordered again after it was lifted, and is taken then", async () => {
    const world = await running();
    await suspend(world);
    await lift(world);
    await suspend(world, SECOND);
    expect(world.suspensions).toHaveLength(2);
    expect(await world.session.status()).toMatchObject({ reason: TEXT });
  });

  test("that the run has not heard of holds the new clearance back, so that a late word does not take it", async () => {
    const world = await running();
    world.moods.coordinator = "down";
    await suspend(world);
    await lift(world);
    expect(world.clears).toEqual([]);
    world.moods.coordinator = "up";
    await world.later(60 * 60_000);
    expect(world.suspensions).toHaveLength(1);
    expect(world.clears).toMatchObject([{ requestId: RESUMED }]);
  });

  test("before there is a run keeps the work order from being compiled until it is lifted", async () => {
    const world = await commissioned(new Surroundings(), aRequest({ config: { reviewMode: "human" } }));
    await suspend(world);
    await decide(world, "approved");
    expect(await world.session.status()).toMatchObject({ state: "COMPILING", reason: TEXT });
    expect([world.compiles.length, world.policyRequests.length]).toEqual([0, 0]);
    await lift(world);
    expect(world.compiles).toHaveLength(1);
    expect(world.clears).toEqual([]);
  });

  test("while mediation compiles takes the clearance of the run as soon as there is one", async () => {
    const world = await commissioned(new Surroundings(), aRequest());
    await suspend(world);
    expect(world.suspensions).toEqual([]);
    await world.compiled();
    expect(world.suspensions).toEqual([{ clearance: null, reason: TEXT }]);
    expect(world.session.store.session()?.runId).toBe(RUN_ID);
  });

  test("that never was needs no lifting", async () => {
    const world = await running();
    expect(await lift(world)).toEqual({ ok: true });
    expect(world.clears).toEqual([]);
  });

  test("of a session that has ended changes nothing, and one of no session is not found", async () => {
    const world = await running();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    const events = world.kinds.length;
    expect([await suspend(world), await lift(world)]).toEqual([{ ok: true }, { ok: true }]);
    expect([world.kinds.length, world.suspensions.length]).toEqual([events, 0]);
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
    expect(await suspend(new Surroundings())).toMatchObject({ ok: false, code: "NOT_FOUND" });
  });

  test("does not keep a session from being cancelled, nor a person from being asked", async () => {
    const world = await commissioned(new Surroundings(), aRequest({ config: { reviewMode: "human" } }));
    await suspend(world);
    expect(await world.session.status()).toMatchObject({ state: "AWAITING_APPROVAL", openReview: { action: expect.any(String) } });
    await decide(world, "approved");
    await world.session.cancel("", ANN);
    await world.settle();
    expect(await world.session.status()).toMatchObject({ state: "CANCELLED" });
    expect(world.compiles).toEqual([]);
  });
});

describe("a suspension whose order never came", () => {
  const ORDER = { assembly: null, reason: "the price list is wrong", by: ["ann", "bob"], since: "2026-01-01T00:00:00.000Z", dispositionEventId: FIRST };

  test("stops a session before it is compiled, and lets it go on once the desk has lifted it", async () => {
    const world = new Surroundings();
    world.standing = [ORDER];
    await commissioned(world, aRequest());
    expect(await world.session.status()).toMatchObject({ state: "COMPILING", reason: TEXT });
    expect(world.policyRequests).toEqual([]);
    world.standing = [];
    await world.session.poke();
    await world.settle();
    expect(world.policyRequests).toHaveLength(1);
    expect(await world.session.status()).toMatchObject({ reason: null });
  });

  test("takes the clearance of a run under way with the next poke", async () => {
    const world = await running();
    world.standing = [{ ...ORDER, assembly: "another" }];
    await world.session.poke();
    await world.settle();
    expect(world.suspensions).toEqual([]);
    world.standing = [{ ...ORDER, assembly: aRequest().assembly }];
    await world.session.poke();
    await world.session.poke();
    await world.settle();
    expect(world.suspensions).toEqual([{ clearance: null, reason: TEXT }]);
  });

  test("is not known while the desk is away: nothing is compiled, and the session says what it waits for", async () => {
    const world = new Surroundings();
    world.moods.signals = "down";
    await commissioned(world, aRequest());
    expect(world.policyRequests).toEqual([]);
    expect((await world.session.status())?.reason).toContain("Waiting for the signal desk");
    world.moods.signals = "up";
    await world.settle();
    expect(world.policyRequests).toHaveLength(1);
  });
});
