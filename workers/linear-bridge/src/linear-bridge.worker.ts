/** Entry of the linear-bridge Worker: Linear's webhooks in, work shown in Linear out. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { consoleLog } from "@factory/durable";
import type { Health, LinearBridgeRpc, ObjectHealth, ObjectHealthRpc } from "@factory/schemas/rpc";
import { linearProjectionOf } from "@factory/schemas/rpc";
import { readAuthority } from "./authority/registry-reader.ts";
import { consumeLinearProjections } from "./linear-queue.ts";
import { Projections } from "./projections.ts";
import { webhookDeps } from "./webhook/bindings.ts";
import { handleWebhook } from "./webhook/webhook.ts";

export { DispositionDO } from "./dispositions/disposition-do.ts";
export { LinearProjectionDO } from "./projection/linear-projection-do.ts";

/** What the other Workers ask, the webhook that the gateway forwards, and the consumer of the queue of projections. */
export default class LinearBridgeWorker extends WorkerEntrypoint<Env> implements LinearBridgeRpc {
  async health(): Promise<Health> {
    return { worker: "linear-bridge", ok: true };
  }

  async pokeProjection(org: string): Promise<void> {
    await this.#projections().poke(org);
  }

  async projectionHealth(org: string): Promise<ObjectHealth | null> {
    return this.#projections().health(org);
  }

  override async queue(batch: MessageBatch): Promise<void> {
    const { env } = this;
    await consumeLinearProjections(batch, { issues: (org) => linearProjectionOf(env, org), deadLetters: env.DB, log: consoleLog(), now: Date.now });
  }

  override async fetch(request: Request): Promise<Response> {
    return handleWebhook(request, webhookDeps(this.env));
  }

  #projections(): Projections {
    const { env } = this;
    return new Projections({
      authority: () => readAuthority(env.CONFIG, consoleLog()),
      // The object answers for its health as every other does.
      projection: (org) => linearProjectionOf(env, org) as ReturnType<typeof linearProjectionOf> & ObjectHealthRpc,
    });
  }
}
