import { applyD1Migrations, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { artifactNode, blobKey, claimNodeId, objectName, sha256Hex } from "@factory/schemas";
import type { SessionEvent } from "@factory/schemas";
import { artifactGraphOf, sessionHealthOf, sessionLogOf, sessionOf } from "@factory/schemas/rpc";
import type { CommissionRequest } from "@factory/schemas/rpc";
import { beforeAll, describe, expect, test } from "vitest";
import { SESSION_MIGRATIONS } from "./schema.ts";
import { aClaim, aCompileReport, anAcceptedRun, ANN, aRequest, CODE, RUN_ID } from "./testing/builders.ts";

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
  await env.BLOBS.put(blobKey.content(sha256Hex(CODE)), CODE);
});

/** A session of its own and its neighbours. */
function aSession(workOrderId: string, config: CommissionRequest["config"] = { reviewMode: "auto" }) {
  const request = aRequest({ workOrderId, config });
  const { org, sessionId } = request;
  const log = sessionLogOf(env, org, sessionId);
  return {
    request,
    stub: env.SESSIONS.getByName(objectName.session(org, sessionId)),
    session: sessionOf(env, org, sessionId),
    graph: artifactGraphOf(env, org, request.assembly),
    events: async (): Promise<SessionEvent[]> => [...(await log.read(0, 1_000)).events],
    // The neighbours are recorders: `asked` is theirs alone.
    asked: async (): Promise<[string, ...unknown[]][]> =>
      (env.MEDIATIONS.getByName(objectName.mediation(org, sessionId)) as unknown as { asked(): Promise<[string, ...unknown[]][]> }).asked(),
  };
}

/** Mediation's and the coordinator's parts, up to an accepted run. */
async function built({ request, graph, session }: ReturnType<typeof aSession>): Promise<void> {
  const specification = artifactNode("SPEC", "Specification", request.org, { assembly: request.assembly, domain: request.workOrderId, version: 1 }, []);
  const claim = { id: claimNodeId(specification.id, "C-1"), type: "Claim", data: { ...aClaim() }, parents: [specification.id] };
  const written = await graph.append([specification, claim], [{ source: specification.id, rel: "composed_of", target: claim.id }]);
  expect(written.ok).toBe(true);
  await session.report("compiled", { kind: "compiled", report: aCompileReport(specification.id) });
  await session.report("accepted", { kind: "run", report: anAcceptedRun() });
}

