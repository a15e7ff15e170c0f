import { env } from "cloudflare:workers";
import { createExecutionContext, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { objectName } from "@factory/schemas";
import type { EventWrite } from "@factory/schemas";
import type { CompileRequest, MediationRpc, SeedRequest, SessionReport } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { MediationAgentDO } from "./mediation-agent-do.ts";
import MediationWorker from "./mediation.worker.ts";
import type { Recorder, RecordedCall } from "./testing/recording-worker.ts";
import { aCompileRequest, anAmendRequest } from "./testing/requests.ts";

function objectOf(request: CompileRequest): DurableObjectStub<MediationAgentDO> {
  // The generated binding does not name the class that this Worker exports.
  return env.MEDIATIONS.getByName(objectName.mediation(request.org, request.sessionId));
}

/** Calls that a neighbour took; structured clones, whatever the runtime's proxies look like. */
async function callsOf(namespace: DurableObjectNamespace, name: string): Promise<RecordedCall[]> {
  // The neighbours of this test are recording Workers under the real names.
  const recorder = namespace.getByName(name) as unknown as Recorder;
  return structuredClone(await recorder.calls());
}

const graphCalls = (request: CompileRequest) => callsOf(env.ARTIFACT_GRAPHS, objectName.artifactGraph(request.org, request.assembly));
const logCalls = (request: CompileRequest) => callsOf(env.SESSION_LOGS, objectName.sessionLog(request.org, request.sessionId));
const sessionCalls = (request: CompileRequest) => callsOf(env.SESSIONS, objectName.session(request.org, request.sessionId));

async function reportOf(request: CompileRequest): Promise<SessionReport> {
  await expect.poll(async () => (await sessionCalls(request)).length).toBe(1);
  const [call] = await sessionCalls(request);
  return call?.args[1] as SessionReport;
}

async function runIdOf(request: CompileRequest): Promise<string> {
  const report = await reportOf(request);
  if (report.kind !== "compiled" || report.report.outcome !== "compiled") throw new Error(JSON.stringify(report));
  return report.report.runId;
}

describe("a mediation object", () => {
  test("compiles over RPC and its alarm carries everything to the neighbours", async () => {
    const request = aCompileRequest("whole");
    const mediation: MediationRpc = objectOf(request);
    expect(await mediation.compile("compile", request)).toEqual({ ok: true });
    // The alarm is due at once: the platform may have run it already.
    await runDurableObjectAlarm(objectOf(request));
    const runId = await runIdOf(request);
    const coordinator = await callsOf(env.COORDINATORS, objectName.coordinator(request.org, runId));
    expect(coordinator.map(({ method }) => method)).toEqual(["seed"]);
    const seed = coordinator[0]?.args[1] as SeedRequest | undefined;
    expect(seed?.beads).toHaveLength(4);
    expect((await graphCalls(request)).length).toBeGreaterThan(0);
    const events = (await logCalls(request)).flatMap(({ args }) => args[1] as EventWrite[]);
    expect(events.filter(({ kind }) => kind === "VERIFICATION_PRODUCED")).toHaveLength(1);
  });

  test("is evicted between the commit and the delivery, and the next incarnation delivers once", async () => {
    const request = aCompileRequest("evicted");
    await runInDurableObject(objectOf(request), async (instance, { storage }) => {
      await instance.compile("compile", request);
      // As if the object had died before the alarm was set: only the outbox rows are left.
      await storage.deleteAlarm();
    });
    await evictDurableObject(objectOf(request));
    await runDurableObjectAlarm(objectOf(request));
    await runIdOf(request);
    await expect
      .poll(() => runInDurableObject(objectOf(request), (_, { storage }) => storage.sql.exec("SELECT count(*) AS n FROM outbox_effects").one()["n"]))
      .toBe(0);
    expect(await sessionCalls(request)).toHaveLength(1);
  });

  test("keeps what an amendment needs through an eviction", async () => {
    const request = aCompileRequest("amended");
    await objectOf(request).compile("compile", request);
    await runDurableObjectAlarm(objectOf(request));
    const runId = await runIdOf(request);
    const [call] = await callsOf(env.COORDINATORS, objectName.coordinator(request.org, runId));
    const seed = call?.args[1] as SeedRequest;
    await evictDurableObject(objectOf(request));
    const amend = anAmendRequest(request, { line: seed.claims[0]?.holdout[0]?.line ?? 0, beadIds: seed.beads.map(({ beadId }) => beadId) });
    expect(await objectOf(request).amend("amend", amend)).toEqual({ ok: true });
    expect(await objectOf(request).amend("amend", amend)).toEqual({ ok: true });
    await runDurableObjectAlarm(objectOf(request));
    await expect
      .poll(async () => (await callsOf(env.COORDINATORS, objectName.coordinator(request.org, runId))).map(({ method }) => method))
      .toEqual(["seed", "reopen"]);
  });

  test("tries again with the next alarm when a neighbour is not there", async () => {
    const request = { ...aCompileRequest("later"), assembly: "later" };
    const graph = env.ARTIFACT_GRAPHS.getByName(objectName.artifactGraph(request.org, request.assembly)) as unknown as Recorder;
    await graph.answerWith([{ ok: false, code: "UNAVAILABLE", message: "not now" }]);
    await objectOf(request).compile("compile", request);
    await runDurableObjectAlarm(objectOf(request));
    await expect.poll(async () => (await graphCalls(request)).length).toBeGreaterThan(0);
    await expect.poll(async () => (await runDurableObjectAlarm(objectOf(request)), (await sessionCalls(request)).length)).toBe(1);
    expect(await graphCalls(request)).toHaveLength(2);
  });

  test("refuses the request of another session", async () => {
    const request = aCompileRequest("mine");
    const answer = await objectOf(request).compile("compile", { ...request, sessionId: aCompileRequest("theirs").sessionId });
    expect(answer).toMatchObject({ ok: false, code: "INTEGRITY" });
  });

  test("refuses to open a database of newer code", async () => {
    const request = aCompileRequest("newer");
    await runInDurableObject(objectOf(request), (_, state) => {
      state.storage.sql.exec("UPDATE durable_migrations SET id = '9999-from-the-future' WHERE id = '0001-mediation'");
      expect(() => new MediationAgentDO(state, env)).toThrow(/newer code/);
    });
  });

  test("applies its migrations once", async () => {
    const request = aCompileRequest("migrated");
    const applied = () =>
      runInDurableObject(objectOf(request), (_, { storage }) =>
        storage.sql.exec("SELECT component, id FROM durable_migrations ORDER BY component, position").toArray(),
      );
    const first = await applied();
    expect(first.map(({ id }) => id)).toContain("0001-mediation");
    await evictDurableObject(objectOf(request));
    expect(await applied()).toEqual(first);
  });
});

test("the Worker serves nothing over HTTP and says that it is well", async () => {
  const worker = new MediationWorker(createExecutionContext(), env);
  expect((await worker.fetch()).status).toBe(404);
  expect(await worker.health()).toEqual({ worker: "mediation", ok: true });
});
