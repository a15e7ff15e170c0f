/** What the factory says of its own operations, on the real platform: the objects of a session, and a message that died. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFactoryClient, signedRequest, submitAndFollow, type FactoryClient } from "@factory/cli";
import { newApiKey } from "@factory/governance";
import { ObjectKind, ObjectStanding, type DurableObjectHealth } from "@factory/schemas/proto";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ensureDevKey } from "../lib/dev-key.ts";
import { REPOSITORY } from "../lib/repository.ts";
import { run } from "../lib/run.ts";
import { generatedOrder } from "../lib/generated-order.ts";
import { startPlatform, type Platform } from "./platform.ts";
import { freePort } from "./ports.ts";

let stateDirectory: string;
let platform: Platform;
let client: FactoryClient;
let sessionId: string;

async function start(): Promise<void> {
  platform = await startPlatform({ port: await freePort(), stateDirectory });
  client = createFactoryClient({ url: platform.url, apiKey: platform.key.apiKey });
}

beforeAll(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "factory-operations-"));
  await start();
  const request = await signedRequest({ text: generatedOrder(4), files: [], parsed: undefined, faults: [] }, ensureDevKey());
  const ended = await submitAndFollow(client, request);
  if (ended.terminal?.outcome !== "COMPLETED") throw new Error(`The session did not complete: ${ended.terminal?.reason ?? "it has not ended"}`);
  ({ sessionId } = ended);
});
afterAll(async () => {
  await platform?.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

const ofKind = (objects: readonly DurableObjectHealth[], kind: ObjectKind): DurableObjectHealth[] => objects.filter((object) => object.kind === kind);

async function healthOfSession(): Promise<DurableObjectHealth[]> {
  return (await client.admin.objectHealth({ sessionId })).objects;
}

/** The read model has the session's last event, and with it which slots have worked. */
async function caughtUp(): Promise<void> {
  const done = async (): Promise<void> => expect((await client.admin.projectionLag({ sessionId })).sessions).toMatchObject([{ closed: true }]);
  await vi.waitFor(done, { timeout: 30_000, interval: 100 });
}

it("lists the objects of a completed session with their storage, their schema and an outbox that is empty", async () => {
  await caughtUp();
  const objects = await healthOfSession();
  const used = [
    ObjectKind.SESSION,
    ObjectKind.MEDIATION,
    ObjectKind.COORDINATOR,
    ObjectKind.OPERATIVE,
    ObjectKind.SESSION_LOG,
    ObjectKind.ASSEMBLY_LOG,
    ObjectKind.ARTIFACT_GRAPH,
    ObjectKind.BEAD_GRAPH,
    ObjectKind.CAPACITY,
    ObjectKind.DIRECTORY,
  ];
  for (const kind of used) {
    const found = ofKind(objects, kind);
    expect(found.length, ObjectKind[kind]).toBeGreaterThan(0);
    for (const object of found) {
      expect(object.standing, object.problem).toBe(ObjectStanding.ANSWERED);
      expect(object.storageBytes).toBeGreaterThan(4_096n);
      expect(object.schemaVersion).toMatch(/^\d{4}-/);
    }
  }
  const stateOf = (kind: ObjectKind): unknown => ofKind(objects, kind)[0]?.state;
  expect([ObjectKind.SESSION, ObjectKind.MEDIATION, ObjectKind.COORDINATOR, ObjectKind.SESSION_LOG].map(stateOf)).toEqual([
    "COMPLETED",
    "seeded",
    "accepted",
    "closed",
  ]);
  // Nothing was amended, so nothing was ever put among the organisation's sources.
  expect(ofKind(objects, ObjectKind.SOURCE_GRAPH)).toMatchObject([{ standing: ObjectStanding.NEVER_USED }]);
  // Nothing was signalled, and nothing is shown in Linear: being asked whether work is suspended, and how they do, makes neither.
  for (const kind of [ObjectKind.SIGNAL_DESK, ObjectKind.LINEAR_PROJECTION]) {
    expect(ofKind(objects, kind), ObjectKind[kind]).toMatchObject([{ standing: ObjectStanding.NEVER_USED }]);
  }
  await vi.waitFor(
    async () => {
      const outboxes = (await healthOfSession()).flatMap(({ outbox }) => outbox ?? []);
      // Of the session, of its mediation, of its run, and of the directory.
      expect(outboxes).toHaveLength(4);
      for (const outbox of outboxes) expect(outbox).toMatchObject({ pending: 0, parked: 0 });
    },
    { timeout: 30_000, interval: 200 },
  );
});

