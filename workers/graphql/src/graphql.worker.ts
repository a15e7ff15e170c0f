/** Entry of the graphql Worker: the read side. Queries, client sockets and the projection of logs into the read model. */
import { env, WorkerEntrypoint } from "cloudflare:workers";
import { consoleLog } from "@factory/durable";
import { refusing, type Result } from "@factory/schemas";
import type { Health, OperationsFacts, ProjectionLag, ReadModelRpc, UsedObjects } from "@factory/schemas/rpc";
import { queryServer } from "./http/bindings.ts";
import { isOperation } from "./http/graphql-server.ts";
import { operationsOf, usedObjects } from "./operations/operations.ts";
import { projectionDeps } from "./projections/bindings.ts";
import { lagOf, openLags } from "./projections/lag.ts";
import { consumeProjections } from "./projections/projections-queue.ts";
import { reprojectSession } from "./projections/projector.ts";
import { openSubscription } from "./subscription-door.ts";

/** Not persisted: the server of queries, built once an isolate. */
const QUERIES = queryServer(env);

export { SubscriberDO } from "./subscriber-do.ts";

/** What the gateway asks, and the consumer of the queues of the read model. */
export default class GraphqlWorker extends WorkerEntrypoint<Env> implements ReadModelRpc {
  async health(): Promise<Health> {
    return { worker: "graphql", ok: true };
  }

  async reproject(org: string, sessionId: string): Promise<Result<{ seq: number; tipSeq: number; quarantined: number }>> {
    return refusing(() => reprojectSession(projectionDeps(this.env), { org, sessionId }));
  }

  async lag(org: string, limit: number): Promise<{ sessions: ProjectionLag[]; more: boolean }> {
    return openLags(projectionDeps(this.env), org, limit);
  }

  async lagOf(org: string, sessionId: string): Promise<ProjectionLag> {
    return lagOf(projectionDeps(this.env), { org, sessionId });
  }

  async operations(org: string, letters: number): Promise<OperationsFacts> {
    return operationsOf(projectionDeps(this.env), org, letters);
  }

  async usedObjects(org: string, sessionId: string): Promise<UsedObjects> {
    return usedObjects(projectionDeps(this.env), { org, sessionId });
  }

  override async queue(batch: MessageBatch): Promise<void> {
    await consumeProjections(batch, projectionDeps(this.env), consoleLog());
  }

  override async fetch(request: Request): Promise<Response> {
    return isOperation(request) ? QUERIES.fetch(request) : openSubscription(request, this.env);
  }
}
