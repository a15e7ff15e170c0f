/** Entry of the pipeline Worker: coordinators and operatives behind Durable Object RPC, and the `atoms` queue. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { consoleLog } from "@factory/durable";
import type { Health, HealthRpc } from "@factory/schemas/rpc";
import { consumeAtoms } from "./atoms-queue.ts";
import { sandboxHealth } from "./sandbox-health.ts";

export { CapacityDO } from "./capacity/capacity-do.ts";
export { CoordinatorDO } from "./coordinator/coordinator-do.ts";
export { OperativeDO } from "./operative/operative-do.ts";

/** What the gateway asks for `GET /health`, and the consumer of the queues. */
export default class PipelineWorker extends WorkerEntrypoint<Env> implements HealthRpc {
  async health(): Promise<Health> {
    return { worker: "pipeline", ...(await sandboxHealth(this.env.SANDBOX)) };
  }

  override async queue(batch: MessageBatch): Promise<void> {
    await consumeAtoms(batch, this.env, consoleLog());
  }

  override async fetch(): Promise<Response> {
    return new Response("Not found\n", { status: 404 });
  }
}
