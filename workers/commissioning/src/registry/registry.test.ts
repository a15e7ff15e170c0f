import { readFileSync, readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/sqlite-proxy";
import { describe, expect, test } from "vitest";
import type { RegistryEntry } from "../ledger.ts";
import { MemoryLog } from "@factory/durable/testing";
import { assembliesOf, assemblyOf, hasAssembly, openSessions, openSessionsOf, upsertSession } from "./registry.ts";
import { sessions } from "./schema.ts";

const MIGRATIONS = join(import.meta.dirname, "../../../../migrations/factory");

/** The committed migrations, in name order. */
function applyMigrations(sqlite: DatabaseSync): void {
  const files = readdirSync(MIGRATIONS).filter((name) => name.endsWith(".sql"));
  for (const file of files.sort()) sqlite.exec(readFileSync(join(MIGRATIONS, file), "utf8"));
}

function aDatabase(sqlite = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true })) {
  applyMigrations(sqlite);
  return drizzle(async (query, params, method) => {
    const rows = sqlite
      .prepare(query)
      .all(...params)
      .map((row) => Object.values(row));
    return { rows: method === "get" ? (rows[0] ?? []) : rows };
  });
}

const anEntry = (overrides: Partial<RegistryEntry> = {}): RegistryEntry => ({
  sessionId: "SES-1",
  org: "acme",
  workOrderId: "WO-1",
  assembly: "pricing",
  title: "Doubling",
  state: "COMMISSIONING",
  reviewMode: "auto",
  runId: null,
  createdAt: 1,
  updatedAt: 1,
  endedAt: null,
  reason: null,
  version: 1,
  ...overrides,
});

describe("the session registry", () => {
  test("has one row a session, whatever is repeated", async () => {
    const db = aDatabase();
    await upsertSession(db, anEntry());
    await upsertSession(db, anEntry());
    await upsertSession(db, anEntry({ sessionId: "SES-2" }));
    expect(await db.select().from(sessions)).toHaveLength(2);
  });

  test("follows newer entries and never goes back to an older one", async () => {
    const db = aDatabase();
    await upsertSession(db, anEntry());
    await upsertSession(db, anEntry({ version: 5, state: "COMPLETED", endedAt: 9, runId: "RUN-1" }));
    await upsertSession(db, anEntry({ version: 4, state: "EXECUTING" }));
    await upsertSession(db, anEntry({ version: 5, state: "EXECUTING" }));
    expect(await db.select().from(sessions)).toEqual([anEntry({ version: 5, state: "COMPLETED", endedAt: 9, runId: "RUN-1" })]);
  });
});

