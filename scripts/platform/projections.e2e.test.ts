/** The read model beside the log on the real platform: what D1 has is what the log says, and a rebuild changes nothing. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { followSession, needsPerson, submitAndFollow } from "@factory/cli";
import { ulidId } from "@factory/schemas";
import { SessionEventKind, type SessionEvent } from "@factory/schemas/proto";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { generatedOrder } from "../lib/generated-order.ts";
import { expectWholeLog } from "../testing/log-checks.ts";
import { answerReview } from "../testing/reviews.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

let platform: TestPlatform;
let stateDirectory: string;
beforeAll(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "factory-projections-"));
  platform = await startTestPlatform({ stateDirectory });
});
afterAll(async () => {
  await platform?.dispose();
  rmSync(stateDirectory, { recursive: true, force: true });
});

type SqlRow = { readonly [column: string]: unknown };

/** The platform's D1, as it is on disk. */
function query(sql: string, ...params: string[]): SqlRow[] {
  const path = readdirSync(stateDirectory, { recursive: true, encoding: "utf8" }).find((name) => isReadModel(join(stateDirectory, name)));
  if (path === undefined) throw new Error("There is no database with the read model.");
  using database = new DatabaseSync(join(stateDirectory, path), { readOnly: true });
  return database.prepare(sql).all(...params);
}

function isReadModel(path: string): boolean {
  if (!path.endsWith(".sqlite")) return false;
  using database = new DatabaseSync(path, { readOnly: true });
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'projection_cursors'").all().length > 0;
}

const TABLES = [
  "session_views",
  "session_transitions",
  "beads",
  "bead_transitions",
  "artifacts",
  "artifact_edges",
  "verifications",
  "reviews",
  "passes",
] as const;

const rowsOf = (sessionId: string): string =>
  JSON.stringify(
    [...TABLES, "model_costs"].map((table) =>
      query(`SELECT * FROM ${table} WHERE session_id = ? ORDER BY seq, rowid`, sessionId)
        .map((row) => JSON.stringify(row))
        .sort(),
    ),
  );

async function wholeLog(sessionId: string): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  for await (const { event } of platform.client.gateway.resumeStream({ sessionId, replayOnly: true })) if (event !== undefined) events.push(event);
  return events;
}

async function caughtUp(sessionId: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const { sessions } = await platform.client.admin.projectionLag({ sessionId });
      expect(sessions).toMatchObject([{ closed: true }]);
      expect(sessions[0]?.seq).toBe(sessions[0]?.tipSeq);
    },
    { timeout: 30_000, interval: 100 },
  );
}

type Appended = { readonly status: number; readonly answer: SqlRow };

/** What a runner outside of any language does: one POST. */
async function appendOutside(token: string, sessionId: string, event: object): Promise<Appended> {
  const response = await fetch(`${platform.url}/factory.v1.FactoryProducer/AppendEvents`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ sessionId, events: [event] }),
  });
  return { status: response.status, answer: (await response.json()) as SqlRow };
}

it("carries a session with a runner outside into rows that say what its log says, and makes them again byte-equal", async () => {
  const order = generatedOrder(4).replace("review_mode: auto", "review_mode: human");
  const { admin } = platform.client;
  const waiting = await submitAndFollow(platform.client, await platform.requestText(order), { until: needsPerson });
  const { sessionId, openReview } = waiting;
  const { token } = await admin.issueProducerToken({ sessionId, streams: ["sessionEvents"], ttlSeconds: 600, producer: "outside" });
  const call = { alias: "a", provider: "p", modelId: "m", purpose: "outside", promptHash: "h", durationMs: 1, outcome: "ok" };
  const event = { eventId: ulidId("EVT"), kind: "SESSION_EVENT_KIND_MODEL_CALLED", modelCall: call };
  expect(await appendOutside(token, sessionId, event)).toMatchObject({ status: 200, answer: { appended: 1 } });
  expect((await appendOutside(token, sessionId, event)).answer).not.toHaveProperty("appended");

  expect(openReview).toBeDefined();
  if (openReview !== undefined) await answerReview(platform.client, sessionId, openReview, { decision: "approved" });
  const ended = await followSession(platform.client, sessionId, { from: waiting });
  expect(ended.terminal?.outcome, ended.terminal?.reason).toBe("COMPLETED");
  const late = { ...event, eventId: ulidId("EVT") };
  expect(await appendOutside(token, sessionId, late)).toMatchObject({ answer: { code: "failed_precondition" } });
  await expect(admin.issueProducerToken({ sessionId, streams: ["sessionEvents"], ttlSeconds: 600, producer: "outside" })).rejects.toThrow("has ended");

  await caughtUp(sessionId);
  const events = await wholeLog(sessionId);
  expectWholeLog(events);
  expectRows(sessionId, events);

  const before = rowsOf(sessionId);
  expect(await admin.reproject({ sessionId })).toMatchObject({ seq: BigInt(events.length), quarantined: 0 });
  expect(rowsOf(sessionId)).toBe(before);

  await platform.crashAndRestart();
  expect(rowsOf(sessionId)).toBe(before);
  expect(await admin.reproject({ sessionId })).toMatchObject({ seq: BigInt(events.length) });
  expect(rowsOf(sessionId)).toBe(before);
});

function expectRows(sessionId: string, events: readonly SessionEvent[]): void {
  const last = events.at(-1);
  const [view] = query("SELECT * FROM session_views WHERE session_id = ?", sessionId);
  expect(view).toMatchObject({ state: "COMPLETED", outcome: "COMPLETED", seq: events.length, root_hash: last?.hash, beads_leased: 0, beads_failed: 0 });
  const steps = events.flatMap(({ seq, payload }) => (payload.case === "bead" ? [{ seq: Number(seq), ...payload.value }] : []));
  const stored = query("SELECT seq, bead_id, to_state FROM bead_transitions WHERE session_id = ? ORDER BY seq", sessionId);
  expect(stored).toEqual(steps.map(({ seq, beadId, toState }) => ({ seq, bead_id: beadId, to_state: toState })));
  const states = new Map(steps.map(({ beadId, toState }) => [beadId, toState]));
  const beads = query("SELECT bead_id, state FROM beads WHERE session_id = ?", sessionId);
  expect(new Map(beads.map((row) => [row["bead_id"], row["state"]]))).toEqual(states);
  expect(view?.["beads_done"]).toBe([...states.values()].filter((state) => state === "DONE").length);
  const artifacts = new Set(events.flatMap(({ payload }) => (payload.case === "artifact" ? [payload.value.artifactId] : [])));
  expect(query("SELECT artifact_id FROM artifacts WHERE session_id = ?", sessionId)).toHaveLength(artifacts.size);
  const calls = events.filter(({ kind }) => kind === SessionEventKind.MODEL_CALLED);
  expect(query("SELECT seq FROM model_costs WHERE session_id = ?", sessionId)).toHaveLength(calls.length);
  expect(query("SELECT cost_usd FROM model_costs WHERE session_id = ? AND purpose = 'outside'", sessionId)).toEqual([{ cost_usd: null }]);
  expect(query("SELECT decision FROM reviews WHERE session_id = ?", sessionId)).toEqual([{ decision: "approved" }]);
  expect(query("SELECT * FROM quarantined_events WHERE session_id = ?", sessionId)).toEqual([]);
}
