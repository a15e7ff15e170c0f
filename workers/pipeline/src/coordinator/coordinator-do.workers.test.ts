import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { CLEARANCE_TTL_MS, eventsOfText, objectName, readEvent } from "@factory/schemas";
import type { EventWrite } from "@factory/schemas";
import { coordinatorOf } from "@factory/schemas/rpc";
import type { ClaimedBead, RunReport } from "@factory/schemas/rpc";
import { r2BlobStore } from "@factory/workspace";
import { describe, expect, test } from "vitest";
import { cleared } from "../../../../scripts/testing/clearances.ts";
import type { Begun } from "../testing/beginning.ts";
import { BoundGraphs } from "../testing/bound-graphs.ts";
import { aSeed, complete, suggestion, writing } from "../testing/builders.ts";
import type { BeadPlan } from "../testing/builders.ts";
import { inMolecules } from "../testing/molecules.ts";
import type { Recorder } from "../testing/neighbours.ts";
import { COORDINATOR_MIGRATIONS } from "./store/schema.ts";

/**
 * A seeded run of an org of its own, with both graphs as mediation leaves them. The queue's consumer is not attached here:
 * the test plays the operative, which asks what governs it and records its execution as soon as it is given a bead.
 */
async function aRun(
  org: string,
  beads: readonly BeadPlan[] = [{ key: "total" }],
  budgetUsd: number | null = null,
  molecules: Parameters<typeof inMolecules>[1] = {},
) {
  const seed = cleared({ ...inMolecules(aSeed({ name: "run", org, beads }), molecules), budgetUsd }, Date.now());
  const graphs = new BoundGraphs(env, org);
  await graphs.compiled(seed);
  const stub = env.COORDINATORS.getByName(objectName.coordinator(org, seed.runId));
  const run = coordinatorOf(env, org, seed.runId);
  const seeded = await run.seed("seed", seed);
  if (!seeded.ok) throw new Error(seeded.message);
  const recorder = (namespace: { getByName(name: string): unknown }, objectNameOf: string) => namespace.getByName(objectNameOf) as Recorder;
  // Delivery is at least once, and the log knows an event that it has seen.
  const events = async (): Promise<EventWrite[]> => {
    const sent = (await recorder(env.SESSION_LOGS, objectName.sessionLog(org, seed.sessionId)).calls()).flatMap(({ args }) =>
      eventsOfText(String(args[1])).map(readEvent),
    );
    return [...new Map(sent.map((event) => [event.eventId, event])).values()];
  };
  const reports = async (): Promise<RunReport[]> =>
    (await recorder(env.SESSIONS, objectName.session(org, seed.sessionId)).calls()).map(({ args }) => (args[1] as { report: RunReport }).report);
  const begun = new Map<string, Begun>();
  const exchange = async (outcomes: Parameters<typeof run.exchange>[1] = []) => {
    const answer = await run.exchange(0, outcomes, 1);
    if (!answer.ok) throw new Error(answer.message);
    for (const bead of answer.beads) begun.set(keyOf(bead), await graphs.begin(bead));
    return answer;
  };
  const begunOf = (bead: ClaimedBead): Begun => {
    const found = begun.get(keyOf(bead));
    if (found === undefined) throw new Error(`Nobody was given ${keyOf(bead)}.`);
    return found;
  };
  const written = async (bead: ClaimedBead, content = "fine") => {
    const path = bead.directive.role === "integrator" ? "src/index.ts" : `src/${bead.directive.title}.ts`;
    return { ...complete(bead, [await writing(r2BlobStore(env.BLOBS), bead, path, content)]), ...begunOf(bead) };
  };
  return { seed, graphs, stub, run, events, reports, exchange, begunOf, written };
}

const keyOf = ({ beadId, epoch }: ClaimedBead): string => `${beadId}:${epoch}`;

async function claimed(world: Awaited<ReturnType<typeof aRun>>): Promise<ClaimedBead> {
  const [bead] = (await world.exchange()).beads;
  if (bead === undefined) throw new Error("There is no bead to claim.");
  return bead;
}

