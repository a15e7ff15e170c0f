/**
 * The one place where reads of the read model are held within an org: whatever is asked, its rows are of the org that the
 * object was made for. Nothing else of the queries has the database.
 */
import { and, eq, getTableColumns, lte, sql, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { READ_MODEL } from "../projections/read-model.ts";
import { sessionTallies } from "../projections/schema.ts";
import type { ReadDatabase } from "./read-database.ts";

/** A table of the read model; each has the column `org`. */
export type ReadTable = (typeof READ_MODEL)[keyof typeof READ_MODEL]["table"];
export type RowOf<T extends ReadTable> = T["$inferSelect"];

/** Columns of an answer: a table's own, or expressions under a name. */
export type Fields = { readonly [name: string]: SQLiteColumn | SQL.Aliased };

/** Which rows: of these sessions only, or of the whole org. */
type Where = {
  readonly ofSessions?: readonly string[] | undefined;
  readonly where?: SQL | undefined;
  /** The condition names the keys of its rows, by which they are found. */
  readonly byKey?: boolean | undefined;
};

/** Which rows, in which order, how many. */
export type Asked = Where & {
  readonly orderBy?: readonly SQL[];
  readonly groupBy?: readonly (SQLiteColumn | SQL)[];
  readonly limit?: number;
};

/** Rows of each part, in the part's own order. */
export type PartedAsk = Where & { readonly by: readonly SQLiteColumn[]; readonly orderBy: readonly SQL[]; readonly limit: number };

/** Reads of one org. */
export class OrgReads {
  readonly org: string;
  readonly #db: ReadDatabase;

  constructor(db: ReadDatabase, org: string) {
    this.#db = db;
    this.org = org;
  }

  /** Rows of a table. */
  async rows<T extends ReadTable>(table: T, asked: Asked): Promise<RowOf<T>[]> {
    // The columns are the table's own, so the rows are its rows.
    return (await this.pick(table, getTableColumns(table), asked)) as RowOf<T>[];
  }

  /** What the fields make of a table's rows. */
  async pick(table: ReadTable, fields: Fields, { orderBy = [], groupBy = [], limit, ...which }: Asked): Promise<{ [name: string]: unknown }[]> {
    const query = this.#db
      .select({ ...fields })
      .from(table)
      .where(this.#own(table, which))
      .groupBy(...groupBy)
      .orderBy(...orderBy)
      .$dynamic();
    return limit === undefined ? query : query.limit(limit);
  }

  /** At most `limit` rows of each part of a table. */
  async rowsOfEach<T extends ReadTable>(table: T & ReadTable, { by, orderBy, limit, ...which }: PartedAsk): Promise<RowOf<T>[]> {
    const place = sql<number>`row_number() OVER (PARTITION BY ${sql.join([...by], sql.raw(", "))} ORDER BY ${sql.join([...orderBy], sql.raw(", "))})`.as(
      "place",
    );
    const fields: { [name: string]: SQLiteColumn | SQL.Aliased } = { ...getTableColumns(table), place };
    const ranked = this.#db.select(fields).from(table).where(this.#own(table, which)).as("ranked");
    const order = sql.raw("ranked.place");
    const rows = await this.#db.select().from(ranked).where(lte(order, limit)).orderBy(order);
    // The columns are the table's own and `place`, so the rows are its rows.
    return rows as unknown as RowOf<T>[];
  }

  /** How many of the org's sessions, or of one of its assemblies', stand in each state; the empty text for those of which no event has said it. */
  async tallies(assemblyId: string | null | undefined): Promise<{ readonly state: string; readonly sessions: number }[]> {
    const { org, state, sessions } = sessionTallies;
    const ofAssembly = assemblyId === null || assemblyId === undefined ? undefined : eq(sessionTallies.assemblyId, assemblyId);
    return this.#db
      .select({ state, sessions: sql<number>`sum(${sessions})`.as("sessions") })
      .from(sessionTallies)
      .where(and(eq(org, this.org), ofAssembly))
      .groupBy(state)
      .orderBy(state);
  }

  /** Rows of sessions are found by the sessions' keys: the plus keeps SQLite from going through all rows of the org for them. */
  #own(table: ReadTable, { ofSessions, where, byKey = false }: Where): SQL | undefined {
    if (ofSessions !== undefined) return and(sql`+${table.org} = ${this.org}`, among(table.sessionId, ofSessions), where);
    return and(byKey ? sql`+${table.org} = ${this.org}` : eq(table.org, this.org), where);
  }
}

/** A column among values: one parameter, however many there are, since D1 takes a hundred. */
export function among(column: SQLiteColumn, values: readonly string[]): SQL {
  return sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;
}
