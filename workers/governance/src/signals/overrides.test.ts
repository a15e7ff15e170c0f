import { refuse } from "@factory/schemas";
import { describe, expect, it } from "vitest";
import { PARKED_REST_MS } from "./upkeep.ts";
import { ACTION_DIGEST, anOverride, aResume, ASSEMBLY, REVIEW, SESSION, SignalsWorld } from "./testing/world.ts";

const SES = (n: number): string => `SES-${String(n).padStart(26, "0")}`;

/** A world with two sessions in the shop, one in pricing, and one of another organisation. */
function aWorld(): SignalsWorld {
  const world = new SignalsWorld();
  world.sessions.push(
    { org: "acme", assembly: ASSEMBLY, sessionId: SES(2) },
    { org: "acme", assembly: "pricing", sessionId: SES(3) },
    { org: "other", assembly: ASSEMBLY, sessionId: SES(4) },
  );
  return world;
}

const suspend = (world: SignalsWorld, targetAssemblyId?: string) =>
  world.send(anOverride(world.decide(`suspend ${targetAssemblyId ?? "all"}`), "force-suspend", targetAssemblyId === undefined ? {} : { targetAssemblyId }));
const resume = (world: SignalsWorld, targetAssemblyId?: string) =>
  world.send(anOverride(world.decide(`resume ${targetAssemblyId ?? "all"}`), "force-resume", targetAssemblyId === undefined ? {} : { targetAssemblyId }));

describe("a suspension", () => {
  it("is in force as soon as it is taken, and reaches every open session of the organisation and no other", async () => {
    const world = aWorld();
    const decision = world.decide();
    expect(await world.send(anOverride(decision, "force-suspend"))).toMatchObject({ ok: true, receipt: { signalType: "OverrideSignal" } });
    expect(world.desk.suspensions()).toEqual([
      { assembly: null, reason: "Costs run away.", by: ["ana", "bo"], since: "2026-08-04T12:00:00.000Z", dispositionEventId: decision.dispositionEventId },
    ]);
    await world.settle();
    expect(world.told().sort()).toEqual([SESSION, SES(2), SES(3)].map((sessionId) => `suspend ${sessionId}`));
    expect(world.calls[0]?.args).toEqual(["Costs run away.", decision.dispositionEventId]);
    expect(world.desk.outcome(decision.dispositionEventId)).toMatchObject({ state: "done" });
  });

  it("of an assembly reaches that assembly's sessions only, also from a record in another one's lineage", async () => {
    const world = aWorld();
    await suspend(world, "pricing");
    await world.settle();
    expect(world.told()).toEqual([`suspend ${SES(3)}`]);
    expect(world.desk.suspensions()).toMatchObject([{ assembly: "pricing" }]);
  });

  it("of more sessions than one answer of the registry holds reaches them all once", async () => {
    const world = new SignalsWorld();
    world.sessions.length = 0;
    for (let n = 1; n <= 1_201; n += 1) world.sessions.push({ org: "acme", assembly: ASSEMBLY, sessionId: SES(n) });
    await suspend(world);
    await world.settle();
    expect(world.calls).toHaveLength(1_201);
    expect(new Set(world.told()).size).toBe(1_201);
  });

  it("is not ordered twice, and a second order leaves no trace", async () => {
    const world = aWorld();
    await suspend(world);
    const before = world.tables();
    const again = await world.send(anOverride(world.decide("again"), "force-suspend"));
    expect(again).toMatchObject({ ok: false, code: "FAILED_PRECONDITION", message: expect.stringMatching(/suspended already, by DSP-/) });
    expect(world.tables()).toBe(before);
  });

  it("is lifted in the order it was given: no session is suspended after it was let go", async () => {
    const world = aWorld();
    await suspend(world);
    await resume(world);
    expect(world.desk.suspensions()).toEqual([]);
    await world.settle();
    for (const sessionId of [SESSION, SES(2), SES(3)]) {
      expect(world.calls.filter((call) => call.sessionId === sessionId).map(({ method }) => method)).toEqual(["suspend", "unsuspend"]);
    }
  });

  it("that is lifted for an assembly leaves it suspended while the organisation is", async () => {
    const world = aWorld();
    await suspend(world);
    await suspend(world, "pricing");
    await world.settle();
    await resume(world, "pricing");
    await world.settle();
    expect(world.told().filter((call) => call.startsWith("unsuspend"))).toEqual([]);
    await resume(world);
    await world.settle();
    expect(world.told().filter((call) => call.startsWith("unsuspend"))).toHaveLength(3);
  });

  it("that is lifted for the organisation leaves an assembly suspended that is so by itself", async () => {
    const world = aWorld();
    await suspend(world);
    await suspend(world, "pricing");
    await resume(world);
    await world.settle();
    expect(
      world
        .told()
        .filter((call) => call.startsWith("unsuspend"))
        .sort(),
    ).toEqual([`unsuspend ${SESSION}`, `unsuspend ${SES(2)}`]);
    expect(world.desk.suspensions()).toMatchObject([{ assembly: "pricing" }]);
  });

  it("outlives the object, and is carried on by the next one", async () => {
    const world = aWorld();
    await suspend(world);
    world.restart();
    expect(world.desk.suspensions()).toHaveLength(1);
    await world.settle();
    expect(world.calls).toHaveLength(3);
  });

  it("is tried again after an hour's rest when a session was away for longer than the outbox waits", async () => {
    const world = new SignalsWorld();
    world.answers.push(...Array.from({ length: 20 }, () => new Error("away")));
    const decision = world.decide();
    await world.send(anOverride(decision, "force-suspend"));
    await world.settle(30 * 60_000);
    expect(world.outbox.parked()).toHaveLength(1);
    expect(world.desk.outcome(decision.dispositionEventId)).toMatchObject({ state: "delivering" });
    await world.settle(PARKED_REST_MS);
    expect(world.outbox.parked()).toEqual([]);
    expect(world.desk.outcome(decision.dispositionEventId)).toMatchObject({ state: "done" });
    expect(world.calls).toHaveLength(21);
  });

  it("says which session would not have it", async () => {
    const world = new SignalsWorld();
    world.answers.push(refuse("NOT_FOUND", "There is no such session."));
    const decision = world.decide();
    await world.send(anOverride(decision, "force-suspend"));
    await world.settle();
    expect(world.desk.outcome(decision.dispositionEventId)).toMatchObject({ state: "refused", detail: "NOT_FOUND: There is no such session." });
  });
});

describe("an emergency patch", () => {
  it("answers its review with both people's decision, whatever number of approvals it asks for", async () => {
    const world = aWorld();
    const decision = world.decide();
    const review = { sessionId: SESSION, reviewId: REVIEW, actionDigest: ACTION_DIGEST };
    expect(await world.send(anOverride(decision, "emergency-patch", { review, patchId: "HYP-1" }))).toMatchObject({ ok: true });
    await world.settle();
    expect(world.calls).toMatchObject([
      {
        method: "dispose",
        args: [
          {
            decision: "amended",
            override: true,
            note: "Costs run away.",
            signal: "OverrideSignal",
            approvers: [
              { id: "ana", person: "ana" },
              { id: "bo", person: "bo" },
            ],
          },
        ],
      },
    ]);
    expect(world.desk.suspensions()).toEqual([]);
  });

  it("is possible while work is suspended, as every decision is", async () => {
    const world = aWorld();
    await suspend(world);
    expect(await world.send(aResume(world.decide("while suspended")))).toMatchObject({ ok: true });
  });
});
