/** Entry of the mediation Worker: the compiler's objects behind RPC; nothing is served over HTTP. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Health, HealthRpc } from "@factory/schemas/rpc";

export { MediationAgentDO } from "./mediation-agent-do.ts";

/** What the gateway asks for `GET /health`. */
export default class MediationWorker extends WorkerEntrypoint<Env> implements HealthRpc {
  async health(): Promise<Health> {
    return { worker: "mediation", ok: true };
  }

  override async fetch(): Promise<Response> {
    return new Response("Not found\n", { status: 404 });
  }
}
