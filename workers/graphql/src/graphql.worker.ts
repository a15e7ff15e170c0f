/** Entry of the graphql Worker: the read side. Client sockets and the projection of logs into the read model. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Health, HealthRpc } from "@factory/schemas/rpc";

export { SubscriberDO } from "./subscriber-do.ts";

/** What the gateway asks for `GET /health`. */
export default class GraphqlWorker extends WorkerEntrypoint<Env> implements HealthRpc {
  async health(): Promise<Health> {
    return { worker: "graphql", ok: true };
  }

  override async fetch(): Promise<Response> {
    return new Response("Not found\n", { status: 404 });
  }
}