describe("the assemblies of an org", () => {
  async function aRegistry(entries: readonly Partial<RegistryEntry>[]) {
    const db = aDatabase();
    for (const [index, entry] of entries.entries()) await upsertSession(db, anEntry({ sessionId: `SES-${index}`, createdAt: index, ...entry }));
    return db;
  }

  test("are each named once, the one of the newest session first", async () => {
    const db = await aRegistry([{ assembly: "pricing" }, { assembly: "shop" }, { assembly: "billing" }, { assembly: "pricing" }]);
    expect(await assembliesOf(db, "acme", 10)).toEqual({ assemblies: ["pricing", "billing", "shop"], more: false });
  });

  test("are bounded, and the answer says that there are more", async () => {
    const db = await aRegistry(["a", "b", "c"].map((assembly) => ({ assembly })));
    expect(await assembliesOf(db, "acme", 2)).toEqual({ assemblies: ["c", "b"], more: true });
    expect(await assembliesOf(db, "acme", 3)).toEqual({ assemblies: ["c", "b", "a"], more: false });
    await expect(assembliesOf(db, "acme", 0)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("are none of another org's", async () => {
    const db = await aRegistry([{ assembly: "pricing" }, { org: "other", assembly: "secret" }]);
    expect(await assembliesOf(db, "acme", 10)).toEqual({ assemblies: ["pricing"], more: false });
    expect(await assembliesOf(db, "nobody", 10)).toEqual({ assemblies: [], more: false });
    expect(await hasAssembly(db, "acme", "pricing")).toBe(true);
    expect(await hasAssembly(db, "acme", "secret")).toBe(false);
  });

  test("cost steps in an index and never a walk over the sessions", async () => {
    const sqlite = new DatabaseSync(":memory:");
    applyMigrations(sqlite);
    const plan: string[] = [];
    const explaining = drizzle(async (query, params) => {
      const steps = sqlite.prepare(`EXPLAIN QUERY PLAN ${query}`).all(...params);
      plan.push(...steps.map((row) => String(row["detail"])));
      return { rows: [] };
    });
    await assembliesOf(explaining, "acme", 10);
    await hasAssembly(explaining, "acme", "pricing");
    expect(plan.filter((step) => step.includes("SCAN sessions"))).toEqual([]);
    expect(plan.filter((step) => step.includes("sessions_by_assembly")).length).toBeGreaterThanOrEqual(4);
  });
});

describe("sessions that have not ended", () => {
  test("are told by id, page by page, without those that have", async () => {
    const db = aDatabase();
    const ids = ["SES-b", "SES-a", "SES-d", "SES-c"];
    for (const sessionId of ids) await upsertSession(db, anEntry({ sessionId, ...(sessionId === "SES-c" ? { state: "COMPLETED", endedAt: 9 } : {}) }));
    const log = new MemoryLog();
    const first = await openSessions(db, log, 2);
    expect(first).toEqual({
      sessions: [
        { org: "acme", sessionId: "SES-a" },
        { org: "acme", sessionId: "SES-b" },
      ],
      more: true,
    });
    expect(await openSessions(db, log, 2, first.sessions.at(-1))).toEqual({ sessions: [{ org: "acme", sessionId: "SES-d" }], more: false });
    await expect(openSessions(db, log, 0)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(log.events).toEqual([]);
  });

  test("hazard: One bad run bricks list/boot - rows that cannot be read are passed over and logged, and all others are served", async () => {
    const sqlite = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });
    const db = aDatabase(sqlite);
    for (const sessionId of ["SES-a", "SES-b", "SES-c", "SES-d", "SES-e"]) await upsertSession(db, anEntry({ sessionId }));
    sqlite.exec("UPDATE sessions SET state = 'MELTED' WHERE session_id IN ('SES-a', 'SES-b', 'SES-d')");
    sqlite.exec(
      "INSERT INTO sessions SELECT 'nonsense', '', work_order_id, assembly, title, state, review_mode, run_id, created_at, updated_at, ended_at, reason, version FROM sessions WHERE session_id = 'SES-c'",
    );
    const log = new MemoryLog();
    expect(await openSessions(db, log, 1)).toEqual({ sessions: [{ org: "acme", sessionId: "SES-c" }], more: true });
    expect(await openSessions(db, log, 10)).toEqual({
      sessions: [
        { org: "acme", sessionId: "SES-c" },
        { org: "acme", sessionId: "SES-e" },
      ],
      more: false,
    });
    expect(new Set(log.of("registry.quarantine").map(({ ids }) => ids["session"]))).toEqual(new Set(["SES-a", "SES-b", "SES-d", "nonsense"]));
  });

  test("cost a walk over an index of their own, whatever has ended", async () => {
    const sqlite = new DatabaseSync(":memory:");
    applyMigrations(sqlite);
    const plan: string[] = [];
    const explaining = drizzle(async (query, params) => {
      plan.push(
        ...sqlite
          .prepare(`EXPLAIN QUERY PLAN ${query}`)
          .all(...params)
          .map((row) => String(row["detail"])),
      );
      return { rows: [] };
    });
    await openSessions(explaining, new MemoryLog(), 10);
    expect(plan).toEqual([expect.stringContaining("sessions_open")]);
  });
});

describe("what a suspension asks", () => {
  test("is told the assembly of a session of the org, and of no other", async () => {
    const db = aDatabase();
    await upsertSession(db, anEntry({ sessionId: "SES-a", assembly: "shop" }));
    expect(await assemblyOf(db, "acme", "SES-a")).toBe("shop");
    expect(await assemblyOf(db, "other", "SES-a")).toBeNull();
    expect(await assemblyOf(db, "acme", "SES-b")).toBeNull();
  });

  test("is told the org's sessions that have not ended, page by page, of one assembly where it is named", async () => {
    const db = aDatabase();
    const entries = [
      anEntry({ sessionId: "SES-a", assembly: "shop" }),
      anEntry({ sessionId: "SES-b", assembly: "pricing" }),
      anEntry({ sessionId: "SES-c", assembly: "shop" }),
      anEntry({ sessionId: "SES-d", assembly: "shop", state: "COMPLETED", endedAt: 9 }),
      anEntry({ sessionId: "SES-e", assembly: "shop", org: "other" }),
    ];
    for (const entry of entries) await upsertSession(db, entry);
    expect(await openSessionsOf(db, "acme", null, 2)).toEqual({ sessionIds: ["SES-a", "SES-b"], more: true });
    expect(await openSessionsOf(db, "acme", null, 2, "SES-b")).toEqual({ sessionIds: ["SES-c"], more: false });
    expect(await openSessionsOf(db, "acme", "shop", 10)).toEqual({ sessionIds: ["SES-a", "SES-c"], more: false });
    await expect(openSessionsOf(db, "acme", null, 0)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
