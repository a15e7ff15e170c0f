/** The read model's database in D1. */
import type { ReadModelSql } from "./projector.ts";

/** `batch` of D1 is one transaction. */
export function d1Sql(database: D1Database): ReadModelSql {
  return {
    async batch(statements) {
      const results = await database.batch<{ [column: string]: unknown }>(statements.map(({ sql, params }) => database.prepare(sql).bind(...params)));
      return results.map(({ meta, results: rows }) => ({ changes: meta.changes, rows }));
    },
  };
}
