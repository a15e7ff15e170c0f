import { EVENT_KIND_NAMES, TERMINAL_KINDS, type SessionEvent } from "@factory/schemas";
import { MAX_LAG_SESSIONS } from "@factory/schemas/rpc";
import { MemoryLog } from "@factory/durable/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lagOf, openLags } from "./lag.ts";
import { projectEvents } from "./project-events.ts";
import { projectSession, reprojectSession, type ProjectorDeps, type ReadModelSql } from "./projector.ts";
import { eraseSession, writePage } from "./statements.ts";
import { aLog, beadStep, OWNER, randomLog, RANDOM_KINDS, readable, said, submitted, type Said } from "./testing/logs.ts";
import { aReadModel, type TestReadModel } from "./testing/node-sql.ts";

const ALL_PAGES = Number.POSITIVE_INFINITY;

function aProjector(events: readonly SessionEvent[], sql: ReadModelSql, pageEvents?: number): ProjectorDeps {
  return { sql, log: () => readable(events, pageEvents), now: () => 1 };
}

async function projected(events: readonly SessionEvent[], pageEvents?: number): Promise<TestReadModel> {
  const sql = aReadModel();
  await projectSession(aProjector(events, sql, pageEvents), OWNER, ALL_PAGES);
  return sql;
}

const projectedThings = (...things: readonly Said[]): Promise<TestReadModel> => projected(aLog([submitted, ...things]));

const modelCall = (costUsd?: number): Said =>
  said("MODEL_CALLED", {
    alias: "factory/coder",
    provider: "p",
    modelId: "m",
    purpose: "code",
    promptHash: "h",
    durationMs: 5,
    outcome: "ok",
    ...(costUsd === undefined ? {} : { costUsd }),
  });

describe("the rows of a log", () => {
  test("are byte-equal however the log is cut into pages", async () => {
    await fc.assert(
      fc.asyncProperty(randomLog, fc.integer({ min: 1, max: 20 }), async (events, pageEvents) => {
        expect((await projected(events, pageEvents)).dump()).toBe((await projected(events)).dump());
      }),
      { numRuns: 60 },
    );
  });

  test("are byte-equal whatever messages come twice, late, at once or in another order", async () => {
    const delivery = fc.record({ upTo: fc.nat(60), pageEvents: fc.integer({ min: 1, max: 7 }), maxPages: fc.integer({ min: 1, max: 4 }) });
    await fc.assert(
      fc.asyncProperty(randomLog, fc.array(delivery, { maxLength: 12 }), async (events, deliveries) => {
        const sql = aReadModel();
        // The log grows while messages wait, so that a late delivery may meet any end of it that is not before the rows.
        let tip = 1;
        const running = deliveries.map(({ upTo, pageEvents, maxPages }) => {
          tip = Math.min(events.length, Math.max(tip, upTo));
          return projectSession(aProjector(events.slice(0, tip), sql, pageEvents), OWNER, maxPages).catch((err: unknown) => {
            // Another delivery was further when this one read the shorter log.
            expect(err).toMatchObject({ code: "INTEGRITY" });
          });
        });
        await Promise.all(running);
        await projectSession(aProjector(events, sql), OWNER, ALL_PAGES);
        expect(sql.dump()).toBe((await projected(events)).dump());
      }),
      { numRuns: 60 },
    );
  });

  test("do not change when a page is written a second time, or before the one it follows", async () => {
    const events = aLog([submitted, beadStep(), beadStep({ fromState: "READY", toState: "LEASED" }, "BEAD_CLAIMED")]);
    const sql = await projected(events);
    const before = sql.dump();
    for (const fromSeq of [0, 1, 2]) {
      const results = await sql.batch(writePage(projectEvents(OWNER, fromSeq, events.slice(fromSeq)), 3, 2));
      expect(results.at(-1)).toMatchObject({ changes: 0 });
    }
    expect(sql.dump()).toBe(before);

    const early = aReadModel();
    expect((await early.batch(writePage(projectEvents(OWNER, 1, events.slice(1)), 3, 2))).at(-1)).toMatchObject({ changes: 0 });
    expect(early.dump()).toBe(aReadModel().dump());
  });

  test("cover every kind of the catalog in the random logs", () => {
    const terminal: readonly string[] = TERMINAL_KINDS.filter((kind) => kind !== "SESSION_COMPLETED");
    expect(RANDOM_KINDS).toEqual(expect.arrayContaining(EVENT_KIND_NAMES.filter((kind) => !terminal.includes(kind))));
  });

  test("are written in one transaction a page, some rows an event", async () => {
    const steps = Array.from({ length: 500 }, (_, index) => beadStep({ beadId: `BEAD-${index}` }));
    const sql = await projectedThings(...steps);
    expect(sql.written.batches).toBe(1);
    expect(sql.written.rows).toBeLessThanOrEqual(2 * 500 + 6);
  });

  test("are split into several parameters when a page is larger than one may be", async () => {
    const large = "é".repeat(200_000);
    const things = Array.from({ length: 12 }, (_, index) => said("ARTIFACT_WRITTEN", { artifactId: `SPEC-${index}`, metadata: { large } }));
    const page = projectEvents(OWNER, 0, aLog([submitted, ...things]));
    const parameters = writePage(page, 13, 1).flatMap(({ params }) => params.map((param) => Buffer.byteLength(String(param))));
    expect(Math.max(...parameters)).toBeLessThan(2_000_000);
    expect((await projectedThings(...things)).all("SELECT count(*) AS n FROM artifacts")).toEqual([{ n: 12 }]);
  });
});

