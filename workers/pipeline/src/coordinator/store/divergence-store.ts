/** Divergences of the run, as rows: open until an amendment answers them. */
import type { SqlPort } from "@factory/durable";
import { Remembered } from "./remembered.ts";
import { countOf, rowsOf } from "./rows.ts";

/** The table of divergences. */
export class DivergenceStore {
  readonly #sql: SqlPort;
  /** Whether the run has any: most never do, and their beads need not be looked up. */
  readonly #any: Remembered<boolean>;

  constructor(sql: SqlPort) {
    this.#sql = sql;
    this.#any = new Remembered(() => countOf(sql, "SELECT EXISTS (SELECT 1 FROM divergences) AS n") > 0);
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#any.forget();
  }

  open(divergenceId: string, beadId: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO divergences (divergence_id, bead_id, open) VALUES (?, ?, 1)", divergenceId, beadId);
    this.#any.forget();
  }

  close(beadIds: readonly string[]): void {
    this.#sql.exec("UPDATE divergences SET open = 0 WHERE bead_id IN (SELECT value FROM json_each(?))", JSON.stringify(beadIds));
  }

  /** Beads whose divergence waits for its amendment. */
  openBeads(): string[] {
    if (!this.#any.get()) return [];
    return rowsOf<{ bead_id: string }>(this.#sql, "SELECT DISTINCT bead_id FROM divergences WHERE open = 1 ORDER BY bead_id").map((row) => row.bead_id);
  }

  /** Amendment cycles a bead has been through: its divergences that an amendment has answered. */
  cyclesOf(beadId: string): number {
    return this.#any.get() ? countOf(this.#sql, "SELECT count(*) AS n FROM divergences WHERE bead_id = ? AND open = 0", beadId) : 0;
  }
}
