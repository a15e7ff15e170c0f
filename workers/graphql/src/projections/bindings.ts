/** The projections' dependencies from the Worker's bindings. */
import { consoleLog } from "@factory/durable";
import { sessionLogOf } from "@factory/schemas/rpc";
import { d1Sql } from "./d1-sql.ts";
import type { LagDeps } from "./lag.ts";
import type { ConsumerDeps } from "./projections-queue.ts";

/** Reads the bindings; everything else of the projections takes its dependencies. */
export function projectionDeps(env: Pick<Env, "DB" | "SESSION_LOGS">): ConsumerDeps & LagDeps {
  return {
    sql: d1Sql(env.DB),
    deadLetters: env.DB,
    log: (org, sessionId) => sessionLogOf(env, org, sessionId),
    now: () => Date.now(),
    journal: consoleLog(),
  };
}
