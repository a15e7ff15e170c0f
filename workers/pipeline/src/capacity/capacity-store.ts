/** The table of an org's runs that share its slots. Every statement on it is here. */
import type { Migration, SqlPort } from "@factory/durable";
import type { Priority } from "@factory/schemas";
import type { Demand } from "./shares.ts";

/** Append-only; see `migrate`. Times are epoch milliseconds. */
export const CAPACITY_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-demands",
    statements: [
      // A run is here while it wants something or still holds something. `served_at`: since when it has slots in its turn.
      `CREATE TABLE demands (
        run_id TEXT PRIMARY KEY,
        want INTEGER NOT NULL CHECK (want >= 0),
        held INTEGER NOT NULL CHECK (held >= 0),
        slots INTEGER NOT NULL CHECK (slots >= 0),
        priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
        since INTEGER NOT NULL,
        served_at INTEGER,
        until INTEGER NOT NULL
      ) STRICT`,
    ],
  },
];

/** A run with its grant. */
export type DemandRow = Demand & {
  /** Slots that hold beads. */
  readonly held: number;
  /** What it was granted last. */
  readonly slots: number;
  readonly servedAt: number | null;
  readonly until: number;
};

type DemandSqlRow = {
  run_id: string;
  want: number;
  held: number;
  slots: number;
  priority: string;
  since: number;
  served_at: number | null;
  until: number;
};

/** The demands of one org. */
export class CapacityStore {
  readonly #sql: SqlPort;

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  /** Every demand; an org has tens of runs at once. */
  all(): DemandRow[] {
    return this.#sql
      .exec<DemandSqlRow>("SELECT * FROM demands ORDER BY run_id")
      .toArray()
      .map((row) => ({
        runId: row.run_id,
        want: row.want,
        held: row.held,
        slots: row.slots,
        // The cast holds: the table's CHECK lists the priorities.
        priority: row.priority as Priority,
        since: row.since,
        servedAt: row.served_at,
        until: row.until,
      }));
  }

  put({ runId, want, held, slots, priority, since, servedAt, until }: DemandRow): void {
    this.#sql.exec(
      `INSERT INTO demands (run_id, want, held, slots, priority, since, served_at, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (run_id) DO UPDATE SET want = excluded.want, held = excluded.held, slots = excluded.slots, priority = excluded.priority,
         since = excluded.since, served_at = excluded.served_at, until = excluded.until`,
      runId,
      want,
      held,
      slots,
      priority,
      since,
      servedAt,
      until,
    );
  }

  remove(runId: string): void {
    this.#sql.exec("DELETE FROM demands WHERE run_id = ?", runId);
  }

  /** Drops runs that have not asked again in time: they are gone, or finished without a word. */
  expire(now: number): void {
    this.#sql.exec("DELETE FROM demands WHERE until <= ?", now);
  }
}
