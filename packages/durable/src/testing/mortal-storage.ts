/** Crashes, as a test sees them: the object in memory is gone and the database stays. */
import type { SqlCursor, SqlRow, SqlValue, StoragePort } from "../sql.ts";

/** Access to a database that ends with the object that has it: what still runs in a dead object cannot write. */
export class MortalStorage implements StoragePort {
  readonly #storage: StoragePort;
  #alive = true;

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  readonly sql = {
    exec: <Row extends SqlRow>(query: string, ...bindings: SqlValue[]): SqlCursor<Row> => {
      this.#requireLife();
      return this.#storage.sql.exec<Row>(query, ...bindings);
    },
  };

  transactionSync<T>(closure: () => T): T {
    this.#requireLife();
    return this.#storage.transactionSync(closure);
  }

  /** Whether the access has ended. */
  get dead(): boolean {
    return !this.#alive;
  }

  /** Ends the access. */
  die(): void {
    this.#alive = false;
  }

  #requireLife(): void {
    if (!this.#alive) throw new Error("This object has crashed.");
  }
}
