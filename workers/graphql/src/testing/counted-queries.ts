/** Queries in D1 that tell what each statement reads. */
import type { RunQuery } from "../reads/read-database.ts";
import type { CountedStatement } from "./counted-statement.ts";

/** A driver over D1 that runs each statement twice: only one of D1's two answers has the counts, and only the other has rows whose columns share a name. */
export function countedQueries(database: D1Database, note: (statement: CountedStatement) => void): RunQuery {
  return async (sql, params) => {
    const statement = database.prepare(sql).bind(...params);
    const { meta } = await statement.run();
    const rows = await statement.raw();
    note({ sql, params, rowsRead: meta.rows_read, rows: rows.length });
    return rows;
  };
}
