/** Counts the rows that an object's statements read and write, as the platform bills them, and the commits they end in. */

import { eventLoopTurn } from "@factory/durable";

/** What an object's storage was asked for. */
export type StorageCount = { readonly read: number; readonly written: number; readonly statements: number; readonly commits: number };

type Cursor = { readonly rowsRead: number; readonly rowsWritten: number };

/** The part of Durable Object storage that counts. */
type CountedStorage = { readonly sql: { exec(query: string, ...bindings: unknown[]): Cursor } };

/** Counts from now on what goes through a storage; the storage itself is what every other holder of it has. */
export class RowCounter {
  #read = 0;
  #written = 0;
  #statements = 0;
  #commits = 0;
  /** A cursor counts while it is read; the rooms read to the end before the next statement. */
  #last: Cursor | undefined;
  #inCommit = false;

  constructor({ sql }: CountedStorage) {
    const exec = sql.exec.bind(sql);
    const counted = (query: string, ...bindings: unknown[]): Cursor => {
      this.#settle();
      const cursor = exec(query, ...bindings);
      this.#statements += 1;
      this.#last = cursor;
      if (cursor.rowsWritten > 0) this.#wrote();
      return cursor;
    };
    Object.defineProperty(sql, "exec", { value: counted });
  }

  /** Counts since the last call. */
  take(): StorageCount {
    this.#settle();
    const count = { read: this.#read, written: this.#written, statements: this.#statements, commits: this.#commits };
    this.#read = this.#written = this.#statements = this.#commits = 0;
    return count;
  }

  #settle(): void {
    this.#read += this.#last?.rowsRead ?? 0;
    this.#written += this.#last?.rowsWritten ?? 0;
    this.#last = undefined;
  }

  /** Writes of one turn are one commit: the platform joins what no other event comes between. */
  #wrote(): void {
    if (this.#inCommit) return;
    this.#inCommit = true;
    this.#commits += 1;
    void eventLoopTurn().then(() => (this.#inCommit = false));
  }
}
