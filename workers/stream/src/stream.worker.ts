/** Entry of the stream Worker: session logs behind Durable Object RPC; nothing is served over HTTP. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Health, HealthRpc } from "@factory/schemas/rpc";

export { SubscriptionBufferDO } from "./subscription-buffer-do.ts";

/** What the gateway asks for `GET /health`. */
export default class StreamWorker extends WorkerEntrypoint<Env> implements HealthRpc {
  async health(): Promise<Health> {
    return { worker: "stream", ok: true };
  }

  override async fetch(): Promise<Response> {
    return new Response("Not found\n", { status: 404 });
  }
}
