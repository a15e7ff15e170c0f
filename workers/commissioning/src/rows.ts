/** Short forms of a statement on a session's tables, and of reading its columns. */
import type { SqlPort, SqlRow, SqlValue } from "@factory/durable";

/** All rows of a query. */
export function rowsOf(sql: SqlPort, query: string, ...bindings: SqlValue[]): SqlRow[] {
  return sql.exec<SqlRow>(query, ...bindings).toArray();
}

/** A column of text. @throws TypeError when it holds none */
export function text(value: SqlValue | undefined): string {
  if (typeof value !== "string") throw new TypeError("A text column holds no text.");
  return value;
}

/** A column of text that may be empty. @throws TypeError when it holds something else */
export const textOrNull = (value: SqlValue | undefined): string | null => (value === null || value === undefined ? null : text(value));
