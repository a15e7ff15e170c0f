/** The incoming half of the Worker, as its entry puts it together. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { webhookDeps } from "../webhook/bindings.ts";
import { handleWebhook } from "../webhook/webhook.ts";

export { DispositionDO } from "../dispositions/disposition-do.ts";

/** Takes webhooks. */
export default class BridgeProbe extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    return handleWebhook(request, webhookDeps(this.env));
  }
}
