/**
 * Rows that stores hold back while the work of a commit changes them again and again, so that each is written once. Whoever
 * asks the database anything through here asks it after they are written; only a read that no held row can change goes past.
 */
import type { SqlCursor, SqlPort, SqlRow, SqlValue } from "@factory/durable";

/** SQL of one object whose stores hold writes back. */
export class HeldWrites implements SqlPort {
  /** For the held rows themselves, and for reads and writes that these have no part in. */
  readonly past: SqlPort;
  readonly #writers: (() => void)[] = [];
  /** Not persisted: whether a store holds anything. */
  #held = false;

  constructor(sql: SqlPort) {
    this.past = sql;
  }

  /** Names what writes a store's rows. Those named first are written first: later ones may refer to them. */
  register(write: () => void): void {
    this.#writers.push(write);
  }

  /** A store has begun to hold something back. */
  hold(): void {
    this.#held = true;
  }

  /** Writes what is held back; every transaction ends with it. */
  write(): void {
    if (!this.#held) return;
    this.#held = false;
    for (const write of this.#writers) write();
  }

  /** The stores have forgotten what they held, because its transaction was undone. */
  forget(): void {
    this.#held = false;
  }

  exec<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): SqlCursor<Row> {
    this.write();
    return this.past.exec<Row>(query, ...bindings);
  }
}