describe("a session's row", () => {
  test("says what the log says, and NULL where it says nothing", async () => {
    const [row] = (await projectedThings(said("COMPILATION_STARTED", { fromState: "SUBMITTED", toState: "COMPILING", reason: "r" }))).all(
      "SELECT * FROM session_views",
    );
    expect(row).toMatchObject({ org: "acme", state: "COMPILING", seq: 2, run_id: null, outcome: null, evidence_digest: null, ended_at: null });
  });

  test("ends with the terminal event", async () => {
    const sql = await projectedThings(
      said("SESSION_FAILED", { outcome: "FAILED", reason: "no way", reasonCode: "GATE_REFUSED", fromState: "EXECUTING", evidenceDigest: "d" }),
    );
    expect(sql.all("SELECT state, outcome, reason, reason_code, evidence_digest, ended_at - started_at AS took FROM session_views")).toEqual([
      { state: "FAILED", outcome: "FAILED", reason: "no way", reason_code: "GATE_REFUSED", evidence_digest: "d", took: 1 },
    ]);
    expect(sql.all("SELECT closed, seq, tip_seq FROM projection_cursors")).toEqual([{ closed: 1, seq: 2, tip_seq: 2 }]);
  });

  test("counts its beads as the rows of beads do, whatever their steps claim", async () => {
    await fc.assert(
      fc.asyncProperty(randomLog, fc.integer({ min: 1, max: 9 }), async (events, pageEvents) => {
        const sql = await projected(events, pageEvents);
        const [row = {}] = sql.all("SELECT * FROM session_views");
        for (const state of ["blocked", "ready", "leased", "waiting", "done", "failed", "cancelled"]) {
          const [counted] = sql.all("SELECT count(*) AS n FROM beads WHERE state = upper(?)", state);
          expect(row[`beads_${state}`]).toBe(counted?.["n"]);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("a model call", () => {
  test("hazard: absent rendered as zero - keeps a price that is not known apart from one of nothing", async () => {
    const sql = await projectedThings(modelCall(), modelCall(0), modelCall(0.1));
    expect(sql.all("SELECT cost_usd, input_tokens FROM model_costs ORDER BY seq")).toEqual([
      { cost_usd: null, input_tokens: null },
      { cost_usd: 0, input_tokens: null },
      { cost_usd: 0.1, input_tokens: null },
    ]);
  });
});

describe("a bead", () => {
  test("is as its last step left it, and remembers who held it", async () => {
    const sql = await projectedThings(
      beadStep(),
      beadStep({ fromState: "READY", toState: "LEASED", epoch: 1, attempt: 1, agentId: "agent:coder" }, "BEAD_CLAIMED"),
      beadStep({ fromState: "LEASED", toState: "DONE", epoch: 1, attempt: 1, durationMs: 12.5 }, "BEAD_RELEASED"),
    );
    expect(sql.all("SELECT state, epoch, agent_id, seq, updated_at - created_at AS took FROM beads")).toEqual([
      { state: "DONE", epoch: 1, agent_id: "agent:coder", seq: 4, took: 2 },
    ]);
    expect(sql.all("SELECT seq, to_state, duration_ms FROM bead_transitions ORDER BY seq")).toEqual([
      { seq: 2, to_state: "READY", duration_ms: null },
      { seq: 3, to_state: "LEASED", duration_ms: null },
      { seq: 4, to_state: "DONE", duration_ms: 12.5 },
    ]);
  });
});

describe("an event that cannot be read", () => {
  test("hazard: one bad run bricks list and boot - is set aside with its reason, and every other event is served", async () => {
    const unknown = { kind: "BEAD_TELEPORTED", payload: { to: "moon" } };
    const noState = said("DEPLOYING", { fromState: "ACCEPTING", toState: "ORBITING", reason: "r" });
    const noPayload = { kind: "MODEL_CALLED", payload: { alias: 7 } };
    const sql = await projectedThings(unknown, noState, noPayload, beadStep());
    expect(sql.all("SELECT seq, kind, reason FROM quarantined_events ORDER BY seq")).toEqual([
      { seq: 2, kind: "BEAD_TELEPORTED", reason: "The kind is not in the event catalog." },
      { seq: 3, kind: "DEPLOYING", reason: "ORBITING is no state of a session." },
      { seq: 4, kind: "MODEL_CALLED", reason: expect.stringContaining("payload.alias") },
    ]);
    expect(sql.all("SELECT state, seq FROM session_views")).toEqual([{ state: "SUBMITTED", seq: 5 }]);
    expect(sql.all("SELECT bead_id FROM beads")).toEqual([{ bead_id: "BEAD-1" }]);
  });

  test("is read again by a rebuild under a version that knows its kind, and fields of a newer one are left out", async () => {
    const sql = await projectedThings({ kind: "DEPLOYING", payload: { fromState: "ACCEPTING", toState: "DELIVERING", reason: "r", weather: "fine" } });
    expect(sql.all("SELECT state FROM session_views")).toEqual([{ state: "DELIVERING" }]);
    expect(sql.all("SELECT * FROM quarantined_events")).toEqual([]);
  });

  test("of text that SQLite cannot hold is stored with a replacement character", async () => {
    const sql = await projectedThings(beadStep({ title: "a\u0000b" }));
    expect(sql.all("SELECT title FROM beads")).toEqual([{ title: "a\ufffdb" }]);
  });
});

describe("a log that does not fit its rows", () => {
  test("with a gap, of another session or of nothing never becomes rows", () => {
    const events = aLog([submitted, beadStep(), beadStep()]);
    expect(() => projectEvents(OWNER, 0, events.slice(1))).toThrow("gave seq 2 where 1 was due");
    expect(() => projectEvents({ ...OWNER, sessionId: "SES-2" }, 0, events)).toThrow("gave an event of");
    expect(() => projectEvents(OWNER, 0, [])).toThrow("no events");
  });

  test("shorter than the rows is INTEGRITY, and neither a delivery nor a rebuild takes the rows away", async () => {
    const events = aLog([submitted, beadStep(), beadStep()]);
    const sql = await projected(events);
    const before = sql.dump();
    const shorter = aProjector(events.slice(0, 2), sql);
    await expect(projectSession(shorter, OWNER, ALL_PAGES)).rejects.toMatchObject({ code: "INTEGRITY" });
    await expect(reprojectSession(shorter, OWNER)).rejects.toMatchObject({ code: "INTEGRITY" });
    await expect(reprojectSession(aProjector([], sql), OWNER)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(reprojectSession(aProjector(events, sql), { ...OWNER, org: "other" })).rejects.toMatchObject({ code: "INTEGRITY" });
    expect(sql.dump()).toBe(before);
  });

  test("without events leaves no row", async () => {
    const sql = aReadModel();
    expect(await projectSession(aProjector([], sql), OWNER, ALL_PAGES)).toEqual({ seq: 0, tipSeq: 0, quarantined: 0, pages: 0 });
    expect(sql.written).toEqual({ batches: 0, rows: 0 });
  });
});

describe("a rebuild", () => {
  test("gives byte-equal rows and leaves those of other sessions alone", async () => {
    await fc.assert(
      fc.asyncProperty(randomLog, async (events) => {
        const sql = await projected(events);
        const other = { org: "acme", sessionId: "SES-00000000000000000000000002" };
        const others = aLog([submitted, beadStep()], { sessionId: other.sessionId });
        await projectSession({ ...aProjector(others, sql), log: () => readable(others) }, other, ALL_PAGES);
        const before = sql.dump();
        const progress = await reprojectSession(aProjector(events, sql, 7), OWNER);
        expect(progress).toMatchObject({ seq: events.length, tipSeq: events.length });
        expect(sql.dump()).toBe(before);
      }),
      { numRuns: 30 },
    );
  });

  test("takes away every row of the session, whatever had been wrong in it", async () => {
    const sql = await projectedThings(beadStep(), modelCall(1));
    const before = sql.dump();
    await sql.batch([
      { sql: "UPDATE beads SET state = 'LEASED', seq = 900", params: [] },
      { sql: "INSERT INTO reviews (session_id, org, seq, review_id, action_digest) VALUES (?1, 'acme', 9, 'REV-9', 'd')", params: [OWNER.sessionId] },
    ]);
    await reprojectSession(aProjector(aLog([submitted, beadStep(), modelCall(1)]), sql), OWNER);
    expect(sql.dump()).toBe(before);
    await sql.batch([eraseSession(OWNER)]);
    expect(sql.dump()).toBe(aReadModel().dump());
  });
});

describe("the lag", () => {
  const ids = [1, 2, 3].map((n) => `SES-${String(n).padStart(26, "0")}`);

  async function aRegistry(sql: TestReadModel): Promise<void> {
    const insert = `INSERT INTO sessions (session_id, org, work_order_id, assembly, title, state, review_mode, created_at, updated_at, version)
      VALUES (?1, ?2, 'WO-1', 'shop', 't', 'EXECUTING', 'auto', ?3, 1, 1)`;
    await sql.batch(ids.map((id, index) => ({ sql: insert, params: [id, "acme", index] })));
    await sql.batch([{ sql: insert, params: ["SES-other", "other", 9] }]);
  }

  test("is told of sessions that no message has reached, newest first, and not of those that have ended", async () => {
    const sql = aReadModel();
    await aRegistry(sql);
    const open = aLog([submitted, beadStep(), beadStep()]);
    const ended = aLog([submitted, said("SESSION_COMPLETED", { outcome: "COMPLETED", reason: "", fromState: "" })], { sessionId: ids[1] ?? "" });
    await projectSession(aProjector(open.slice(0, 2), sql), { org: "acme", sessionId: ids[0] ?? "" }, ALL_PAGES);
    await projectSession(aProjector(ended, sql), { org: "acme", sessionId: ids[1] ?? "" }, ALL_PAGES);
    const deps = { ...aProjector(open, sql), journal: new MemoryLog() };
    expect(await openLags(deps, "acme", 10)).toEqual({
      sessions: [
        { sessionId: ids[2], seq: 0, tipSeq: 3, closed: false, quarantined: 0, updatedAt: null },
        { sessionId: ids[0], seq: 2, tipSeq: 3, closed: false, quarantined: 0, updatedAt: 1 },
      ],
      more: false,
    });
    expect(await openLags(deps, "acme", 1)).toMatchObject({ sessions: [{ sessionId: ids[2] }], more: true });
    expect(await lagOf(deps, { org: "acme", sessionId: ids[1] ?? "" })).toMatchObject({ seq: 2, closed: true });
    await expect(openLags(deps, "acme", MAX_LAG_SESSIONS + 1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("of a log that does not answer is not known, and hides no other", async () => {
    const sql = aReadModel();
    await aRegistry(sql);
    const journal = new MemoryLog();
    const tip = async (): Promise<never> => {
      throw new Error("gone");
    };
    const log = (_org: string, sessionId: string) => (sessionId === ids[2] ? { ...readable([]), tip } : readable(aLog([submitted])));
    const { sessions } = await openLags({ sql, log, journal }, "acme", 10);
    expect(sessions.map(({ tipSeq }) => tipSeq)).toEqual([null, 1, 1]);
  });
});
