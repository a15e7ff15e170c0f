/** Short forms of a statement on the coordinator's tables. */
import type { SqlPort, SqlRow, SqlValue } from "@factory/durable";

/** All rows of a query. */
export function rowsOf<Row extends SqlRow>(sql: SqlPort, query: string, ...bindings: SqlValue[]): Row[] {
  return sql.exec<Row>(query, ...bindings).toArray();
}

/** The one number of a query whose column is called `n`. */
export function countOf(sql: SqlPort, query: string, ...bindings: SqlValue[]): number {
  return rowsOf<{ n: number }>(sql, query, ...bindings)[0]?.n ?? 0;
}

/** The clause for at most so many rows. SQLite prepares a statement whose limit is bound anew each time it runs. */
export function limitTo(rows: number): string {
  return `LIMIT ${Math.max(0, Math.trunc(rows))}`;
}
