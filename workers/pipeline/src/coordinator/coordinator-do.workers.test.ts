import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { objectName } from "@factory/schemas";
import type { EventWrite } from "@factory/schemas";
import { coordinatorOf } from "@factory/schemas/rpc";
import type { ClaimedBead, RunReport } from "@factory/schemas/rpc";
import { r2BlobStore } from "@factory/workspace";
import { describe, expect, test } from "vitest";
import { aSeed, complete, ORG, writing } from "../testing/builders.ts";
import type { BeadPlan } from "../testing/builders.ts";
import type { Recorder } from "../testing/neighbours.ts";
import { COORDINATOR_MIGRATIONS } from "./schema.ts";

/** A seeded run of its own; the queue's consumer is not attached here, so the test plays the operative. */
async function aRun(name: string, beads: readonly BeadPlan[] = [{ key: "total" }]) {
  const seed = aSeed({ name, beads });
  const stub = env.COORDINATORS.getByName(objectName.coordinator(ORG, seed.runId));
  const run = coordinatorOf(env, ORG, seed.runId);
  const seeded = await run.seed("seed", seed);
  if (!seeded.ok) throw new Error(seeded.message);
  const recorder = (namespace: { getByName(name: string): unknown }, objectNameOf: string) => namespace.getByName(objectNameOf) as Recorder;
  const events = async (): Promise<EventWrite[]> =>
    (await recorder(env.SESSION_LOGS, objectName.sessionLog(ORG, seed.sessionId)).calls()).flatMap(({ args }) => args[1] as EventWrite[]);
  const reports = async (): Promise<RunReport[]> =>
    (await recorder(env.SESSIONS, objectName.session(ORG, seed.sessionId)).calls()).map(({ args }) => (args[1] as { report: RunReport }).report);
  const exchange = async (outcomes: Parameters<typeof run.exchange>[1] = []) => {
    const answer = await run.exchange(0, outcomes, 1);
    if (!answer.ok) throw new Error(answer.message);
    return answer;
  };
  const written = async (bead: ClaimedBead, content = "fine") =>
    complete(bead, [
      await writing(r2BlobStore(env.BLOBS), bead, bead.directive.role === "integrator" ? "src/index.ts" : `src/${bead.directive.title}.ts`, content),
    ]);
  return { seed, stub, run, events, reports, exchange, written };
}

async function claimed(world: Awaited<ReturnType<typeof aRun>>): Promise<ClaimedBead> {
  const [bead] = (await world.exchange()).beads;
  if (bead === undefined) throw new Error("There is no bead to claim.");
  return bead;
}

describe("CoordinatorDO", () => {
  test("takes a run from its seed to an accepted report, over real storage, alarms, R2 and RPC", async () => {
    const world = await aRun("do-happy");
    let answer = await world.exchange();
    while (answer.beads[0] !== undefined) answer = await world.exchange([await world.written(answer.beads[0])]);
    await expect.poll(world.reports, { timeout: 30_000 }).toMatchObject([{ outcome: "accepted", checks: { failed: 0 }, holdouts: { passed: 1, failed: 0 } }]);
    const told = (await world.events()).map(({ kind }) => kind);
    expect(told.filter((kind) => kind === "BEAD_RELEASED")).toHaveLength(3);
    expect(new Set((await world.events()).map(({ eventId }) => eventId)).size).toBe(told.length);
    const graph = env.ARTIFACT_GRAPHS.getByName(objectName.artifactGraph(ORG, "pricing")) as unknown as Recorder;
    expect((await graph.calls()).length).toBeGreaterThan(0);
  });

  test("that is evicted between claim and outcome takes the outcome and goes on", async () => {
    const world = await aRun("do-evicted");
    const bead = await claimed(world);
    const outcome = await world.written(bead);
    await evictDurableObject(world.stub);
    const first = await world.exchange([outcome]);
    expect(first.verdicts).toMatchObject([{ accepted: true, state: "DONE" }]);
    await evictDurableObject(world.stub);
    const again = await world.run.exchange(0, [outcome], 0);
    expect(again.ok && again.verdicts).toEqual(first.verdicts);
    expect((await world.run.record())?.beads.map(({ state }) => state)).toEqual(["DONE", "LEASED", "BLOCKED"]);
  });

  test("takes an expired lease back by its alarm and hands the bead out under the next epoch", async () => {
    const world = await aRun("do-alarm");
    const bead = await claimed(world);
    await runInDurableObject(world.stub, (_, { storage }) => {
      storage.sql.exec("UPDATE beads SET lease_until = 1 WHERE state = 'LEASED'");
      storage.sql.exec("UPDATE scheduler_timers SET due_at = 1 WHERE name = 'tick'");
    });
    await runDurableObjectAlarm(world.stub);
    await expect.poll(async () => (await world.events()).map(({ kind }) => kind)).toContain("BEAD_RESCUED");
    const next = await claimed(world);
    expect([next.beadId, next.epoch, next.attempt]).toEqual([bead.beadId, bead.epoch + 2, 1]);
  });

  test("re-arms after an eviction: a lease that ended meanwhile is taken back without a call", async () => {
    const world = await aRun("do-rearm");
    await claimed(world);
    await runInDurableObject(world.stub, async (_, { storage }) => {
      storage.sql.exec("UPDATE beads SET lease_until = 1 WHERE state = 'LEASED'");
      storage.sql.exec("DELETE FROM scheduler_timers");
      await storage.deleteAlarm();
    });
    await evictDurableObject(world.stub);
    await world.run.record();
    await runDurableObjectAlarm(world.stub);
    await expect.poll(async () => (await world.run.record())?.beads[0]?.state).toBe("READY");
  });

  test("has foreign keys on, keeps the order of its migrations, and refuses a database that was changed behind its back", async () => {
    const world = await aRun("do-migration");
    await runInDurableObject(world.stub, (_, { storage }) => {
      expect(() => storage.sql.exec("INSERT INTO bead_edges (child_id, parent_id, required) VALUES ('x', 'y', 1)")).toThrow("FOREIGN KEY");
      expect(storage.sql.exec("SELECT id FROM durable_migrations WHERE component = 'object' ORDER BY position").toArray()).toEqual(
        COORDINATOR_MIGRATIONS.map(({ id }) => ({ id })),
      );
      storage.sql.exec("UPDATE durable_migrations SET digest = 'changed' WHERE component = 'object'");
    });
    await evictDurableObject(world.stub);
    await expect((async () => await world.run.record())()).rejects.toThrow("was changed after it was applied");
  });

  test("answers twenty exchanges at once, each bead to one slot only", async () => {
    const world = await aRun(
      "do-many",
      Array.from({ length: 20 }, (_, at) => ({ key: `f${at}` })),
    );
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => world.run.exchange(at % 2, [], 10)));
    const holders = new Map<string, Set<number>>();
    for (const [at, answer] of answers.entries()) {
      for (const { beadId } of answer.ok ? answer.beads : []) holders.set(beadId, new Set([...(holders.get(beadId) ?? []), at % 2]));
    }
    expect(holders.size).toBe(20);
    expect([...holders.values()].every((slots) => slots.size === 1)).toBe(true);
  });
});