it("sums the organisation's operations: every Worker is well, every claim is counted, nothing is open", async () => {
  const { workers, rescueRates, sessions, moreSessions, totals, organisation } = await client.admin.operations({});
  expect(workers.filter(({ ok }) => !ok)).toEqual([]);
  expect(workers.map(({ worker }) => worker)).toEqual(expect.arrayContaining(["commissioning", "pipeline", "stream", "graphql"]));
  expect(rescueRates).toMatchObject([{ windowSeconds: 3_600, rescues: 0n, rate: 0 }, { windowSeconds: 86_400 }]);
  expect(rescueRates[0]?.claims).toBeGreaterThanOrEqual(4n);
  expect([sessions, moreSessions, totals?.leasesHeld]).toEqual([[], false, undefined]);
  expect(organisation.filter(({ standing }) => standing === ObjectStanding.ANSWERED).map(({ kind }) => kind)).toEqual([
    ObjectKind.BEAD_GRAPH,
    ObjectKind.CAPACITY,
    ObjectKind.DIRECTORY,
  ]);
});

it("is told on the command line, as tables and as one JSON object", async () => {
  const program = join(REPOSITORY, "packages", "cli", "bin", "factory.mjs");
  const factory = (...args: string[]) => run(process.execPath, [program, "admin", ...args, "--url", platform.url, "--key", platform.key.apiKey]);
  const health = await factory("health", sessionId);
  expect(health.code, health.output).toBe(0);
  expect(health.output).toMatch(/^session +COMPLETED +[\d.]+ KiB +empty /m);
  expect(health.output).toMatch(/^source graph +never used +- /m);
  const operations = await factory("operations");
  expect(operations.output).toMatch(/^rescues +0 of \d+ claims in 1 h \(0\.0 %\)/m);
  expect(operations.output).toMatch(/^dead letters +0, 0 in the last day$/m);
  const json: unknown = JSON.parse((await factory("operations", "--json")).output);
  expect(json).toMatchObject({ outcome: "COMPLETED", deadLetters: { count: "0" }, sessions: [], moreSessions: false, totals: { silent: 0 } });
  expect(json).not.toHaveProperty("totals.leasesHeld");
});

it("finds no session of another organisation, and tells it of none", async () => {
  const { apiKey, storageKey, record } = newApiKey("elsewhere", "stranger", ["session:read"], Date.now());
  const config = await platform.miniflare.getKVNamespace("CONFIG", "factory-gateway");
  await config.put(storageKey, JSON.stringify(record));
  const stranger = createFactoryClient({ url: platform.url, apiKey });
  await expect(stranger.admin.objectHealth({ sessionId })).rejects.toThrow("There is no session");
  const { sessions, rescueRates, deadLetters } = await stranger.admin.operations({});
  expect(sessions).toEqual([]);
  expect(rescueRates.map(({ claims }) => claims)).toEqual([0n, 0n]);
  expect(deadLetters).toMatchObject({ count: 0n, letters: [] });
});

/** Takes a table away from the operative in slot 0, so that it fails whenever it is woken. */
function breakOperative(): void {
  const holds = (path: string): boolean => {
    using database = new DatabaseSync(path, { readOnly: true });
    if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'operative_identity'").all().length === 0) return false;
    return database.prepare("SELECT 1 FROM operative_identity WHERE slot = 0").all().length > 0;
  };
  const names = readdirSync(stateDirectory, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".sqlite"));
  const path = names.map((name) => join(stateDirectory, name)).find(holds);
  if (path === undefined) throw new Error("No operative works in slot 0.");
  using database = new DatabaseSync(path);
  database.exec("DROP TABLE operative_identity");
}

it("tells of a message that died: a wake-up whose object fails each time it comes", async () => {
  const { runId } = await client.admin.objectHealth({ sessionId });
  if (runId === undefined) throw new Error("The session has no run.");
  expect((await client.admin.operations({})).deadLetters).toMatchObject({ count: 0n });
  await platform.stop();
  breakOperative();
  await start();
  const { org } = platform.key;
  const atoms = await platform.miniflare.getQueueProducer<{ org: string; runId: string; slot: number }>("ATOMS", "factory-pipeline");
  await atoms.send({ org, runId, slot: 0 });
  await vi.waitFor(
    async () => {
      const { deadLetters } = await client.admin.operations({});
      expect(deadLetters).toMatchObject({ count: 1n, lastDay: 1n, queues: [{ queue: "atoms", count: 1n }] });
      expect(deadLetters?.letters).toMatchObject([{ queue: "atoms", ids: { run: runId, slot: "0" }, reason: expect.stringContaining("atoms") }]);
      expect(deadLetters?.letters[0]?.bodyDigest).toMatch(/^[0-9a-f]{64}$/);
    },
    { timeout: 60_000, interval: 250 },
  );
});
