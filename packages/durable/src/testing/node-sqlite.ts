/**
 * `node:sqlite` behind the storage port of a Durable Object, with the platform's refusals, so that a pure test cannot
 * pass on what the platform would not do. Foreign keys are on.
 */
import { DatabaseSync } from "node:sqlite";
import type { SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import type { HealthPort } from "../object-health.ts";
import type { TimerPort } from "../scheduler.ts";
import { requireSynchronous } from "../sql.ts";
import type { SqlCursor, SqlRow, SqlValue, StoragePort } from "../sql.ts";

/** Bound parameters that the platform allows in one statement. */
const MAX_BINDINGS = 100;
const REFUSED =
  /^\s*(?:begin|commit|end|rollback|savepoint|release|attach|detach|vacuum)\b|^\s*pragma\s+(?:user_version|journal_mode|synchronous|foreign_keys\s*=)/i;

/** SQLite on this machine as an object's storage. */
export class NodeSqliteStorage implements StoragePort {
  readonly #db: DatabaseSync;
  /** Statements by text; preparing one costs more than running it. */
  readonly #prepared = new Map<string, StatementSync>();
  #depth = 0;

  readonly sql = {
    exec: <Row extends SqlRow>(query: string, ...bindings: SqlValue[]): SqlCursor<Row> => this.#exec<Row>(query, bindings),
  };

  /** @param path - a database file, or `:memory:` for one that ends with the test */
  constructor(path = ":memory:") {
    this.#db = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  }

  transactionSync<T>(closure: () => T): T {
    const depth = this.#depth;
    this.#db.exec(depth === 0 ? "BEGIN IMMEDIATE" : `SAVEPOINT s${depth}`);
    this.#depth += 1;
    try {
      const result = requireSynchronous(closure(), "A transaction");
      this.#db.exec(depth === 0 ? "COMMIT" : `RELEASE s${depth}`);
      return result;
    } catch (err) {
      this.#db.exec(depth === 0 ? "ROLLBACK" : `ROLLBACK TO s${depth}; RELEASE s${depth}`);
      throw err;
    } finally {
      this.#depth = depth;
    }
  }

  /** What `objectHealth` reads of an object that has this database and that alarm. */
  observed(alarm: Pick<TimerPort, "getAlarm">): HealthPort {
    const { exec } = this.sql;
    const size = this.#db.prepare("SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size");
    return {
      getAlarm: () => alarm.getAlarm(),
      sql: {
        exec,
        get databaseSize() {
          return Number(size.get()?.["bytes"]);
        },
      },
    };
  }

  /** Closes the database; later calls throw. */
  close(): void {
    this.#prepared.clear();
    this.#db.close();
  }

  /** Runs every statement of the text; the bindings are the last one's, and the rows too. */
  #exec<Row extends SqlRow>(query: string, bindings: readonly SqlValue[]): SqlCursor<Row> {
    if (bindings.length > MAX_BINDINGS) throw new Error(`too many SQL variables: ${bindings.length}`);
    let rest = query;
    for (;;) {
      if (REFUSED.test(rest)) throw new Error(`not authorized: ${rest.trim().slice(0, 40)}`);
      const statement = this.#prepare(rest);
      rest = rest.slice(statement.sourceSQL.length);
      // Only blanks may follow the last statement: the platform takes a comment there for another one.
      const isLast = rest.trim() === "";
      const rows = statement.all(...(isLast ? bindings.map(toSqlite) : []));
      if (!isLast) continue;
      // The cast is the port's contract: the caller names the shape of the rows that its query selects.
      const result = rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, fromSqlite(value)])) as Row);
      return { toArray: () => result };
    }
  }

  #prepare(text: string): StatementSync {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(text);
    this.#prepared.set(text, statement);
    return statement;
  }
}

function toSqlite(value: SqlValue): SQLInputValue {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

function fromSqlite(value: SQLOutputValue): SqlValue {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Uint8Array ? new Uint8Array(value).buffer : value;
}
