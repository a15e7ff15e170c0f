import { readFileSync, readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/sqlite-proxy";
import { describe, expect, test } from "vitest";
import type { RegistryEntry } from "../ledger.ts";
import { upsertSession } from "./registry.ts";
import { sessions } from "./schema.ts";

const MIGRATIONS = join(import.meta.dirname, "../../../../migrations/factory");

/** The committed migrations on a fresh database. */
function aDatabase() {
  const sqlite = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });
  for (const file of readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith(".sql"))
    .sort())
    sqlite.exec(readFileSync(join(MIGRATIONS, file), "utf8"));
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
