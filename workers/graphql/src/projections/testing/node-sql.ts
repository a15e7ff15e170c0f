/** The read model's database in node's SQLite, with the committed migrations and foreign keys on. */
import { readFileSync, readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import type { DeadLetterDatabase } from "@factory/durable";
import { getTableName } from "drizzle-orm";
import type { ReadModelSql } from "../projector.ts";
import { READ_MODEL, TABLE_NAMES } from "../read-model.ts";
import type { Statement } from "../statements.ts";

const MIGRATIONS = join(import.meta.dirname, "../../../../../migrations/factory");

/** A database of a test. */
export type TestReadModel = ReadModelSql & {
  /** Rows of a query. */
  all(sql: string, ...params: (string | number)[]): { readonly [column: string]: unknown }[];
  /** Rows of a query as arrays of cells, as {@link RunQuery} answers them. */
  arrays(sql: string, params: readonly unknown[]): unknown[][];
  /** Every row of the read model as text, table by table, in the order of the primary keys. */
  dump(): string;
  /** Transactions that changed rows, and the rows they changed. */
  readonly written: { batches: number; rows: number };
};

/** An empty read model. */
export function aReadModel(): TestReadModel {
  const sqlite = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });
  for (const file of readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith(".sql"))
    .sort()) {
    sqlite.exec(readFileSync(join(MIGRATIONS, file), "utf8"));
  }
  const written = { batches: 0, rows: 0 };
  const runOne = ({ sql, params }: Statement) => {
    const statement = sqlite.prepare(sql);
    if (/^\s*SELECT/i.test(sql)) return { changes: 0, rows: statement.all(...params) };
    return { changes: Number(statement.run(...params).changes), rows: [] };
  };
  const all: TestReadModel["all"] = (sql, ...params) => sqlite.prepare(sql).all(...params);
  const arrays: TestReadModel["arrays"] = (sql, params) => {
    const statement = sqlite.prepare(sql);
    // D1 answers several statements at once with rows by the names of their columns.
    const names = statement.columns().map(({ name }) => name);
    if (new Set(names).size < names.length) throw new TypeError(`Two columns have one name: ${sql}`);
    statement.setReturnArrays(true);
    // Rows are arrays from here on, which the type of `all` does not know.
    return statement.all(...(params as (string | number)[])) as unknown as unknown[][];
  };
  return {
    written,
    all,
    arrays,
    async batch(statements) {
      sqlite.exec("BEGIN");
      try {
        const results = statements.map(runOne);
        sqlite.exec("COMMIT");
        const changed = results.reduce((sum, { changes }) => sum + changes, 0);
        if (changed > 0) written.batches += 1;
        written.rows += changed;
        return results;
      } catch (err) {
        sqlite.exec("ROLLBACK");
        throw err;
      }
    },
    dump: () =>
      TABLE_NAMES.map((name) => {
        const table = getTableName(READ_MODEL[name].table);
        return `${table}\n${all(`SELECT * FROM ${table} ORDER BY session_id, seq, rowid`)
          .map((row) => JSON.stringify(row))
          .sort()
          .join("\n")}`;
      }).join("\n\n"),
  };
}

/** The same database as the consumers of dead letters write to it. */
export function deadLettersIn(sql: ReadModelSql): DeadLetterDatabase {
  return { prepare: (text) => ({ bind: (...params) => ({ run: () => sql.batch([{ sql: text, params }]) }) }) };
}
