/** Entry of the graph Worker: lineage and knowing-state behind Durable Object RPC; nothing is served over HTTP. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Health, HealthRpc } from "@factory/schemas/rpc";

export { ArtifactGraphDO } from "./artifact-graph-do.ts";
export { BeadGraphDO } from "./bead-graph-do.ts";
export { Bootstrap } from "./bootstrap.ts";

/** What the gateway asks for `GET /health`. */
export default class GraphWorker extends WorkerEntrypoint<Env> implements HealthRpc {
  async health(): Promise<Health> {
    return { worker: "graph", ok: true };
  }

  override async fetch(): Promise<Response> {
    return new Response("Not found\n", { status: 404 });
  }
}
