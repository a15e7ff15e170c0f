/**
 * What a platform has stored, as one digest a table: the proof that a refused call has changed nothing anywhere. Read from the
 * files themselves, while the platform runs: objects, D1, KV and R2 are SQLite files beside their blobs.
 */
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** What the local runtime keeps for itself, and counts that a refusal is meant to move. */
const LEFT_OUT: ReadonlySet<string> = new Set(["ratelimit", "cache"]);

/** A database that its owner is writing to is waited for so long, in milliseconds. */
const BUSY_MS = 10_000;

/** When a key was used last is told by every call that it opens: no effect of the call. By table. */
const LEFT_OUT_COLUMNS: { readonly [table: string]: string } = { api_keys: "last_used_at" };

/** Tables whose rows are told apart by a column: values of KV, objects of R2, and how far each table's own numbers have come. */
const KEYED: { readonly [table: string]: string } = { _mf_entries: "key", _mf_objects: "key", sqlite_sequence: "name" };

/** Digest of the rows of each table, by `file#table`; of a table whose rows are told apart each row, by `file#table/row`. */
export type Fingerprint = ReadonlyMap<string, string>;

/** The digest of a table without rows. */
export const EMPTY_TABLE = createHash("sha256").digest("hex");

/** Reads every table of every database below a state folder. */
export function fingerprintOf(stateDirectory: string): Fingerprint {
  const tables = new Map<string, string>();
  for (const path of databasesBelow(stateDirectory)) {
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
    try {
      for (const table of tablesOf(database)) {
        const name = `${relative(stateDirectory, path)}#${table}`;
        const column = KEYED[table];
        if (column === undefined) tables.set(name, digestOfRows(database, table, ""));
        else for (const key of keysOf(database, table, column)) tables.set(`${name}/${key}`, digestOfRows(database, table, `WHERE ${column} = ?`, key));
      }
    } finally {
      database.close();
    }
  }
  return tables;
}

/** The tables that are not the same, those that came and went included. */
export function changedTables(before: Fingerprint, after: Fingerprint): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((table) => before.get(table) !== after.get(table)).sort();
}

/** Waits until two readings in a row are the same: what was under way has come to rest. */
export async function restingFingerprint(stateDirectory: string, timeoutMs = 20_000): Promise<Fingerprint> {
  const until = Date.now() + timeoutMs;
  let before = fingerprintOf(stateDirectory);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, RESTING_MS));
    const after = fingerprintOf(stateDirectory);
    const changed = changedTables(before, after);
    if (changed.length === 0) return after;
    if (Date.now() > until) throw new Error(`The platform does not come to rest: ${changed.join(", ")}`);
    before = after;
  }
}

/** Longer than any outbox or projection waits before it goes on, in milliseconds. */
const RESTING_MS = 1_500;

function databasesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : databasesBelow(path);
    return entry.name.endsWith(".sqlite") ? [path] : [];
  });
}

function keysOf(database: DatabaseSync, table: string, column: string): string[] {
  return database
    .prepare(`SELECT ${column} AS name FROM ${table} ORDER BY ${column}`)
    .all()
    .map(({ name }) => String(name));
}

function tablesOf(database: DatabaseSync): string[] {
  return database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name")
    .all()
    .map(({ name }) => String(name));
}

function digestOfRows(database: DatabaseSync, table: string, where: string, ...values: string[]): string {
  const hash = createHash("sha256");
  const rows = database.prepare(`SELECT * FROM "${table.replaceAll('"', '""')}" ${where}`);
  const leftOut = LEFT_OUT_COLUMNS[table];
  rows.setReadBigInts(true);
  for (const row of rows.iterate(...values)) {
    if (leftOut !== undefined) delete row[leftOut];
    hash.update(`${JSON.stringify(Object.values(row), asText)}\n`);
  }
  return hash.digest("hex");
}

function asText(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}
