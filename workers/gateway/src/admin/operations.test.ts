import { objectName, sessionIdOf } from "@factory/schemas";
import { ObjectKind, ObjectStanding } from "@factory/schemas/proto";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { storeCredentials, type Credentials } from "../testing/builders.ts";
import { clientsOf, expectRefusal, put } from "../testing/clients.ts";
import { register } from "../testing/lineage.ts";

const SESSION = sessionIdOf("acme", "WO-1", "operations");

let acme: Credentials;
let other: Credentials;
let submitter: Credentials;

/** The object is the double of `testing/neighbours.mjs`. */
async function commission(sessionId: string): Promise<void> {
  const session = env.SESSIONS.getByName(objectName.session("acme", sessionId)) as unknown as { commission(request: object): Promise<object> };
  await session.commission({ org: "acme", sessionId, workOrderId: "WO-1", order: { title: "Hold" }, envelopeDigest: "d" });
}

beforeAll(async () => {
  acme = await storeCredentials(put, "acme", ["session:read"]);
  other = await storeCredentials(put, "other", ["session:read"]);
  submitter = await storeCredentials(put, "acme", ["session:submit"]);
  await commission(SESSION);
});

const healthOf = async (sessionId = SESSION) => clientsOf(acme.apiKey).admin.objectHealth({ sessionId });

describe("ObjectHealth", () => {
  it("lists the session's own objects, its operatives and its log, then what it shares", async () => {
    await register(env.BLOBS, "acme", ["shop"]);
    const { sessionId, sessionState, objects } = await healthOf();
    const run = `RUN-of-${SESSION}`;
    expect([sessionId, sessionState]).toEqual([SESSION, "COMMISSIONING"]);
    expect(objects.map(({ kind, name }) => [kind, name])).toEqual([
      [ObjectKind.SESSION, objectName.session("acme", SESSION)],
      [ObjectKind.MEDIATION, objectName.mediation("acme", SESSION)],
      [ObjectKind.COORDINATOR, objectName.coordinator("acme", run)],
      // The read model knows slot 0; slot 2 holds a lease now.
      [ObjectKind.OPERATIVE, objectName.operative("acme", run, 0)],
      [ObjectKind.OPERATIVE, objectName.operative("acme", run, 2)],
      [ObjectKind.SESSION_LOG, objectName.sessionLog("acme", SESSION)],
      [ObjectKind.ASSEMBLY_LOG, objectName.assemblyLog("acme", "shop")],
      [ObjectKind.ARTIFACT_GRAPH, objectName.artifactGraph("acme", "shop")],
      [ObjectKind.SOURCE_GRAPH, objectName.sourceGraph("acme")],
      [ObjectKind.BEAD_GRAPH, objectName.beadGraph("acme")],
      [ObjectKind.CAPACITY, objectName.capacity("acme")],
      [ObjectKind.DIRECTORY, objectName.directory("acme")],
      [ObjectKind.SIGNAL_DESK, objectName.signalDesk("acme")],
      [ObjectKind.LINEAR_PROJECTION, objectName.linearProjection("acme")],
    ]);
  });

  it("tells leases, outbox and storage of an object, and what it does not have is absent", async () => {
    const { objects } = await healthOf();
    const coordinator = objects.find(({ kind }) => kind === ObjectKind.COORDINATOR);
    expect(coordinator).toMatchObject({
      standing: ObjectStanding.ANSWERED,
      state: "open",
      storageBytes: 20_480n,
      outbox: { pending: 1, worstAttempts: 7, parked: 1 },
      leases: [{ beadId: "BEAD-1", slot: 2, epoch: 4, expired: true }],
      lastError: "The log refused it.",
      schemaVersion: "0001-double",
    });
    expect(coordinator?.nextAlarm).toBeUndefined();
    const graph = objects.find(({ kind }) => kind === ObjectKind.BEAD_GRAPH);
    expect(graph?.storageBytes).toBeGreaterThan(0n);
    for (const field of ["state", "outbox", "lastError", "nextAlarm", "problem"] as const) expect(graph?.[field]).toBeUndefined();
  });

  it("keeps an object that did not answer and one that was never used apart from one that has nothing", async () => {
    await register(env.BLOBS, "acme", []);
    const { objects } = await healthOf();
    const capacity = objects.find(({ kind }) => kind === ObjectKind.CAPACITY);
    expect(capacity).toMatchObject({ standing: ObjectStanding.SILENT, problem: "the object was reset" });
    expect(capacity?.storageBytes).toBeUndefined();
    const unused = objects.filter(({ standing }) => standing === ObjectStanding.NEVER_USED);
    expect(unused.map(({ kind }) => kind)).toEqual([ObjectKind.ASSEMBLY_LOG, ObjectKind.ARTIFACT_GRAPH, ObjectKind.SOURCE_GRAPH]);
    expect(unused.every(({ storageBytes, schemaVersion }) => storageBytes === undefined && schemaVersion === undefined)).toBe(true);
  });

  it("is for those who may read sessions, and of their own org's", async () => {
    await expectRefusal("NOT_FOUND", () => clientsOf(other.apiKey).admin.objectHealth({ sessionId: SESSION }));
    await expectRefusal("PERMISSION_DENIED", () => clientsOf(submitter.apiKey).admin.objectHealth({ sessionId: SESSION }));
    await expectRefusal("INVALID_ARGUMENT", () => clientsOf(acme.apiKey).admin.objectHealth({}));
  });
});

