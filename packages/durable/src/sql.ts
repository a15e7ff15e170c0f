/**
 * The part of a Durable Object's storage that this package needs, as interfaces. `ctx.storage` fits them as it is; the
 * pure tests give an adapter over `node:sqlite`.
 */

/** A value that SQLite stores and gives back. */
export type SqlValue = string | number | null | ArrayBuffer;

/** One result row, keyed by column name. */
export type SqlRow = Record<string, SqlValue>;

/** The rows of one statement. They are read to an array before any `await`: a cursor has no snapshot across one. */
export interface SqlCursor<Row extends SqlRow> {
  toArray(): Row[];
}

/**
 * Synchronous SQL on one object's database; `DurableObjectStorage["sql"]` fits.
 *
 * The platform allows 100 bound parameters a statement and refuses transaction statements and `PRAGMA user_version`.
 */
export interface SqlPort {
  exec<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): SqlCursor<Row>;
}

/**
 * SQL with atomic groups; `DurableObjectStorage` fits.
 *
 * A call inside another `transactionSync` is a savepoint: when the inner closure throws, only its own writes are undone.
 */
export interface StoragePort {
  readonly sql: SqlPort;
  transactionSync<T>(closure: () => T): T;
}

/**
 * Refuses a promise as the result of work that must end inside a synchronous transaction.
 *
 * @throws TypeError when `result` is thenable: its later writes would be outside the transaction.
 */
export function requireSynchronous<T>(result: T, what: string): T {
  if (typeof result === "object" && result !== null && "then" in result) {
    throw new TypeError(`${what} returned a promise; it has to finish inside its transaction.`);
  }
  return result;
}
