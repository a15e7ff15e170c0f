/** The best that the attempts at a bead have shown in one cycle, as rows. */
import type { SqlPort } from "@factory/durable";
import { rowsOf } from "./rows.ts";

/** What attempts have shown so far, and how many in a row added nothing to it. */
export type ProgressRow = {
  readonly cycle: number;
  /** Keys of the checks that passed in some attempt. */
  readonly passed: readonly string[];
  /** Claims that a passed check decides. */
  readonly covered: readonly string[];
  /** The smallest number of things that failed at once; null while no attempt was checked. */
  readonly failing: number | null;
  /** Digest of what the last attempt left. */
  readonly mark: string;
  readonly barren: number;
};

/** The table of progress. */
export class ProgressStore {
  readonly #sql: SqlPort;

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  get(beadId: string): ProgressRow | null {
    type Row = { cycle: number; passed: string; covered: string; failing: number | null; mark: string; barren: number };
    const [row] = rowsOf<Row>(this.#sql, "SELECT cycle, passed, covered, failing, mark, barren FROM progress WHERE bead_id = ?", beadId);
    // The casts hold: only `keep` writes the columns.
    return row === undefined ? null : { ...row, passed: JSON.parse(row.passed) as string[], covered: JSON.parse(row.covered) as string[] };
  }

  keep(beadId: string, { cycle, passed, covered, failing, mark, barren }: ProgressRow): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO progress (bead_id, cycle, passed, covered, failing, mark, barren) VALUES (?, ?, ?, ?, ?, ?, ?)",
      beadId,
      cycle,
      JSON.stringify(passed),
      JSON.stringify(covered),
      failing,
      mark,
      barren,
    );
  }
}
