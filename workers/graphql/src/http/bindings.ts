/** The server of queries over the Worker's bindings. */
import { consoleLog, startRealTimeout } from "@factory/durable";
import { d1Queries } from "../reads/d1-queries.ts";
import { readDatabase } from "../reads/read-database.ts";
import { graphqlServer, type GraphqlServer } from "./graphql-server.ts";
import { operationContext } from "./operation-context.ts";

/** Reads the bindings; everything else of the queries takes its dependencies. */
export function queryServer(env: Pick<Env, "DB" | "SESSION_LOGS" | "ARTIFACT_GRAPHS" | "COORDINATORS" | "SESSIONS" | "BLOBS">): GraphqlServer {
  const now = (): number => Date.now();
  // An operation's own: what one waits for is no other's.
  const sources = () => ({ database: readDatabase(d1Queries(env.DB)), logs: env, graphs: env, runs: env, sessions: env, blobs: env.BLOBS, now });
  return graphqlServer({ contextOf: (viewer) => operationContext(sources(), viewer), startTimeout: startRealTimeout, now, journal: consoleLog() });
}
