/** The operative slots of the run, as rows, with the wake-ups that left for them. */
import type { SqlPort } from "@factory/durable";
import { Remembered } from "./remembered.ts";
import { rowsOf } from "./rows.ts";

type Marked = { readonly slot: number; readonly hintedAt: number | null; readonly hints: number };

/** The table of slots. */
export class SlotStore {
  readonly #sql: SqlPort;
  /** Slots of which the row says anything: a wake-up is out, or some were lost. */
  readonly #marked: Remembered<readonly Marked[]>;

  constructor(sql: SqlPort) {
    this.#sql = sql;
    this.#marked = new Remembered(() =>
      rowsOf<{ slot: number; hinted_at: number | null; hints: number }>(
        sql,
        "SELECT slot, hinted_at, hints FROM slots WHERE hinted_at IS NOT NULL OR hints > 0 ORDER BY slot",
      ).map((row) => ({ slot: row.slot, hintedAt: row.hinted_at, hints: row.hints })),
    );
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#marked.forget();
  }

  /** Stores that many slots. */
  insert(count: number): void {
    for (let slot = 0; slot < count; slot++) this.#sql.exec("INSERT INTO slots (slot) VALUES (?)", slot);
  }

  /**
   * Slots that hold nothing and for which no wake-up is out, lowest first.
   *
   * @param slots - how many the run has
   * @param holds - whether a slot holds beads
   */
  free(limit: number, slots: number, holds: (slot: number) => boolean): number[] {
    const hinted = new Set(this.hinted().map(({ slot }) => slot));
    const free: number[] = [];
    for (let slot = 0; slot < slots && free.length < limit; slot++) if (!hinted.has(slot) && !holds(slot)) free.push(slot);
    return free;
  }

  /** For how many slots a wake-up is out that nobody has answered. */
  countHinted(): number {
    return this.hinted().length;
  }

  /** Slots with a wake-up nobody has answered. */
  hinted(): { readonly slot: number; readonly hintedAt: number; readonly hints: number }[] {
    return this.#marked.get().flatMap(({ slot, hintedAt, hints }) => (hintedAt === null ? [] : [{ slot, hintedAt, hints }]));
  }

  hint(slot: number, now: number): number {
    this.#marked.forget();
    return rowsOf<{ hints: number }>(this.#sql, "UPDATE slots SET hinted_at = ?, hints = hints + 1 WHERE slot = ? RETURNING hints", now, slot)[0]?.hints ?? 0;
  }

  /** The slot has been heard of. */
  answerHint(slot: number): void {
    if (this.#marked.get().every((marked) => marked.slot !== slot)) return;
    this.#marked.forget();
    this.#sql.exec("UPDATE slots SET hinted_at = NULL, hints = 0 WHERE slot = ?", slot);
  }

  /** The wake-up of the slot is taken as lost; how many were lost in a row stays known. */
  forgetHint(slot: number): void {
    this.#marked.forget();
    this.#sql.exec("UPDATE slots SET hinted_at = NULL WHERE slot = ?", slot);
  }
}
