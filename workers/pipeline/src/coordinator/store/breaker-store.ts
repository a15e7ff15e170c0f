/** The circuit breaker of dispatch, as a row: what a run's wake-ups have come to lately. */
import type { SqlPort } from "@factory/durable";
import { Remembered } from "./remembered.ts";
import { rowsOf } from "./rows.ts";

/** How the breaker stands. */
export type Breaker = {
  /** Wake-ups in a row that nobody answered. */
  readonly failures: number;
  /** How often it has opened since a slot was heard of last. */
  readonly openings: number;
  /** Until when nobody is woken, in epoch milliseconds; null while it is closed. A time that has passed allows one wake-up, to see. */
  readonly openUntil: number | null;
};

/** The table of the breaker. */
export class BreakerStore {
  readonly #sql: SqlPort;
  /** Not persisted: when a slot was heard of last, in epoch milliseconds; after an eviction a few wake-ups count that need not. */
  heardAt = Number.NEGATIVE_INFINITY;

  readonly #breaker: Remembered<Breaker>;

  constructor(sql: SqlPort) {
    this.#sql = sql;
    this.#breaker = new Remembered(() => this.#row());
  }

  /** Forgets what memory holds of the row; called when a transaction was undone. */
  forgetRows(): void {
    this.#breaker.forget();
  }

  read(): Breaker {
    return this.#breaker.get();
  }

  write({ failures, openings, openUntil }: Breaker): void {
    this.#sql.exec("UPDATE dispatch_breaker SET failures = ?, openings = ?, open_until = ?", failures, openings, openUntil);
    this.#breaker.forget();
  }

  #row(): Breaker {
    const [row] = rowsOf<{ failures: number; openings: number; open_until: number | null }>(
      this.#sql,
      "SELECT failures, openings, open_until FROM dispatch_breaker",
    );
    return { failures: row?.failures ?? 0, openings: row?.openings ?? 0, openUntil: row?.open_until ?? null };
  }
}
