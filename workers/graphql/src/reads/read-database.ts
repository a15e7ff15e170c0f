/** The read model's database as queries see it: drizzle over any driver that answers rows as arrays. */
import { drizzle, type SqliteRemoteDatabase } from "drizzle-orm/sqlite-proxy";

/** Runs one statement; the rows are arrays of cells in the order of the columns. */
export type RunQuery = (sql: string, params: readonly unknown[]) => Promise<unknown[][]>;

/** Reads and nothing else goes through it. */
export type ReadDatabase = SqliteRemoteDatabase;

/** A database over a driver. */
export function readDatabase(run: RunQuery): ReadDatabase {
  return drizzle(async (sql, params: readonly unknown[]) => ({ rows: await run(sql, params) }));
}