describe("Operations", () => {
  it("tells Workers, dead letters and how many leases in a hundred were taken back; without claims there is no rate", async () => {
    const { workers, deadLetters, rescueRates } = await clientsOf(acme.apiKey).admin.operations({});
    expect(workers.map(({ worker, ok }) => [worker, ok])).toContainEqual(["pipeline", true]);
    expect(deadLetters).toMatchObject({
      count: 2n,
      lastDay: 1n,
      unattributed: 3n,
      queues: [{ queue: "atoms", count: 2n }],
      letters: [{ queue: "atoms", key: "m-1", ids: { run: "RUN-1", asked: "20" }, reason: "gone" }],
    });
    expect(rescueRates).toMatchObject([
      { windowSeconds: 3_600, claims: 0n, rescues: 0n },
      { windowSeconds: 86_400, claims: 8n, rescues: 2n, rate: 0.25 },
    ]);
    expect(rescueRates[0]?.rate).toBeUndefined();
  });

  it("sums leases, outboxes and storage over the open sessions, 50 unless asked otherwise, and says that there are more", async () => {
    await commission("SES-acme-50");
    const { sessions, moreSessions, totals, storage, organisation } = await clientsOf(acme.apiKey).admin.operations({});
    expect(moreSessions).toBe(true);
    const outbox = { pending: 3, worstAttempts: 7, parked: 1 };
    expect(sessions).toMatchObject([
      { sessionId: "SES-acme-50", state: "COMMISSIONING", runId: "RUN-of-SES-acme-50", leasesHeld: 1, leasesExpired: 1, outbox, lag: { seq: 0n } },
    ]);
    expect(sessions[0]?.objects.map(({ kind }) => kind)).toEqual([ObjectKind.SESSION, ObjectKind.MEDIATION, ObjectKind.COORDINATOR]);
    // The slots' object did not answer; it is no open session's.
    expect(totals).toMatchObject({ leasesHeld: 1, leasesExpired: 1, outbox, silent: 0 });
    expect(totals?.eventsBehind).toBeUndefined();
    expect(organisation.map(({ kind, standing }) => [kind, standing])).toEqual([
      [ObjectKind.SOURCE_GRAPH, ObjectStanding.NEVER_USED],
      [ObjectKind.BEAD_GRAPH, ObjectStanding.ANSWERED],
      [ObjectKind.CAPACITY, ObjectStanding.SILENT],
      [ObjectKind.DIRECTORY, ObjectStanding.ANSWERED],
      [ObjectKind.SIGNAL_DESK, ObjectStanding.ANSWERED],
      [ObjectKind.LINEAR_PROJECTION, ObjectStanding.ANSWERED],
    ]);
    const coordinators = storage.find(({ kind }) => kind === ObjectKind.COORDINATOR);
    expect(coordinators).toMatchObject({
      objects: 1,
      bytes: 20_480n,
      largestName: objectName.coordinator("acme", "RUN-of-SES-acme-50"),
      largestBytes: 20_480n,
    });
    expect(storage.map(({ kind }) => kind)).not.toContain(ObjectKind.CAPACITY);
  });

  it("shows what is stuck on its way to Linear and to subscribers; an org that is not in Linear has nothing there", async () => {
    const { organisation, storage } = await clientsOf(acme.apiKey).admin.operations({});
    const ofKind = (kind: ObjectKind) => organisation.find((object) => object.kind === kind);
    const projection = ofKind(ObjectKind.LINEAR_PROJECTION);
    expect(projection).toMatchObject({ outbox: { pending: 2, worstAttempts: 20, parked: 1 }, lastError: "Linear refused it." });
    expect(projection?.nextAlarm).toBeDefined();
    expect(ofKind(ObjectKind.SIGNAL_DESK)).toMatchObject({ outbox: { pending: 4, worstAttempts: 9, parked: 0 } });
    expect(storage.map(({ kind }) => kind)).toEqual(expect.arrayContaining([ObjectKind.DIRECTORY, ObjectKind.SIGNAL_DESK, ObjectKind.LINEAR_PROJECTION]));
    const elsewhere = (await clientsOf(other.apiKey).admin.operations({})).organisation.find(({ kind }) => kind === ObjectKind.LINEAR_PROJECTION);
    expect(elsewhere).toMatchObject({ standing: ObjectStanding.NEVER_USED, name: objectName.linearProjection("other") });
    expect(elsewhere?.outbox).toBeUndefined();
  });

  it("knows nothing of leases where no coordinator was there to ask", async () => {
    const { sessions, totals } = await clientsOf(acme.apiKey).admin.operations({ limit: 3 });
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual(["SES-acme-3"]);
    expect(sessions[0]?.leasesHeld).toBeUndefined();
    expect(totals?.leasesHeld).toBeUndefined();
  });

  it("has bounds, and tells an org of its own alone", async () => {
    await expectRefusal("INVALID_ARGUMENT", () => clientsOf(acme.apiKey).admin.operations({ limit: 101 }));
    await expectRefusal("INVALID_ARGUMENT", () => clientsOf(acme.apiKey).admin.operations({ deadLetters: 101 }));
    await expectRefusal("PERMISSION_DENIED", () => clientsOf(submitter.apiKey).admin.operations({}));
    const { deadLetters, sessions } = await clientsOf(other.apiKey).admin.operations({});
    expect(deadLetters?.letters).toEqual([]);
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual(["SES-other-50"]);
  });
});
