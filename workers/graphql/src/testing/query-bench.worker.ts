/**
 * The door of `pnpm bench:graphql`: queries go to the deployed Worker as the gateway sends them, or through the same server with every
 * statement counted; and events come into a session's log.
 */
import { consoleLog, startRealTimeout } from "@factory/durable";
import type { EventWrite } from "@factory/schemas";
import { CONNECTION_HEADER, encodeConnection, GRAPHQL_PATH, sessionLogOf, type ArtifactGraphRpc } from "@factory/schemas/rpc";
import { graphqlServer } from "../http/graphql-server.ts";
import { operationContext } from "../http/operation-context.ts";
import { readDatabase } from "../reads/read-database.ts";
import { countedQueries } from "./counted-queries.ts";
import type { Counted, CountedStatement } from "./counted-statement.ts";

type BenchEnv = {
  readonly DB: D1Database;
  readonly SESSION_LOGS: DurableObjectNamespace;
  readonly ARTIFACT_GRAPHS: { getByName(name: string): ArtifactGraphRpc };
  readonly COORDINATORS: DurableObjectNamespace;
  readonly SESSIONS: DurableObjectNamespace;
  readonly BLOBS: R2Bucket;
  readonly GRAPHQL: Fetcher;
};

/** What no operation of the benchmark asks. */
const unasked = (name: string): never => {
  throw new Error(`The benchmark asks nothing of ${name}.`);
};
const UNASKED = { runs: { COORDINATORS: { getByName: unasked } }, sessions: { SESSIONS: { getByName: unasked } }, blobs: { head: unasked, get: unasked } };

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const asked = (name: string): string => url.searchParams.get(name) ?? "";
    if (url.pathname === "/append") return append(request, env, asked("org"), asked("session"));
    const headers = new Headers({ "content-type": "application/json" });
    headers.set(CONNECTION_HEADER, encodeConnection({ org: asked("org"), principalId: "bench", scopes: ["session:read"], connectionId: "bench" }));
    const operation = new Request(`https://graphql${GRAPHQL_PATH}`, { method: "POST", headers, body: request.body });
    return url.pathname === "/counted" ? count(operation, env) : env.GRAPHQL.fetch(operation);
  },
} satisfies ExportedHandler<BenchEnv>;

async function count(operation: Request, env: BenchEnv): Promise<Response> {
  const statements: CountedStatement[] = [];
  const now = (): number => Date.now();
  const database = readDatabase(countedQueries(env.DB, (statement) => statements.push(statement)));
  const sources = { database, logs: env, graphs: env, ...UNASKED, now };
  const server = graphqlServer({ contextOf: (viewer) => operationContext(sources, viewer), startTimeout: startRealTimeout, now, journal: consoleLog() });
  const answer = await (await server.fetch(operation)).json();
  return Response.json({ statements, answer } satisfies Counted);
}

async function append(request: Request, env: BenchEnv, org: string, sessionId: string): Promise<Response> {
  const identity = { org, sessionId, workOrderId: "WO-bench", assemblyId: "bench" };
  // The benchmark writes events of the log's own shape.
  const answer = await sessionLogOf(env, org, sessionId).append(identity, await request.json<EventWrite[]>());
  return Response.json({ ok: answer.ok });
}
