/**
 * A page's rows as the statements of one transaction. All of them hold only while the cursor is where the page begins, and
 * the last one moves it: a page is written once and in its place, whatever is delivered twice, late or at the same time.
 */
import { BEAD_STATES } from "@factory/schemas";
import { getTableName } from "drizzle-orm";
import { BEAD_COUNTERS } from "./facts.ts";
import type { LogOwner, Projection } from "./project-events.ts";
import { READ_MODEL, TABLE_NAMES, TABLE_SHAPES, type Cell, type ColumnName, type Row, type TableName, type TableShape } from "./read-model.ts";

/** A statement with its parameters. */
export type Statement = { readonly sql: string; readonly params: readonly Cell[] };

/**
 * Characters of one parameter of rows. D1 takes 2 MB of UTF-8 a value; a character is 3 bytes at most, and one row, which may
 * be larger than this alone, comes from one event of at most 256 KiB.
 */
const MAX_CHUNK_CHARS = 500_000;

/**
 * Statements that write a page; the last one changes one row, or none when the page was not the next one.
 *
 * @param tipSeq - end of the log when the page was read
 * @param now - epoch milliseconds
 */
export function writePage(page: Projection, tipSeq: number, now: number): Statement[] {
  const { org, sessionId, fromSeq, lastSeq, closed } = page;
  return [
    {
      sql: `INSERT INTO projection_cursors (session_id, org, seq, tip_seq, closed, updated_at) VALUES (?1, ?2, 0, 0, 0, ?3)
        ON CONFLICT (session_id) DO NOTHING`,
      params: [sessionId, org, now],
    },
    ...TABLE_NAMES.flatMap((name) => writeRows(name, page)),
    {
      sql: `UPDATE projection_cursors SET seq = ?3, tip_seq = max(tip_seq, ?4), closed = ?5, updated_at = ?6 WHERE session_id = ?1 AND seq = ?2`,
      params: [sessionId, fromSeq, lastSeq, Math.max(tipSeq, lastSeq), closed ? 1 : 0, now],
    },
  ];
}

/** Takes a session out of the read model: its rows go with its cursor. */
export function eraseSession({ org, sessionId }: LogOwner): Statement {
  return { sql: "DELETE FROM projection_cursors WHERE session_id = ?1 AND org = ?2", params: [sessionId, org] };
}

function writeRows(name: TableName, page: Projection): Statement[] {
  return chunksOf(TABLE_SHAPES[name], page.rows.get(name) ?? []).flatMap((chunk) => {
    const params = [page.sessionId, page.fromSeq, chunk];
    const upsert = { sql: UPSERTS[name], params };
    return name === "beads" ? [{ sql: COUNT_BEADS, params }, upsert] : [upsert];
  });
}

/** Rows as JSON arrays of arrays, each small enough to be one parameter. */
function chunksOf({ columns }: TableShape, rows: readonly Row[]): string[] {
  const chunks: string[] = [];
  let lines: string[] = [];
  let chars = 0;
  for (const row of rows) {
    const line = JSON.stringify(columns.map(({ field }) => row[field] ?? null));
    if (chars + line.length > MAX_CHUNK_CHARS && lines.length > 0) {
      chunks.push(`[${lines.join(",")}]`);
      lines = [];
      chars = 0;
    }
    lines.push(line);
    chars += line.length;
  }
  if (lines.length > 0) chunks.push(`[${lines.join(",")}]`);
  return chunks;
}

/** Parameters of every statement of rows: ?1 session, ?2 cursor before the page, ?3 rows. */
const IN_PLACE = "EXISTS (SELECT 1 FROM projection_cursors WHERE session_id = ?1 AND seq = ?2)";

const UPSERTS: { readonly [T in TableName]: string } = mapNames(upsertOf);

function upsertOf(name: TableName): string {
  const { columns, key, first, known } = TABLE_SHAPES[name];
  const table = getTableName(READ_MODEL[name].table);
  const names = columns.map(({ column }) => column);
  const cells = columns.map((_, index) => `json_extract(value, '$[${index}]')`);
  const keys = columns.filter(({ field }) => key.includes(field)).map(({ column }) => column);
  const updates = columns
    .filter(({ field }) => !key.includes(field))
    .map(({ field, column }) => {
      if (first.has(field)) return `${column} = coalesce(${table}.${column}, excluded.${column})`;
      return `${column} = ${known.has(field) ? `coalesce(excluded.${column}, ${table}.${column})` : `excluded.${column}`}`;
    });
  // A row that is keyed by its seq never changes.
  const onConflict = key.includes("seq") ? "DO NOTHING" : `DO UPDATE SET ${updates.join(", ")} WHERE excluded.seq > ${table}.seq`;
  return `INSERT INTO ${table} (${names.join(", ")}) SELECT ${cells.join(", ")} FROM json_each(?3) WHERE ${IN_PLACE} ON CONFLICT (${keys.join(", ")}) ${onConflict}`;
}

/** Moves the session's counters by what the rows of beads change. It runs before they are written. */
const COUNT_BEADS = countBeads();

function countBeads(): string {
  const { columns } = TABLE_SHAPES.beads;
  const cell = (field: string): string => `json_extract(value, '$[${columns.findIndex((column) => column.field === field)}]')`;
  const counters = BEAD_STATES.map((state) => ({ state, column: columnOf(TABLE_SHAPES.sessionViews.columns, BEAD_COUNTERS[state]) }));
  const sums = counters.map(({ state, column }) => `sum((fresh.state IS '${state}') - (beads.state IS '${state}')) AS ${column}`);
  return `UPDATE session_views SET ${counters.map(({ column }) => `${column} = session_views.${column} + moved.${column}`).join(", ")}
    FROM (
      SELECT ${sums.join(", ")} FROM (SELECT ${cell("beadId")} AS bead_id, ${cell("state")} AS state FROM json_each(?3)) AS fresh
      LEFT JOIN beads ON beads.session_id = ?1 AND beads.bead_id = fresh.bead_id
    ) AS moved
    WHERE session_views.session_id = ?1 AND ${IN_PLACE}`;
}

function columnOf(columns: readonly ColumnName[], field: string): string {
  const found = columns.find((column) => column.field === field);
  if (found === undefined) throw new TypeError(`There is no column ${field}.`);
  return found.column;
}

function mapNames<V>(of: (name: TableName) => V): { readonly [T in TableName]: V } {
  // The names are TABLE_NAMES, so every table has an entry.
  return Object.fromEntries(TABLE_NAMES.map((name) => [name, of(name)])) as { readonly [T in TableName]: V };
}