describe("CommissioningAgentDO", () => {
  test("a session goes from its signal to COMPLETED with the offline model, evidence in R2 and its row in D1", async () => {
    const world = aSession("WO-whole");
    expect(await world.session.commission(world.request)).toEqual({ ok: true, created: true });
    await expect.poll(async () => (await world.asked()).length, { timeout: 20_000 }).toBe(1);
    await built(world);
    await expect.poll(async () => (await world.events()).at(-1)?.kind, { timeout: 20_000 }).toBe("SESSION_COMPLETED");
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED", runId: RUN_ID });
    const events = await world.events();
    const terminal = events.at(-1) as SessionEvent<"SESSION_COMPLETED">;
    const evidence = await env.BLOBS.get(blobKey.evidence(world.request.org, world.request.sessionId));
    expect(sha256Hex(new Uint8Array((await evidence?.arrayBuffer()) ?? new ArrayBuffer()))).toBe(terminal.payload.evidenceDigest);
    await expect
      .poll(() => env.DB.prepare("SELECT state, run_id FROM sessions WHERE session_id = ?").bind(world.request.sessionId).first())
      .toEqual({ state: "COMPLETED", run_id: RUN_ID });
  });

  test("tells its health and which objects it has called: nobody before it is commissioned", async () => {
    const world = aSession("WO-health");
    const asked = sessionHealthOf(env, world.request.org, world.request.sessionId);
    expect(await asked.objectHealth()).toMatchObject({ state: null, neighbours: null, leases: [] });
    await world.session.commission(world.request);
    expect((await asked.objectHealth()).neighbours).toEqual({ assembly: world.request.assembly, mediation: expect.any(Boolean), runId: null });
    await expect.poll(async () => (await world.asked()).length, { timeout: 20_000 }).toBe(1);
    await built(world);
    await expect.poll(async () => (await asked.objectHealth()).state, { timeout: 20_000 }).toBe("COMPLETED");
    const ended = await asked.objectHealth();
    expect(ended).toMatchObject({ neighbours: { mediation: true, runId: RUN_ID }, lastError: null, schemaVersion: SESSION_MIGRATIONS.at(-1)?.id });
    expect(ended.storageBytes).toBeGreaterThan(0);
    await expect.poll(async () => (await asked.objectHealth()).outbox, { timeout: 20_000 }).toMatchObject({ pending: 0, parked: 0 });
  });

  test("commission answers before the first pass, and again with the same result", async () => {
    const world = aSession("WO-quick");
    const startedAt = Date.now();
    expect(await world.session.commission(world.request)).toEqual({ ok: true, created: true });
    expect(Date.now() - startedAt).toBeLessThan(1_000);
    expect(await world.session.commission(world.request)).toEqual({ ok: true, created: false });
    expect(await world.session.commission({ ...world.request, envelopeDigest: "e".repeat(64) })).toMatchObject({ code: "ALREADY_EXISTS" });
  });

  test("an object evicted right after the signal takes the passes in its next life, by its alarm", async () => {
    const world = aSession("WO-evicted", { reviewMode: "human" });
    await world.session.commission(world.request);
    await evictDurableObject(world.stub);
    await runDurableObjectAlarm(world.stub);
    await expect.poll(async () => (await world.session.status())?.state, { timeout: 20_000 }).toBe("AWAITING_APPROVAL");
    const kinds = (await world.events()).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "SESSION_SUBMITTED")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "PASS_COMPLETED")).toHaveLength(4);
  });

  test("a session whose alarm and timers are all lost goes on after a poke, without being evicted", async () => {
    const world = aSession("WO-poked", { reviewMode: "human" });
    await world.session.commission(world.request);
    await expect.poll(async () => (await world.session.status())?.state, { timeout: 20_000 }).toBe("AWAITING_APPROVAL");
    const review = (await world.session.status())?.openReview;
    const given = { reviewId: review?.reviewId ?? "", decision: "rejected", note: "", actionDigest: review?.actionDigest ?? "", principal: ANN } as const;
    // The answer is stored, and what it calls for is not armed.
    await runInDurableObject(world.stub, async (_, { storage }) => {
      storage.sql.exec("CREATE TRIGGER lost_timers BEFORE INSERT ON scheduler_timers BEGIN SELECT RAISE(IGNORE); END");
      storage.sql.exec("DELETE FROM scheduler_timers");
      await storage.deleteAlarm();
    });
    expect(await world.session.acknowledge(given)).toMatchObject({ ok: true });
    await runInDurableObject(world.stub, async (_, { storage }) => {
      expect(storage.sql.exec("SELECT name FROM scheduler_timers").toArray()).toEqual([]);
      storage.sql.exec("DROP TRIGGER lost_timers");
      await storage.deleteAlarm();
    });
    expect(await world.session.poke()).toEqual({ state: "AWAITING_APPROVAL" });
    await expect.poll(async () => (await world.session.status())?.state, { timeout: 20_000 }).toBe("REJECTED");
    expect(await world.session.poke()).toEqual({ state: "REJECTED" });
  });

  test("an approval that waits survives an eviction and is given once", async () => {
    const world = aSession("WO-approval", { reviewMode: "human" });
    await world.session.commission(world.request);
    await expect.poll(async () => (await world.session.status())?.state, { timeout: 20_000 }).toBe("AWAITING_APPROVAL");
    const review = (await world.session.status())?.openReview;
    await evictDurableObject(world.stub);
    const given = { reviewId: review?.reviewId ?? "", decision: "approved", note: "", actionDigest: review?.actionDigest ?? "", principal: ANN } as const;
    expect(await world.session.acknowledge(given)).toMatchObject({ ok: true, state: "COMPILING" });
    expect(await world.session.acknowledge(given)).toMatchObject({ ok: false, code: "REVIEW_CLOSED" });
    await expect.poll(async () => (await world.asked()).map(([method]) => method)).toEqual(["compile"]);
  });

  test("a disposition is taken once over evictions, for its effect and for its event", async () => {
    const world = aSession("WO-disposed", { reviewMode: "human" });
    await world.session.commission(world.request);
    await expect.poll(async () => (await world.session.status())?.state, { timeout: 20_000 }).toBe("AWAITING_APPROVAL");
    const review = (await world.session.status())?.openReview;
    const disposition = {
      org: world.request.org,
      reviewId: review?.reviewId ?? "",
      actionDigest: review?.actionDigest ?? "",
      decision: "approved",
      note: "",
      dispositionEventId: "DSP-00000000000000000000000001",
      elucidationArtifactId: "ELC-00000000000000000000000001",
      approvers: [{ id: "linear:ann", person: "ann" }],
      override: false,
      policy: null,
      signal: "CommissioningSignal",
    } as const;
    const first = await world.session.dispose("desk:1", disposition);
    expect(first).toMatchObject({ ok: true, state: "COMPILING" });
    await evictDurableObject(world.stub);
    expect(await world.session.dispose("desk:1", disposition)).toEqual(first);
    await evictDurableObject(world.stub);
    expect(await world.session.dispose("desk:2", disposition)).toMatchObject({ ok: true });
    expect(await world.session.dispose("desk:3", { ...disposition, decision: "rejected" })).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
    // An eviction between a delivery and its acknowledgement delivers again: mediation knows it by its effect.
    await expect.poll(async () => new Set((await world.asked()).map(([method, effectId]) => `${method} ${String(effectId)}`)).size).toBe(1);
    const granted = (await world.events()).filter(({ kind }) => kind === "APPROVAL_GRANTED");
    expect(granted).toHaveLength(1);
    const [, , request] = (await world.asked())[0] ?? [];
    expect(request).toMatchObject({ clearance: { approvedBy: "person", approver: "linear:ann", policy: { policies: ["everything"] } } });
  });

  test("a suspended session says so after an eviction and goes on when that is lifted", async () => {
    const world = aSession("WO-suspended", { reviewMode: "human" });
    await world.session.commission(world.request);
    await expect.poll(async () => (await world.session.status())?.state, { timeout: 20_000 }).toBe("AWAITING_APPROVAL");
    expect(await world.session.suspend("s:1", "look at it first", "DSP-00000000000000000000000001")).toEqual({ ok: true });
    const review = (await world.session.status())?.openReview;
    const given = { reviewId: review?.reviewId ?? "", decision: "approved", note: "", actionDigest: review?.actionDigest ?? "", principal: ANN } as const;
    await world.session.acknowledge(given);
    await evictDurableObject(world.stub);
    expect(await world.session.status()).toMatchObject({ state: "COMPILING", reason: "Suspended by order of two people: look at it first" });
    expect(await world.asked()).toEqual([]);
    expect(await world.session.unsuspend("s:2", "DSP-00000000000000000000000002")).toEqual({ ok: true });
    await expect.poll(async () => (await world.asked()).map(([method]) => method), { timeout: 20_000 }).toEqual(["compile"]);
  });

  test("a cancelled session is evicted and still ends, once", async () => {
    const world = aSession("WO-cancelled", { reviewMode: "human" });
    await world.session.commission(world.request);
    await expect.poll(async () => (await world.session.status())?.state, { timeout: 20_000 }).toBe("AWAITING_APPROVAL");
    await world.session.cancel("no longer needed", ANN);
    await evictDurableObject(world.stub);
    await runDurableObjectAlarm(world.stub);
    await expect.poll(async () => (await world.events()).at(-1)?.kind, { timeout: 20_000 }).toBe("SESSION_CANCELLED");
    expect(await world.session.cancel("again", ANN)).toEqual({ ok: true, state: "CANCELLED" });
  });

  test("the schema is applied once, and an object whose record was tampered with refuses to run", async () => {
    // An object that holds no session has no alarm either, which would wake it once it is broken.
    const world = aSession("WO-migrated");
    expect(await world.session.status()).toBeNull();
    await evictDurableObject(world.stub);
    expect(await world.session.status()).toBeNull();
    await runInDurableObject(world.stub, (_, { storage }) => {
      expect(storage.sql.exec("SELECT id FROM durable_migrations WHERE component = 'object'").toArray()).toEqual(SESSION_MIGRATIONS.map(({ id }) => ({ id })));
      expect(storage.sql.exec("PRAGMA foreign_keys").one()).toEqual({ foreign_keys: 1 });
      storage.sql.exec("UPDATE durable_migrations SET digest = 'tampered' WHERE component = 'object'");
    });
    await evictDurableObject(world.stub);
    // Awaited in a function of its own: the stub's promise is a proxy, of which a matcher would leave a copy unhandled.
    const status = async () => await world.session.status();
    await expect(status()).rejects.toThrow(/changed after it was applied/);
  });
});

describe("the commissioning Worker", () => {
  test("answers health by RPC and nothing over HTTP", async () => {
    expect(await exports.default.health()).toEqual({ worker: "commissioning", ok: true });
    expect((await exports.default.fetch("http://commissioning/anything")).status).toBe(404);
  });
});
