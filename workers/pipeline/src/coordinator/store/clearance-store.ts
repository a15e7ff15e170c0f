/** The run's clearance and what was told of it, as rows. */
import type { Migration } from "@factory/durable";
import type { DispatchBlock } from "@factory/schemas";
import type { RunReport } from "@factory/schemas/rpc";
import type { StoredClearance } from "../dispatch-gate.ts";
import type { HeldWrites } from "./held-writes.ts";
import { Remembered } from "./remembered.ts";
import { rowsOf } from "./rows.ts";

/** The tables of the dispatch gate. A run that was seeded before has no clearance: it asks for one. */
export const CLEARANCE_MIGRATION: Migration = {
  id: "0012-clearance",
  statements: [
    // A body of null was taken away; serial counts what was put in each other's place.
    `CREATE TABLE clearance (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      serial INTEGER NOT NULL CHECK (serial > 0),
      body TEXT,
      reason TEXT,
      set_at INTEGER NOT NULL
    ) STRICT`,
    // What was told, by clearance and code; serial 0 is a run that never had one.
    `CREATE TABLE dispatch_blocks (
      serial INTEGER NOT NULL,
      code TEXT NOT NULL,
      request_id TEXT NOT NULL UNIQUE,
      report TEXT NOT NULL,
      told_at INTEGER NOT NULL,
      PRIMARY KEY (serial, code)
    ) STRICT, WITHOUT ROWID`,
    // Teams that beads of the run have or had.
    "CREATE TABLE bead_teams (team TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    // Beads that only read, each with a list of the tools it may call and has no schema for.
    "CREATE TABLE research_beads (bead_id TEXT PRIMARY KEY REFERENCES beads (bead_id), uncontracted TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "INSERT INTO bead_teams (team) SELECT DISTINCT body ->> '$.team' FROM directives WHERE body ->> '$.team' IS NOT NULL",
    `INSERT INTO research_beads (bead_id, uncontracted)
      SELECT b.bead_id, (
        SELECT json_group_array(p.value) FROM json_each(d.body, '$.toolPolicy.permitted') p
        WHERE NOT EXISTS (SELECT 1 FROM json_each(d.body, '$.toolSchemas') s WHERE s.value ->> '$.name' = p.value AND s.value ->> '$.parameters' <> '{}'))
      FROM beads b JOIN directives d USING (bead_id) WHERE b.outcome = 0 AND json_array_length(d.body, '$.fileScope.write') = 0`,
  ],
};

type BlockedReport = Extract<RunReport, { outcome: "blocked" }>;

/** What is in the place of the clearance, and since when, in epoch milliseconds. */
export type HeldClearance = StoredClearance & { readonly serial: number; readonly setAt: number };

/** A block that the session was told of, and when last, in epoch milliseconds. */
export type ToldBlock = { readonly report: BlockedReport; readonly toldAt: number };

/** Nothing was ever put there. */
const NEVER: HeldClearance = { body: null, reason: null, serial: 0, setAt: 0 };

/** The tables of clearance and blocks. */
export class ClearanceStore {
  readonly #sql: HeldWrites;
  readonly #held: Remembered<HeldClearance>;
  /** What was told of the clearance that is in place, by code. */
  readonly #told: Remembered<ReadonlyMap<string, ToldBlock>>;

  constructor(sql: HeldWrites) {
    this.#sql = sql;
    this.#held = new Remembered(() => this.#row());
    this.#told = new Remembered(() => this.#toldRows());
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#held.forget();
    this.#told.forget();
  }

  /** What is in place. The same object until something else is. */
  held(): HeldClearance {
    return this.#held.get();
  }

  /** Puts a clearance, or with null its absence, in the place of what is there. An absence that goes on is the same one. */
  put(body: string | null, reason: string | null, now: number): void {
    this.#sql.past.exec(
      `INSERT INTO clearance (id, serial, body, reason, set_at) VALUES (1, 1, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET
         serial = serial + (body IS NOT NULL OR excluded.body IS NOT NULL), body = excluded.body, reason = excluded.reason, set_at = excluded.set_at`,
      body,
      reason,
      now,
    );
    this.forgetRows();
  }

  /** What was told of the clearance in place under a code, or null. */
  told(code: DispatchBlock): ToldBlock | null {
    return this.#told.get().get(code) ?? null;
  }

  /** Notes that a block is told now, for the first time or again. */
  keepTold(report: BlockedReport, now: number): void {
    this.#sql.past.exec(
      `INSERT INTO dispatch_blocks (serial, code, request_id, report, told_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (serial, code) DO UPDATE SET told_at = excluded.told_at`,
      this.held().serial,
      report.code,
      report.requestId,
      JSON.stringify(report),
      now,
    );
    this.#told.forget();
  }

  #row(): HeldClearance {
    const [row] = rowsOf<{ serial: number; body: string | null; reason: string | null; set_at: number }>(
      this.#sql.past,
      "SELECT serial, body, reason, set_at FROM clearance",
    );
    return row === undefined ? NEVER : { body: row.body, reason: row.reason, serial: row.serial, setAt: row.set_at };
  }

  #toldRows(): ReadonlyMap<string, ToldBlock> {
    const rows = rowsOf<{ code: string; report: string; told_at: number }>(
      this.#sql.past,
      "SELECT code, report, told_at FROM dispatch_blocks WHERE serial = ?",
      this.held().serial,
    );
    // The cast holds: only `keepTold` writes the column.
    return new Map(rows.map(({ code, report, told_at: toldAt }) => [code, { report: JSON.parse(report) as BlockedReport, toldAt }]));
  }
}
