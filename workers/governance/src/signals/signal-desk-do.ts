/** The signal desk of one organisation as a Durable Object: its storage, its alarm and whom it calls. */
import { DurableObject } from "cloudflare:workers";
import { answered, consoleLog, hasTables, migrate, objectHealth, Outbox, Scheduler } from "@factory/durable";
import type { Log } from "@factory/durable";
import { readSigningJwk } from "@factory/governance";
import { FactoryError } from "@factory/schemas";
import type { OutboundSignal, Result } from "@factory/schemas";
import { artifactGraphOf, sessionOf } from "@factory/schemas/rpc";
import type {
  CheckedMessage,
  CheckedSignal,
  DirectoryActor,
  ObjectHealth,
  ObjectHealthRpc,
  ReceivedMessage,
  SessionRegistryRpc,
  SignalDeskRpc,
  SignalOutcome,
  SignalReceipt,
  SubscriberView,
  Suspension,
} from "@factory/schemas/rpc";
import { ownOrg } from "../own-org.ts";
import { deliver } from "./delivery.ts";
import type { DeskPorts } from "./delivery.ts";
import { SIGNAL_DESK_MIGRATIONS } from "./desk-schema.ts";
import { DeskStore } from "./desk-store.ts";
import { SignalDesk } from "./desk.ts";
import { Upkeep } from "./upkeep.ts";

/** The desk over its tables, with what carries its effects out. */
type OpenDesk = { readonly desk: SignalDesk; readonly scheduler: Scheduler; readonly outbox: Outbox };

/** Desk of one organisation; named by `objectName.signalDesk`. */
export class SignalDeskDO extends DurableObject<Env> implements SignalDeskRpc, ObjectHealthRpc {
  readonly #log: Log = consoleLog();
  readonly #org: string;
  /** Not persisted: undefined until the first command makes the tables. Every order asks what is suspended, which makes none. */
  #opened: OpenDesk | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#org = ownOrg(ctx.id.name, "signals");
    if (!hasTables(ctx.storage)) return;
    const { scheduler } = this.#open();
    void ctx.blockConcurrencyWhile(() => scheduler.rearm());
  }

  override async alarm(): Promise<void> {
    const { scheduler } = this.#open();
    await scheduler.onAlarm(Date.now());
    await scheduler.rearm();
  }

  async receive(request: CheckedSignal): Promise<Result<{ receipt: SignalReceipt }>> {
    return this.#run("receive", { disposition: request.signal.dispositionEventId }, (desk) => desk.receive(request));
  }

  async take(request: CheckedMessage): Promise<Result<{ id: string; repeated: boolean }>> {
    return this.#run("take", { envelope: request.envelopeId }, (desk) => desk.take(request));
  }

  async tell(effectId: string, signal: OutboundSignal): Promise<Result> {
    return this.#run("tell", { effect: effectId }, (desk) => desk.tell(effectId, signal));
  }

  async suspensions(): Promise<readonly Suspension[]> {
    return this.#opened?.desk.suspensions() ?? [];
  }

  async outcome(dispositionEventId: string): Promise<SignalOutcome | null> {
    return this.#opened?.desk.outcome(dispositionEventId) ?? null;
  }

  async messages(before: number | null, limit: number): Promise<readonly ReceivedMessage[]> {
    return this.#opened?.desk.messages(before, limit) ?? [];
  }

  async putSubscriber(url: string, actor: DirectoryActor): Promise<Result<{ added: boolean }>> {
    return this.#run("put-subscriber", { principal: actor.principalId }, (desk) => desk.putSubscriber(url, actor));
  }

  async removeSubscriber(url: string): Promise<Result<{ removed: boolean }>> {
    return this.#run("remove-subscriber", {}, (desk) => ({ ok: true, ...desk.removeSubscriber(url) }));
  }

  async subscribers(): Promise<readonly SubscriberView[]> {
    return this.#opened?.desk.subscribers() ?? [];
  }

  async poke(): Promise<void> {
    await this.#opened?.scheduler.rearm();
  }

  async objectHealth(): Promise<ObjectHealth> {
    return objectHealth(this.ctx.storage, this.#opened === undefined ? {} : { outbox: this.#opened.outbox });
  }

  /** A command, after which everything that state now calls for has its timer. */
  #run<T extends object>(verb: string, ids: Readonly<Record<string, string>>, command: (desk: SignalDesk) => Result<T>): Promise<Result<T>> {
    return answered(this.#log, Date.now, { op: `signals.${verb}`, ids: { org: this.#org, ...ids } }, async () => {
      const { desk, scheduler } = this.#open();
      const answer = command(desk);
      await scheduler.rearm();
      if (answer.ok) return answer;
      throw new FactoryError(answer.code, answer.message, answer.details);
    });
  }

  #open(): OpenDesk {
    return (this.#opened ??= openDesk(this.ctx.storage, this.#org, portsOf(this.env, this.#org), this.#log));
  }
}

/** Brings the tables to their last form and puts the desk on them. */
function openDesk(storage: DurableObjectStorage, org: string, ports: DeskPorts, log: Log): OpenDesk {
  const shared = { storage, log, now: Date.now, random: Math.random };
  migrate(storage, SIGNAL_DESK_MIGRATIONS);
  const store = new DeskStore(storage);
  const scheduler = new Scheduler({ ...shared, timer: storage });
  const outbox: Outbox = new Outbox({
    ...shared,
    scheduler,
    // One subscriber that is gone, or one session that does not answer, holds nothing else back.
    whenParked: "skip",
    deliver: (target, effects, signal) => deliver({ org, store, desk, ports }, target, effects, signal),
    onParked: ({ effectId, reason }) => store.setEffect(effectId, "delivering", `${reason} It is tried again within the hour.`),
  });
  const desk: SignalDesk = new SignalDesk({
    org,
    store,
    outbox,
    now: Date.now,
    newEnvelopeId: () => `env_${crypto.randomUUID()}`,
    allowLoopback: ports.addresses.allowLoopback,
  });
  new Upkeep({ store, outbox, now: Date.now }).register(scheduler);
  return { desk, scheduler, outbox };
}

function portsOf(env: Env, org: string): DeskPorts {
  // The local platform binds it and no configuration does, so the generated type does not have it.
  const { FACTORY_LOCAL: local } = env as { readonly FACTORY_LOCAL?: string };
  return {
    session: (sessionId) => sessionOf(env, org, sessionId),
    // The commissioning Worker's entry class implements it.
    registry: env.COMMISSIONING as unknown as SessionRegistryRpc,
    graph: (assembly) => artifactGraphOf(env, org, assembly),
    fetch: (request) => fetch(request),
    signingKey: async () => (await readSigningJwk(env.OUTBOUND_SIGNING_KEY, "OUTBOUND_SIGNING_KEY")).key,
    now: Date.now,
    addresses: { allowLoopback: local === "on" },
  };
}
