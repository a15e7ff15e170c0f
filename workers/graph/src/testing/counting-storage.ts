/** A storage port that counts the rows its statements read and write, as the platform bills them. */
import type { SqlCursor, SqlPort, SqlRow, SqlValue, StoragePort } from "@factory/durable";

/** Rows of the statements since the last `take`. */
export type RowCount = { readonly read: number; readonly written: number };

/** The part of Durable Object storage that counts. */
export interface CountedStorage {
  readonly sql: {
    exec<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): SqlCursor<Row> & { readonly rowsRead: number; readonly rowsWritten: number };
  };
  transactionSync<T>(closure: () => T): T;
}

/** Wraps an object's storage. */
export class CountingStorage implements StoragePort {
  readonly sql: SqlPort;
  readonly #storage: CountedStorage;
  #cursors: { readonly rowsRead: number; readonly rowsWritten: number }[] = [];

  constructor(storage: CountedStorage) {
    this.#storage = storage;
    this.sql = {
      exec: <Row extends SqlRow>(query: string, ...bindings: SqlValue[]): SqlCursor<Row> => {
        const cursor = storage.sql.exec<Row>(query, ...bindings);
        this.#cursors.push(cursor);
        return cursor;
      },
    };
  }

  transactionSync<T>(closure: () => T): T {
    return this.#storage.transactionSync(closure);
  }

  /** Rows since the last call; a cursor counts what was read of it by now. */
  take(): RowCount {
    const cursors = this.#cursors;
    this.#cursors = [];
    return {
      read: cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
      written: cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    };
  }
}
