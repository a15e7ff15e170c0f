/** The webhook's dependencies from the Worker's bindings. */
import { consoleLog } from "@factory/durable";
import { dispositionOf, linearProjectionOf } from "@factory/schemas/rpc";
import { readAuthority } from "../authority/registry-reader.ts";
import type { WebhookDeps } from "./webhook.ts";

/** Reads the bindings once a request. */
export function webhookDeps(env: Env): WebhookDeps {
  const log = consoleLog();
  return {
    // A Worker that runs without Linear has no secret.
    secret: env.LINEAR_WEBHOOK_SECRET ?? "",
    authority: () => readAuthority(env.CONFIG, log),
    issues: (org) => linearProjectionOf(env, org),
    disposition: (org, escalationId) => dispositionOf(env, org, escalationId),
    log,
    now: Date.now,
  };
}
