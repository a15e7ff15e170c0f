/** Entry of the commissioning Worker: sessions behind Durable Object RPC; nothing is served over HTTP. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Health, HealthRpc } from "@factory/schemas/rpc";

export { CommissioningAgentDO } from "./commissioning-agent-do.ts";

/** What the gateway asks for `GET /health`. */
export default class CommissioningWorker extends WorkerEntrypoint<Env> implements HealthRpc {
  async health(): Promise<Health> {
    return { worker: "commissioning", ok: true };
  }

  override async fetch(): Promise<Response> {
    return new Response("Not found\n", { status: 404 });
  }
}
