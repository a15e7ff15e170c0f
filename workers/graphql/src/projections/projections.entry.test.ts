import { applyD1Migrations, createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { QUEUES, sessionIdOf, ulidId, type EventWrite } from "@factory/schemas";
import { sessionLogOf } from "@factory/schemas/rpc";
import { getTableName } from "drizzle-orm";
import { beforeAll, describe, expect, test, vi } from "vitest";
import GraphqlWorker from "../graphql.worker.ts";
import { READ_MODEL, TABLE_NAMES } from "./read-model.ts";
import { beadStep, said, submitted, type Said } from "./testing/logs.ts";

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS));

const ORG = "acme";
let made = 0;

function aSession(): string {
  made += 1;
  return sessionIdOf(ORG, "WO-1", `env-${made}`);
}

/** Appends to a session's real log, which sends the queue's messages by itself. */
async function append(sessionId: string, things: readonly Said[]): Promise<void> {
  const events = things.map((thing) => ({ eventId: ulidId("EVT"), occurredAt: Date.now(), ...thing }) as EventWrite);
  const identity = { org: ORG, sessionId, workOrderId: "WO-1", assemblyId: "shop" };
  expect(await sessionLogOf(env, ORG, sessionId).append(identity, events)).toMatchObject({ ok: true });
}

async function rowsOf(sessionId: string): Promise<string> {
  const tables = await Promise.all(
    TABLE_NAMES.map(async (name) => {
      const table = getTableName(READ_MODEL[name].table);
      const { results } = await env.DB.prepare(`SELECT * FROM ${table} WHERE session_id = ?1 ORDER BY seq, rowid`).bind(sessionId).all();
      return [table, results.map((row) => JSON.stringify(row)).sort()];
    }),
  );
  return JSON.stringify(tables);
}

/** Waits until the rows have what the log has. */
async function caughtUp(sessionId: string, seq: number): Promise<void> {
  await vi.waitFor(async () => expect(await exports.default.lagOf(ORG, sessionId)).toMatchObject({ seq, tipSeq: seq }), { timeout: 20_000, interval: 50 });
}

describe("the read model in D1", () => {
  test("follows real logs through the real queue, and a rebuild gives the same rows", async () => {
    const sessionId = aSession();
    await append(sessionId, [submitted, beadStep(), beadStep({ beadId: "BEAD-2" })]);
    await append(sessionId, [beadStep({ fromState: "READY", toState: "LEASED", epoch: 1 }, "BEAD_CLAIMED")]);
    await caughtUp(sessionId, 4);
    expect(await env.DB.prepare("SELECT state, beads_ready, beads_leased FROM session_views WHERE session_id = ?1").bind(sessionId).first()).toEqual({
      state: "SUBMITTED",
      beads_ready: 1,
      beads_leased: 1,
    });
    await append(sessionId, [said("SESSION_COMPLETED", { outcome: "COMPLETED", reason: "done", fromState: "DELIVERING" })]);
    await caughtUp(sessionId, 5);

    const before = await rowsOf(sessionId);
    expect(await exports.default.reproject(ORG, sessionId)).toEqual({ ok: true, seq: 5, tipSeq: 5, quarantined: 0, pages: 1 });
    expect(await rowsOf(sessionId)).toBe(before);
    expect(before).toContain("COMPLETED");
  });

  test("is the same when deliveries of one session race", async () => {
    const sessionId = aSession();
    await append(sessionId, [submitted, ...Array.from({ length: 300 }, (_, index) => beadStep({ beadId: `BEAD-${index % 40}` }))]);
    const message = (id: string) => ({ id, timestamp: new Date(), attempts: 1, body: { org: ORG, sessionId, fromSeq: 1, toSeq: 301 } });
    const worker = new GraphqlWorker(createExecutionContext(), env);
    await Promise.all(
      ["a", "b", "c"].map(async (id) => {
        const batch = createMessageBatch(QUEUES.projections, [message(id)]);
        await worker.queue(batch);
        expect(await getQueueResult(batch, createExecutionContext())).toMatchObject({ explicitAcks: [id], retryMessages: [] });
      }),
    );
    const before = await rowsOf(sessionId);
    await exports.default.reproject(ORG, sessionId);
    expect(await rowsOf(sessionId)).toBe(before);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM bead_transitions WHERE session_id = ?1").bind(sessionId).first("n")).toBe(300);
  });

  test("refuses to rebuild from a log without events", async () => {
    expect(await exports.default.reproject(ORG, aSession())).toMatchObject({ ok: false, code: "NOT_FOUND" });
  });

  test("holds foreign keys: no row without its session", async () => {
    const orphan = env.DB.prepare("INSERT INTO quarantined_events VALUES ('SES-none', 'acme', 1, 'EVT-1', 'K', 'r', 1)");
    await expect(orphan.run()).rejects.toThrow("FOREIGN KEY");
  });

  test("tells of open sessions that the registry knows", async () => {
    const sessionId = aSession();
    await env.DB.prepare(
      `INSERT INTO sessions (session_id, org, work_order_id, assembly, title, state, review_mode, created_at, updated_at, version)
       VALUES (?1, 'lagging', 'WO-1', 'shop', 't', 'EXECUTING', 'auto', 1, 1, 1)`,
    )
      .bind(sessionId)
      .run();
    expect(await exports.default.lag("lagging", 10)).toEqual({
      sessions: [{ sessionId, seq: 0, tipSeq: 0, closed: false, quarantined: 0, updatedAt: null }],
      more: false,
    });
  });
});
