/** Statements of queries in D1. */
import type { RunQuery } from "./read-database.ts";

/** A driver over D1. */
export function d1Queries(database: D1Database): RunQuery {
  return (sql, params) =>
    database
      .prepare(sql)
      .bind(...params)
      .raw();
}
