import { env } from "cloudflare:workers";
import { createExecutionContext, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { objectName } from "@factory/schemas";
import type { Clearance, EventWrite } from "@factory/schemas";
import { artifactGraphOf } from "@factory/schemas/rpc";
import type { CompileRequest, MediationRpc, ReopenRequest, SeedRequest, SessionReport, StoredEdge } from "@factory/schemas/rpc";
import { r2BlobStore } from "@factory/workspace";
import { describe, expect, test } from "vitest";
import { MediationAgentDO } from "./mediation-agent-do.ts";
import MediationWorker from "./mediation.worker.ts";
import type { Recorder, RecordedCall } from "./testing/recording-worker.ts";
import { aClearRequest, aCompileRequest, adoptedLineage, anAmendRequest, approvedLineage, receiptLineage } from "./testing/requests.ts";
import type { Lineage } from "./testing/requests.ts";

function objectOf(request: CompileRequest): DurableObjectStub<MediationAgentDO> {
  // The generated binding does not name the class that this Worker exports.
  return env.MEDIATIONS.getByName(objectName.mediation(request.org, request.sessionId));
}

// Everything but the graph is a recording Worker under the real name.
const recorderOf = (namespace: DurableObjectNamespace, name: string): Recorder => namespace.getByName(name) as unknown as Recorder;

/** Calls that a neighbour took; structured clones, whatever the runtime's proxies look like. */
async function callsOf(namespace: DurableObjectNamespace, name: string): Promise<RecordedCall[]> {
  return structuredClone(await recorderOf(namespace, name).calls());
}

const logCalls = (request: CompileRequest) => callsOf(env.SESSION_LOGS, objectName.sessionLog(request.org, request.sessionId));
const sessionCalls = (request: CompileRequest) => callsOf(env.SESSIONS, objectName.session(request.org, request.sessionId));
const graphOf = (request: CompileRequest) => artifactGraphOf(env, request.org, request.assembly);

async function written(request: CompileRequest, { nodes, edges }: Lineage): Promise<void> {
  expect(await graphOf(request).append(nodes, edges)).toMatchObject({ ok: true });
}

/** A request whose intent specification and elucidation are in the graph. */
async function anApprovedRequest(name: string): Promise<CompileRequest> {
  const request = aCompileRequest(name);
  await written(request, approvedLineage(request));
  return request;
}

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

async function seedOf(request: CompileRequest): Promise<SeedRequest> {
  const [call] = await callsOf(env.COORDINATORS, objectName.coordinator(request.org, await runIdOf(request)));
  return call?.args[1] as SeedRequest;
}

const eventsIn = (calls: readonly RecordedCall[]): EventWrite[] => calls.flatMap(({ args }) => args[1] as EventWrite[]);

/** The artifacts that the log was told of. */
async function toldOf(request: CompileRequest) {
  return eventsIn(await logCalls(request)).flatMap((event) => (event.kind === "ARTIFACT_WRITTEN" ? [event.payload] : []));
}

/** Those of some ids that the graph has, as `type id`. */
async function stored(request: CompileRequest, ids: readonly string[]): Promise<string[]> {
  const answer = await graphOf(request).getMany(ids);
  if (!answer.ok) throw new Error(answer.message);
  return answer.nodes.map(({ id, type }) => `${type} ${id}`);
}

/** Ids of everything that caused a node, as the graph knows it. */
async function causesOf(request: CompileRequest, id: string): Promise<string[]> {
  const answer = await graphOf(request).why(id);
  if (!answer.ok) throw new Error(answer.message);
  return answer.nodes.map((node) => node.id);
}

const edgeText = ({ source, rel, target }: Pick<StoredEdge, "source" | "rel" | "target">) => `${source} ${rel} ${target}`;

describe("a mediation object", () => {
  test("compiles over RPC and its alarm carries everything to the neighbours", async () => {
    const request = await anApprovedRequest("whole");
    const mediation: MediationRpc = objectOf(request);
    expect(await mediation.compile("compile", request)).toEqual({ ok: true });
    // The alarm is due at once: the platform may have run it already.
    await runDurableObjectAlarm(objectOf(request));
    const runId = await runIdOf(request);
    const coordinator = await callsOf(env.COORDINATORS, objectName.coordinator(request.org, runId));
    expect(coordinator.map(({ method }) => method)).toEqual(["seed"]);
    expect((await seedOf(request)).beads).toHaveLength(5);
    const events = eventsIn(await logCalls(request));
    expect(events.filter(({ kind }) => kind === "VERIFICATION_PRODUCED")).toHaveLength(1);
  });

  test("tells its health: idle before an order, then seeded, with nothing left in its outbox", async () => {
    const request = await anApprovedRequest("health");
    expect(await objectOf(request).objectHealth()).toMatchObject({ state: "idle", outbox: { pending: 0, oldestAt: null }, schemaVersion: "0001-mediation" });
    await objectOf(request).compile("compile", request);
    await runDurableObjectAlarm(objectOf(request));
    await runIdOf(request);
    await expect
      .poll(async () => (await objectOf(request).objectHealth()).outbox, { timeout: 20_000 })
      .toMatchObject({ pending: 0, oldestAt: null, parked: 0 });
    expect(await objectOf(request).objectHealth()).toMatchObject({ state: "seeded", lastError: null, failingTimers: [] });
  });

  test("leaves in the graph what it tells the log of, and every directive leads back to what was approved", async () => {
    const request = await anApprovedRequest("lineage");
    await objectOf(request).compile("compile", request);
    await runDurableObjectAlarm(objectOf(request));
    const { specificationId, beads } = await seedOf(request);
    const told = await toldOf(request);
    expect(
      await stored(
        request,
        told.map(({ artifactId }) => artifactId),
      ),
    ).toEqual(told.map(({ artifactId, artifactType }) => `${artifactType} ${artifactId}`));
    const { out } = await graphOf(request).edgesOf(specificationId);
    expect(out.map(({ rel }) => rel).sort()).toEqual(["composed_of", "composed_of", "composed_of", "source_ref", "source_ref"]);
    const edges = await Promise.all(told.map(async ({ artifactId }) => (await graphOf(request).edgesOf(artifactId)).out.map(edgeText)));
    expect(told.flatMap((artifact) => artifact.edges?.map(edgeText) ?? []).filter((edge) => !edges.flat().includes(edge))).toEqual([
      // The work graph's edge leaves the intent specification, which this object did not write.
      `${request.intentSpecificationId} compiles_to ${told.find(({ artifactType }) => artifactType === "WorkGraph")?.artifactId ?? ""}`,
    ]);
    for (const { directive } of beads) {
      expect(await causesOf(request, directive.directiveId)).toEqual(
        expect.arrayContaining([specificationId, request.intentSpecificationId, request.elucidationArtifactId]),
      );
    }
  });

  test("is evicted between the commit and the delivery, and the next incarnation delivers once", async () => {
    const request = await anApprovedRequest("evicted");
    await runInDurableObject(objectOf(request), async (instance, { storage }) => {
      await instance.compile("compile", request);
      // As if the object had died before the alarm was set: only the outbox rows are left.
      await storage.deleteAlarm();
    });
    await evictDurableObject(objectOf(request));
    await runDurableObjectAlarm(objectOf(request));
    const { specificationId } = await seedOf(request);
    await expect
      .poll(() => runInDurableObject(objectOf(request), (_, { storage }) => storage.sql.exec("SELECT count(*) AS n FROM outbox_effects").one()["n"]))
      .toBe(0);
    expect(await sessionCalls(request)).toHaveLength(1);
    expect(await stored(request, [specificationId])).toHaveLength(1);
  });

  test.each([true, false])(
    "writes a clearance that leads to the receipt of its approval where that is known (%s), and another on request after an eviction",
    async (known) => {
      const request = await anApprovedRequest(`clearance-${String(known)}`);
      if (known) await written(request, receiptLineage(request));
      await objectOf(request).compile("compile", request);
      await runDurableObjectAlarm(objectOf(request));
      const { clearance, specificationId } = await seedOf(request);
      const receipt = request.clearance?.approvalId ?? "";
      const targetsOf = async (id: string) => (await graphOf(request).edgesOf(id)).out.map(({ rel, target }) => `${rel} ${target}`).sort();
      const sources = [`source_ref ${request.intentSpecificationId}`, `source_ref ${specificationId}`, ...(known ? [`derived_from ${receipt}`] : [])];
      expect(await targetsOf(clearance?.clearanceId ?? "")).toEqual(sources.toSorted());
      await evictDurableObject(objectOf(request));
      expect(await objectOf(request).clear("clear", aClearRequest(request))).toEqual({ ok: true });
      await runDurableObjectAlarm(objectOf(request));
      const coordinator = async () => callsOf(env.COORDINATORS, objectName.coordinator(request.org, await runIdOf(request)));
      await expect.poll(async () => (await coordinator()).map(({ method }) => method)).toEqual(["seed", "clear"]);
      const given = (await coordinator())[1]?.args[1] as Clearance;
      expect(given.clearanceId).not.toBe(clearance?.clearanceId);
      expect(await targetsOf(given.clearanceId)).toEqual([...sources, `corrects ${clearance?.clearanceId ?? ""}`].toSorted());
      expect(await causesOf(request, given.clearanceId)).toEqual(expect.arrayContaining([specificationId, request.intentSpecificationId]));
    },
  );

  test("keeps what an amendment needs through an eviction", async () => {
    const request = await anApprovedRequest("amended");
    await objectOf(request).compile("compile", request);
    await runDurableObjectAlarm(objectOf(request));
    const { runId, specificationId, claims, beads } = await seedOf(request);
    await evictDurableObject(objectOf(request));
    const amend = anAmendRequest(request, { line: claims[0]?.holdout[0]?.line ?? 0, beadIds: beads.map(({ beadId }) => beadId) });
    await written(request, adoptedLineage(amend, specificationId));
    expect(await objectOf(request).amend("amend", amend)).toEqual({ ok: true });
    expect(await objectOf(request).amend("amend", amend)).toEqual({ ok: true });
    await runDurableObjectAlarm(objectOf(request));
    const coordinatorCalls = () => callsOf(env.COORDINATORS, objectName.coordinator(request.org, runId));
    await expect.poll(async () => (await coordinatorCalls()).map(({ method }) => method)).toEqual(["seed", "reopen"]);
    const [, reopened] = await coordinatorCalls();
    const reopen = reopened?.args[1] as ReopenRequest;
    expect(reopen.directives).toHaveLength(5);
    for (const { directiveId } of reopen.directives) expect(await causesOf(request, directiveId)).toContain(amend.amendmentId);
  });

  test("tries again with the next alarm when a neighbour is not there", async () => {
    const request = await anApprovedRequest("later");
    await recorderOf(env.SESSION_LOGS, objectName.sessionLog(request.org, request.sessionId)).answerWith([
      { ok: false, code: "UNAVAILABLE", message: "not now" },
    ]);
    await objectOf(request).compile("compile", request);
    await runDurableObjectAlarm(objectOf(request));
    await expect.poll(async () => (await logCalls(request)).length).toBeGreaterThan(0);
    await expect.poll(async () => (await runDurableObjectAlarm(objectOf(request)), (await sessionCalls(request)).length)).toBe(1);
    const [refused, ...taken] = await logCalls(request);
    const ids = eventsIn(taken).map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(eventsIn(refused === undefined ? [] : [refused]).map(({ eventId }) => eventId)));
  });

  test("tells the session what the graph refuses for good, and seeds nothing", async () => {
    const request = aCompileRequest("unapproved");
    await objectOf(request).compile("compile", request);
    await runDurableObjectAlarm(objectOf(request));
    expect(await reportOf(request)).toMatchObject({
      kind: "compiled",
      report: { outcome: "refused", remediation: [expect.stringMatching(/^graph did not take .*INTEGRITY.* IS-/)] },
    });
    expect(await logCalls(request)).toEqual([]);
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

describe("an order on a starting tree", () => {
  /** Stores the files and asks for a compile on them. */
  async function compiledOn(name: string, files: { readonly [path: string]: string }): Promise<CompileRequest> {
    const store = r2BlobStore(env.BLOBS);
    const stored = await Promise.all(Object.entries(files).map(async ([path, content]) => [path, await store.put(new TextEncoder().encode(content))] as const));
    const request: CompileRequest = { ...(await anApprovedRequest(name)), baseTree: Object.fromEntries(stored) };
    expect(await objectOf(request).compile("compile-1", request)).toEqual({ ok: true });
    return request;
  }

  test("changes the function where the stored files have it, and reads what they import", async () => {
    const request = await compiledOn("brownfield", {
      "src/numbers.ts":
        'import { one } from "./one.ts";\n\nexport function lineTotal(price: number, quantity: number): number {\n  return price + quantity + one;\n}\n',
      "src/one.ts": "export const one = 1;\n",
      "src/unrelated.ts": "export const unrelated = 1;\n",
    });
    const [bead] = (await seedOf(request)).beads;
    expect(bead?.title).toBe("Change lineTotal");
    expect(bead?.directive.fileScope).toEqual({ read: ["src/numbers.ts", "src/one.ts"], write: ["src/numbers.ts"] });
  });

  test("is refused where a new file would replace one, with the path named", async () => {
    const request = await compiledOn("taken", { "src/line-total.ts": "export const other = 1;\n" });
    expect(await reportOf(request)).toMatchObject({
      report: {
        outcome: "refused",
        code: "GATE_REFUSED",
        remediation: expect.arrayContaining([expect.stringContaining("src/line-total.ts is in the starting tree already")]),
      },
    });
  });

  test("is not compiled while a file of the tree is not stored", async () => {
    const request: CompileRequest = { ...(await anApprovedRequest("lost")), baseTree: { "src/line-total.ts": "0".repeat(64) } };
    expect(await objectOf(request).compile("compile-1", request)).toMatchObject({ ok: false, code: "UNAVAILABLE" });
    expect(await sessionCalls(request)).toEqual([]);
  });
});
