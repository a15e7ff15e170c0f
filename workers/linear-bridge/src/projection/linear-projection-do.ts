/** An organisation's projection to Linear as a Durable Object: its storage, its alarm, and whom it asks. */
import { DurableObject } from "cloudflare:workers";
import { answered, consoleLog, objectHealth, runBestEffort, startRealTimeout } from "@factory/durable";
import { FactoryError, parseObjectName } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import { artifactGraphOf, dispositionOf, sessionLogOf } from "@factory/schemas/rpc";
import type { EscalationBinding, LinearProjectionRpc, ObjectHealth, ObjectHealthRpc, SignalsRpc } from "@factory/schemas/rpc";
import { readAuthority } from "../authority/registry-reader.ts";
import { grammarFor } from "../dispositions/matters.ts";
import { projectionObject } from "./linear-projection-object.ts";
import type { ProjectionObject } from "./linear-projection-object.ts";
import type { LinearTarget } from "./linear-team.ts";
import { linksTo } from "./texts.ts";

/** How long a target that was read counts, in milliseconds. */
const TARGET_FRESH_MS = 60_000;

/** Writer of an organisation's issues; named by `objectName.linearProjection`. */
export class LinearProjectionDO extends DurableObject<Env> implements LinearProjectionRpc, ObjectHealthRpc {
  readonly #log = consoleLog();
  readonly #org: string;
  readonly #object: ProjectionObject;
  /** Not persisted: where the organisation is shown, and when that was read. */
  #target: { readonly value: LinearTarget | null; readonly readAt: number } | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#org = orgOf(ctx.id.name ?? "");
    this.#object = this.#make();
    void ctx.blockConcurrencyWhile(() => this.#object.scheduler.rearm());
  }

  async follow(sessionId: string, toSeq: number): Promise<void> {
    await this.#object.projection.follow(sessionId, toSeq);
  }

  async bindingOf(issueId: string): Promise<EscalationBinding | null> {
    return this.#object.projection.bindingOf(issueId);
  }

  async say(effectId: string, issueId: string, lines: readonly string[]): Promise<Result> {
    const ids = { org: this.#org, effect: effectId };
    return answered(this.#log, Date.now, { op: "linear_sync.say", ids }, async () => {
      const said = await this.#object.projection.say(effectId, issueId, lines);
      if (!said.ok) throw new FactoryError(said.code, said.message);
      return {};
    });
  }

  async isOwn(authorId: string): Promise<boolean> {
    return this.#object.projection.isOwn(authorId);
  }

  async poke(): Promise<void> {
    await this.#object.scheduler.rearm();
    await this.#object.projection.poke();
  }

  async objectHealth(): Promise<ObjectHealth> {
    const { projection, outbox } = this.#object;
    const { degraded, lastError } = projection.standing();
    return objectHealth(this.ctx.storage, { state: degraded ? "degraded" : "in order", outbox, ...(lastError === null ? {} : { lastError }) });
  }

  override async alarm(): Promise<void> {
    await this.#object.scheduler.onAlarm(Date.now());
  }

  #make(): ProjectionObject {
    const { env, ctx } = this;
    const org = this.#org;
    return projectionObject({
      org,
      storage: ctx.storage,
      timer: ctx.storage,
      api: { url: env.LINEAR_API_URL, key: env.LINEAR_API_KEY },
      fetch: (url, init) => fetch(url, init),
      target: () => this.#targetNow(),
      sessionLog: (sessionId) => sessionLogOf(env, org, sessionId),
      graph: (assembly) => artifactGraphOf(env, org, assembly),
      disposition: (escalationId) => dispositionOf(env, org, escalationId),
      // The binding is generated as a plain Fetcher; behind it is the governance Worker's entry class.
      suspensions: () => (env.GOVERNANCE as unknown as SignalsRpc).suspensions(org),
      grammarFor,
      links: linksTo(env.FACTORY_URL),
      log: this.#log,
      now: Date.now,
      random: Math.random,
      startTimeout: startRealTimeout,
      background: (work) => ctx.waitUntil(runBestEffort("linear_sync.background", () => work, this.#log)),
    });
  }

  /** The organisation's team as the registry has it; null without one, or without a way to Linear. */
  async #targetNow(): Promise<LinearTarget | null> {
    const { env } = this;
    // A Worker that runs without Linear has no key.
    if ((env.LINEAR_API_KEY ?? "") === "" || env.LINEAR_API_URL === "") return null;
    const now = Date.now();
    if (this.#target !== undefined && now - this.#target.readAt < TARGET_FRESH_MS) return this.#target.value;
    const registry = await readAuthority(env.CONFIG, this.#log);
    const entry = registry?.orgs.find(({ org }) => org === this.#org);
    const value = entry === undefined ? null : { teamId: entry.team.id, projectId: entry.project ?? null };
    // That nobody is shown may be because the registry is just being published.
    this.#target = value === null ? undefined : { value, readAt: now };
    return value;
  }
}

function orgOf(name: string): string {
  const parsed = parseObjectName(name);
  if (parsed?.kind !== "linear") throw new FactoryError("INTEGRITY", `No projection to Linear has the name "${name}".`);
  return parsed.org;
}
