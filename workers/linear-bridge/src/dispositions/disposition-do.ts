/** The decisions on one escalation as a Durable Object: its storage, its alarm and what it talks to. */
import { DurableObject } from "cloudflare:workers";
import { consoleLog, objectHealth } from "@factory/durable";
import { objectName } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import { artifactGraphOf, linearProjectionOf, sessionLogOf, sessionOf } from "@factory/schemas/rpc";
import type { CommentOutcome, DispositionRpc, EscalationBinding, LinearComment, ObjectHealth, ObjectHealthRpc, SignalsRpc } from "@factory/schemas/rpc";
import { readAuthority } from "../authority/registry-reader.ts";
import type { DeliveryPorts } from "./delivery.ts";
import { DispositionObject } from "./disposition-object.ts";

/** One escalation's decisions; named by `objectName.disposition`. */
export class DispositionDO extends DurableObject<Env> implements DispositionRpc, ObjectHealthRpc {
  readonly #object: DispositionObject;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const log = consoleLog();
    this.#object = new DispositionObject({
      storage: ctx.storage,
      timer: ctx.storage,
      log,
      now: Date.now,
      random: Math.random,
      ports: portsOf(env),
      authority: () => readAuthority(env.CONFIG, log),
      isFor: ({ org, escalationId }) => ctx.id.name === objectName.disposition(org, escalationId),
      background: (work) => ctx.waitUntil(work),
    });
    void ctx.blockConcurrencyWhile(() => this.#object.rearm());
  }

  override async alarm(): Promise<void> {
    await this.#object.onAlarm();
  }

  async bind(binding: EscalationBinding): Promise<Result> {
    return this.#object.bind(binding);
  }

  async comment(comment: LinearComment): Promise<Result<{ taken: CommentOutcome }>> {
    return this.#object.comment(comment);
  }

  async close(reviewId: string, decision: string, decidedBy: string): Promise<Result<{ decidedHere: boolean }>> {
    return this.#object.close(reviewId, decision, decidedBy);
  }

  async poke(): Promise<void> {
    await this.#object.rearm();
  }

  async objectHealth(): Promise<ObjectHealth> {
    return objectHealth(this.ctx.storage, this.#object.health());
  }
}

function portsOf(env: Env): DeliveryPorts {
  return {
    graph: (org, assembly) => artifactGraphOf(env, org, assembly),
    log: (org, sessionId) => sessionLogOf(env, org, sessionId),
    session: (org, sessionId) => sessionOf(env, org, sessionId),
    issues: (org) => linearProjectionOf(env, org),
    // A service binding is typed as a Fetcher; the governance Worker's entry class implements it.
    signals: () => env.GOVERNANCE as unknown as SignalsRpc,
    dispositionKey: env.DISPOSITION_KEY,
  };
}