/** Codes of the blocks that a session was told of: delivery is at least once, and it knows a report by its request. */
function blocksIn(reports: readonly RunReport[]): string[] {
  const told = new Map(reports.flatMap((report) => (report.outcome === "blocked" ? [[report.requestId, report.code] as const] : [])));
  return [...told.values()];
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
  });

  test("that is evicted between molecules begins the next when the verdict on the one before has passed, and accepts on all of them", async () => {
    const molecules = { "M-1": ["plan"], "M-2": ["left", "right"] };
    const beads = [{ key: "plan" }, { key: "left", dependsOn: ["plan"] }, { key: "right", dependsOn: ["plan"] }];
    const world = await aRun("do-molecules", beads, null, molecules);
    const mayBeClaimed = async () => ((await world.run.record())?.beads ?? []).some(({ role, state }) => state === "READY" && role !== "verifier:outcome");
    const done: string[] = [];
    for (let bead = await claimed(world); ; bead = await claimed(world)) {
      done.push(bead.directive.title);
      await world.run.exchange(0, [await world.written(bead)], 0);
      await evictDurableObject(world.stub);
      if (bead.directive.role === "integrator") break;
      // The outcome bead is judged by an alarm, in whichever life of the object comes next.
      await expect.poll(mayBeClaimed, { timeout: 30_000 }).toBe(true);
    }
    expect(done).toEqual(["plan", "left", "right", "integrate"]);
    await expect
      .poll(world.reports, { timeout: 30_000 })
      .toMatchObject([{ outcome: "accepted", moleculeVerdicts: [{ outcome: "passed" }, { outcome: "passed" }, { outcome: "passed" }] }]);
    expect(await world.graphs.artifacts.byType("MoleculeVerdict", 10)).toHaveLength(3);
  });

  test("leaves in both graphs what it tells the log of, and the run's verdict leads back to the specification", async () => {
    const world = await aRun("do-lineage");
    const { artifacts } = world.graphs;
    const executions: Begun[] = [];
    let answer = await world.exchange();
    while (answer.beads[0] !== undefined) {
      const [bead] = answer.beads;
      executions.push(world.begunOf(bead));
      answer = await world.exchange([await world.written(bead)]);
    }
    await expect.poll(world.reports, { timeout: 30_000 }).toMatchObject([{ outcome: "accepted" }]);
    const told = (await world.events()).flatMap((event) => (event.kind === "ARTIFACT_WRITTEN" ? [event.payload] : []));
    const stored = await artifacts.getMany(told.map(({ artifactId }) => artifactId));
    expect(stored.ok && stored.nodes.map(({ id, type }) => [id, type])).toEqual(told.map(({ artifactId, artifactType }) => [artifactId, artifactType]));
    expect(told.map(({ artifactId }) => artifactId)).toEqual(expect.arrayContaining(executions.map(({ executionId }) => executionId)));
    expect(await artifacts.byType("ExecutionTrace", 10)).toHaveLength(3);
    const [verdict] = await artifacts.byType("RunVerdict", 10);
    const why = await artifacts.why(verdict?.id ?? "");
    expect(why.ok && why.nodes.map(({ id }) => id)).toContain(world.seed.specificationId);
    for (const begun of executions) expect(await world.graphs.outcomesOf(begun)).toEqual(["SUCCESS"]);
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
    await expect.poll(() => world.graphs.outcomesOf(world.begunOf(bead)), { timeout: 30_000 }).toEqual(["SUCCESS"]);
    const { out } = await world.graphs.artifacts.edgesOf(world.begunOf(bead).executionId);
    expect(out.filter(({ rel }) => rel === "produces")).toHaveLength(1);
  });

  test("hazard: sandbox sleeps while a human thinks - keeps what waits for a person over evictions, applies it when it is approved, and takes the decision once", async () => {
    const world = await aRun("do-approval");
    await world.graphs.trust("PROPOSE");
    const bead = await claimed(world);
    const proposal = await world.written(bead);
    expect(proposal.autonomy).toBe("PROPOSE");
    expect((await world.exchange([proposal])).verdicts).toMatchObject([{ accepted: true, state: "WAITING" }]);
    await evictDurableObject(world.stub);
    await expect.poll(world.reports, { timeout: 30_000 }).toMatchObject([{ outcome: "approval", stage: "apply", changes: [{ path: "src/total.ts" }] }]);
    expect(await world.graphs.outcomesOf(proposal)).toEqual([]);
    const [asked] = await world.reports();
    if (asked?.outcome !== "approval") throw new Error("Nobody was asked.");
    const decision = { beadId: bead.beadId, requestId: asked.requestId, decision: "approved", note: "", decidedBy: "ann" } as const;
    expect(await world.run.decide("d", decision)).toEqual({ ok: true });
    await evictDurableObject(world.stub);
    expect(await world.run.decide("d", decision)).toEqual({ ok: true });
    expect(await world.run.decide("d", { ...decision, decision: "rejected" })).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    await expect.poll(async () => (await world.run.record())?.beads[0]?.state, { timeout: 30_000 }).toBe("DONE");
    await expect.poll(async () => (await world.events()).filter(({ kind }) => kind === "BEAD_RELEASED").length, { timeout: 30_000 }).toBe(1);
    await expect.poll(() => world.graphs.outcomesOf(proposal), { timeout: 30_000 }).toEqual(["SUCCESS"]);
  });

  test("refuses an outcome whose knowing-state has moved, and begins nothing that waits for a leave", async () => {
    const world = await aRun("do-fence", [{ key: "a" }, { key: "b", dependsOn: ["a"] }]);
    const bead = await claimed(world);
    await world.graphs.trust("REVOKED");
    const answer = await world.exchange([await world.written(bead)]);
    expect(answer.verdicts).toMatchObject([{ state: "READY", reason: expect.stringContaining("moved while it worked") }]);
    const [again] = answer.beads;
    expect(again).toMatchObject({ beadId: bead.beadId, attempt: 1, epoch: bead.epoch + 2 });
    if (again === undefined) throw new Error("The bead was not handed out again.");
    expect(world.begunOf(again)).toMatchObject({ autonomy: "SUGGEST", executionBeadId: null });
    expect((await world.run.exchange(0, [{ ...suggestion(again), ...world.begunOf(again) }], 0)).ok).toBe(true);
    expect((await world.run.record())?.beads.map(({ state }) => state).slice(0, 2)).toEqual(["WAITING", "BLOCKED"]);
    await expect.poll(() => world.graphs.outcomesOf(world.begunOf(bead)), { timeout: 30_000 }).toEqual(["FAILURE"]);
    expect((await world.graphs.artifacts.byType("Execution", 10)).map(({ id }) => id)).toEqual([world.begunOf(bead).executionId]);
  });

  test("takes an expired lease back by its alarm and hands the bead out under the next epoch", async () => {
    const world = await aRun("do-alarm");
    const bead = await claimed(world);
    await runInDurableObject(world.stub, (_, { storage }) => {
      storage.sql.exec("UPDATE beads SET lease_until = ? WHERE state = 'LEASED'", Date.now() - 1);
      storage.sql.exec("UPDATE scheduler_timers SET due_at = 1 WHERE name = 'tick'");
    });
    await runDurableObjectAlarm(world.stub);
    await expect.poll(async () => (await world.events()).map(({ kind }) => kind)).toContain("BEAD_RESCUED");
    const next = await claimed(world);
    expect([next.beadId, next.epoch, next.attempt]).toEqual([bead.beadId, bead.epoch + 2, 1]);
  });

  test("holds everything back while its clearance is taken away, over evictions, and goes on by itself when another is given", async () => {
    const { run, seed, stub, exchange, reports } = await aRun("do-cleared");
    expect(await run.clear("suspend", null, "force-suspend")).toEqual({ ok: true });
    await evictDurableObject(stub);
    // The alarm wakes it without a call: it is the run's own object all the same.
    await runDurableObjectAlarm(stub);
    await evictDurableObject(stub);
    expect(await exchange()).toMatchObject({ beads: [], work: "waiting" });
    await expect.poll(async () => blocksIn(await reports())).toEqual(["DISPATCH_NO_CLEARANCE"]);
    const fresh = cleared(seed, Date.now()).clearance ?? null;
    expect(await run.clear("unsuspend", fresh, "force-resume")).toEqual({ ok: true });
    await evictDurableObject(stub);
    await runDurableObjectAlarm(stub);
    expect((await exchange()).beads).toHaveLength(1);
    expect(blocksIn(await reports())).toHaveLength(1);
  });

  test("notices by its alarm that its clearance has gone stale while beads wait", async () => {
    const { run, seed, stub, reports } = await aRun("do-stale", [{ key: "a" }, { key: "b" }]);
    const writtenAt = Date.now() - CLEARANCE_TTL_MS + 1_500;
    expect(await run.clear("clear", cleared(seed, writtenAt).clearance ?? null, "test")).toEqual({ ok: true });
    await evictDurableObject(stub);
    await expect.poll(async () => blocksIn(await reports()), { timeout: 20_000 }).toEqual(["DISPATCH_STALE_CLEARANCE"]);
  });

  test("that is not the run's own hands nothing of it out", async () => {
    const seed = cleared(aSeed({ name: "stray", org: "do-stray", beads: [{ key: "a" }] }), Date.now());
    const stray = coordinatorOf(env, "do-stray", "RUN-ELSEWHERE");
    expect(await stray.seed("seed", seed)).toMatchObject({ ok: true });
    expect(await stray.exchange(0, [], 1)).toMatchObject({ ok: true, beads: [], work: "waiting" });
  });

  test("re-arms after an eviction: a lease that ended meanwhile is taken back without a call", async () => {
    const world = await aRun("do-rearm");
    await claimed(world);
    await runInDurableObject(world.stub, async (_, { storage }) => {
      storage.sql.exec("UPDATE beads SET lease_until = ? WHERE state = 'LEASED'", Date.now() - 1);
      storage.sql.exec("DELETE FROM scheduler_timers");
      await storage.deleteAlarm();
    });
    await evictDurableObject(world.stub);
    await world.run.record();
    await runDurableObjectAlarm(world.stub);
    // The holder could not be heard of while the object was away, so it is given time; that time is over at once here.
    expect((await world.run.record())?.beads[0]?.state).toBe("LEASED");
    await runInDurableObject(world.stub, (_, { storage }) => {
      expect(storage.sql.exec("SELECT 1 FROM scheduler_timers WHERE name = 'tick'").toArray()).toHaveLength(1);
      storage.sql.exec("UPDATE beads SET lease_until = ? WHERE state = 'LEASED'", Date.now() - 1);
      storage.sql.exec("UPDATE scheduler_timers SET due_at = 1 WHERE name = 'tick'");
    });
    await runDurableObjectAlarm(world.stub);
    await expect.poll(async () => (await world.run.record())?.beads[0]?.state).toBe("READY");
  });

  test("goes on after a poke when its alarm and all its timers were lost, without being evicted", async () => {
    const world = await aRun("do-poked");
    const bead = await claimed(world);
    await runInDurableObject(world.stub, async (_, { storage }) => {
      storage.sql.exec("UPDATE beads SET lease_until = 1 WHERE state = 'LEASED'");
      storage.sql.exec("DELETE FROM scheduler_timers");
      await storage.deleteAlarm();
    });
    // Its lease ended while nobody watched, so the holder is given time: the poke arms what comes after it.
    const pulse = await world.run.poke();
    expect(pulse).toMatchObject({ status: "open", beads: { LEASED: 1 }, rescued: 0, nextAt: expect.any(Number) });
    await expect.poll(() => runInDurableObject(world.stub, (_, { storage }) => storage.getAlarm())).not.toBeNull();
    expect(await world.run.heartbeat(bead.beadId, bead.epoch)).toMatchObject({ current: true });
  });

  test("reserves from its budget, asks once it is spent, and goes on when it is funded", async () => {
    const world = await aRun("do-budget", [{ key: "a" }, { key: "b" }], 1);
    const bead = await claimed(world);
    const written = await world.written(bead);
    const [call] = written.modelCalls;
    if (call === undefined) throw new Error("The builder made no call.");
    const answer = await world.exchange([{ ...written, modelCalls: [{ ...call, costUsd: 0.75 }] }]);
    expect(answer).toMatchObject({ verdicts: [{ state: "DONE" }], beads: [], work: "waiting" });
    await expect.poll(world.reports, { timeout: 30_000 }).toMatchObject([{ outcome: "budget", budgetUsd: 1, spentUsd: 0.75, reservedUsd: 0, neededUsd: 1 }]);
    const [asked] = await world.reports();
    if (asked?.outcome !== "budget") throw new Error("Nobody was asked.");
    await evictDurableObject(world.stub);
    const decision = { requestId: asked.requestId, decision: "approved", budgetUsd: 10, note: "", decidedBy: "ann" } as const;
    expect([await world.run.fund("f", decision), await world.run.fund("f", decision)]).toEqual([{ ok: true }, { ok: true }]);
    expect(await claimed(world)).toMatchObject({ directive: { title: "b" } });
    expect((await world.events()).filter(({ kind }) => kind === "BUDGET_EXHAUSTED")).toHaveLength(1);
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
    // The org has answered: both slots may work.
    await expect
      .poll(() => runInDurableObject(world.stub, (_, { storage }) => storage.sql.exec("SELECT slots FROM org_capacity").toArray()))
      .toEqual([{ slots: 2 }]);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => world.run.exchange(at % 2, [], 10)));
    const holders = new Map<string, Set<number>>();
    for (const [at, answer] of answers.entries()) {
      for (const { beadId } of answer.ok ? answer.beads : []) holders.set(beadId, new Set([...(holders.get(beadId) ?? []), at % 2]));
    }
    expect(holders.size).toBe(20);
    expect([...holders.values()].every((slots) => slots.size === 1)).toBe(true);
  });
});
