/** The operative slots of the run, as rows, with the wake-ups that left for them. */
import type { SqlPort } from "@factory/durable";
import { countOf, rowsOf } from "./rows.ts";

/** Goes from slot to slot over the index of what is leased instead of reading every slot or every bead. */
const BUSY = `WITH RECURSIVE held (slot) AS (
  SELECT min(slot) FROM beads WHERE state = 'LEASED' AND slot >= 0
  UNION ALL
  SELECT (SELECT min(slot) FROM beads WHERE state = 'LEASED' AND slot > held.slot) FROM held WHERE held.slot IS NOT NULL
) SELECT count(*) AS n FROM held WHERE slot IS NOT NULL`;

/** The table of slots. */
export class SlotStore {
  readonly #sql: SqlPort;

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  /** Stores that many slots. */
  insert(count: number): void {
    for (let slot = 0; slot < count; slot++) this.#sql.exec("INSERT INTO slots (slot) VALUES (?)", slot);
  }

  /** How many slots hold beads. */
  busy(): number {
    return countOf(this.#sql, BUSY);
  }

  /** Slots that hold nothing and for which no wake-up is out, lowest first. */
  free(limit: number): { readonly slot: number }[] {
    return rowsOf<{ slot: number }>(
      this.#sql,
      `SELECT slot FROM slots s WHERE hinted_at IS NULL AND NOT EXISTS (SELECT 1 FROM beads b WHERE b.state = 'LEASED' AND b.slot = s.slot)
       ORDER BY slot LIMIT ?`,
      limit,
    );
  }

  /** For how many slots a wake-up is out that nobody has answered. */
  countHinted(): number {
    return countOf(this.#sql, "SELECT count(*) AS n FROM slots WHERE hinted_at IS NOT NULL");
  }

  /** Slots with a wake-up nobody has answered. */
  hinted(): { readonly slot: number; readonly hintedAt: number; readonly hints: number }[] {
    return rowsOf<{ slot: number; hinted_at: number; hints: number }>(
      this.#sql,
      "SELECT slot, hinted_at, hints FROM slots WHERE hinted_at IS NOT NULL ORDER BY slot",
    ).map((row) => ({ slot: row.slot, hintedAt: row.hinted_at, hints: row.hints }));
  }

  hint(slot: number, now: number): number {
    return rowsOf<{ hints: number }>(this.#sql, "UPDATE slots SET hinted_at = ?, hints = hints + 1 WHERE slot = ? RETURNING hints", now, slot)[0]?.hints ?? 0;
  }

  /** The slot has been heard of. */
  answerHint(slot: number): void {
    this.#sql.exec("UPDATE slots SET hinted_at = NULL, hints = 0 WHERE slot = ? AND (hinted_at IS NOT NULL OR hints > 0)", slot);
  }

  /** The wake-up of the slot is taken as lost; how many were lost in a row stays known. */
  forgetHint(slot: number): void {
    this.#sql.exec("UPDATE slots SET hinted_at = NULL WHERE slot = ?", slot);
  }
}
