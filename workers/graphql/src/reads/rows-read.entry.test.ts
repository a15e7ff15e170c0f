import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { CONNECTION_HEADER, encodeConnection, GRAPHQL_PATH } from "@factory/schemas/rpc";
import { beforeAll, expect, test } from "vitest";
import { graphqlServer } from "../http/graphql-server.ts";
import { operationContext } from "../http/operation-context.ts";
import type { Row } from "../projections/read-model.ts";
import { countedQueries } from "../testing/counted-queries.ts";
import type { CountedStatement } from "../testing/counted-statement.ts";
import { insertOf, manySessions, type FilledTable } from "../testing/many-sessions.ts";
import { askOf, operations, pageAfter, type Ask } from "../testing/page-operations.ts";
import { readDatabase } from "./read-database.ts";

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS));

/** Enough for every page to be full, and for texts that are compared with the newest thousand alone. */
const FEW = 1_600;
const MANY = 4_800;
const PAGE_ROWS = 5;
/** Rows of one statement while filling: its parameter stays far under D1's 2 MB. */
const ROWS_AT_ONCE = 500;

/** Replaces what is in the read model. */
async function fill(sessions: number): Promise<void> {
  await env.DB.batch([env.DB.prepare("DELETE FROM projection_cursors"), env.DB.prepare("DELETE FROM sessions")]);
  const tables = new Map<FilledTable, Row[]>();
  const size = { sessions, open: 40, largest: 60, middling: 10, newestAt: Date.now() };
  for (const session of manySessions(size)) for (const [table, rows] of session) tables.set(table, [...(tables.get(table) ?? []), ...rows]);
  // Every other table refers to the cursors.
  const first = [...tables].toSorted(([a], [b]) => Number(b === "projectionCursors") - Number(a === "projectionCursors"));
  for (const [table, rows] of first) {
    const { sql, columns, cells } = insertOf(table);
    const values = columns.map((_, index) => `json_extract(value, '$[${index}]')`).join(", ");
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
      const chunk = JSON.stringify(rows.slice(from, from + ROWS_AT_ONCE).map(cells));
      await env.DB.prepare(`${sql} SELECT ${values} FROM json_each(?1)`).bind(chunk).run();
    }
  }
}

/** What an operation comes to in D1's own count. */
async function count({ org, query, variables }: Ask): Promise<{ readonly statements: number; readonly rowsRead: number; readonly data: unknown }> {
  const statements: CountedStatement[] = [];
  const now = (): number => Date.now();
  const sources = {
    database: readDatabase(countedQueries(env.DB, (statement) => statements.push(statement))),
    logs: env,
    graphs: env,
    runs: env,
    sessions: env,
    blobs: env.BLOBS,
    now,
  };
  const journal = { event: () => undefined };
  const server = graphqlServer({ contextOf: (viewer) => operationContext(sources, viewer), startTimeout: () => () => undefined, now, journal });
  const headers = {
    "content-type": "application/json",
    [CONNECTION_HEADER]: encodeConnection({ org, principalId: "reader", scopes: ["session:read"], connectionId: "c-1" }),
  };
  const response = await server.fetch(new Request(`https://graphql${GRAPHQL_PATH}`, { method: "POST", headers, body: JSON.stringify({ query, variables }) }));
  const { data, errors } = await response.json<{ readonly data: unknown; readonly errors?: unknown }>();
  expect(errors).toBeUndefined();
  return { statements: statements.length, rowsRead: statements.reduce((sum, { rowsRead }) => sum + rowsRead, 0), data };
}

async function cursorAfter(order: "NEWEST_FIRST" | "PROBLEMS_FIRST", first: number): Promise<string> {
  const { data } = await count(pageAfter(null, order, first));
  return (data as { readonly sessions: { readonly pageInfo: { readonly endCursor: string } } }).sessions.pageInfo.endCursor;
}

async function countsOfAll(sessions: number): Promise<Map<string, { readonly statements: number; readonly rowsRead: number }>> {
  await fill(sessions);
  const cursors = { deep: await cursorAfter("NEWEST_FIRST", 500), deepProblems: await cursorAfter("PROBLEMS_FIRST", 500) };
  const counts = new Map<string, { readonly statements: number; readonly rowsRead: number }>();
  for (const operation of operations(cursors)) {
    const { statements, rowsRead } = await count(askOf(operation, { ...operation.variables[0], first: PAGE_ROWS }));
    counts.set(operation.name, { statements, rowsRead });
  }
  return counts;
}

test("no page reads more rows of the read model when there are three times the sessions", async () => {
  const few = await countsOfAll(FEW);
  const many = await countsOfAll(MANY);
  expect(many.size).toBeGreaterThan(20);
  const grown = [...many].filter(([name, { statements, rowsRead }]) => {
    const before = few.get(name) ?? { statements: 0, rowsRead: 0 };
    return statements > before.statements || rowsRead > before.rowsRead * 1.2 + 20;
  });
  expect(grown.map(([name, after]) => ({ name, before: few.get(name), after }))).toEqual([]);
});
