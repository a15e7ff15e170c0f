/**
 * A log as a Durable Object: that of one session, or that of an assembly, by the name of the object. What it does is in
 * `session-events.ts` and `assembly-events.ts`; here is what the runtime gives it.
 */
import { DurableObject } from "cloudflare:workers";
import { answered, consoleLog, objectHealth, runBestEffort, startRealTimeout } from "@factory/durable";
import { FactoryError, parseObjectName } from "@factory/schemas";
import type { EventWrite, Result, SessionEvent } from "@factory/schemas";
import { assemblyLogOf, subscribersOf } from "@factory/schemas/rpc";
import type {
  AssemblyEvent,
  AssemblyLogRpc,
  LinearProjectionMessage,
  LogIdentity,
  LogTip,
  ObjectHealth,
  ObjectHealthRpc,
  SessionLogRpc,
  SinkAddress,
} from "@factory/schemas/rpc";
import { bucketOf } from "./archive.ts";
import { AssemblyEvents } from "./assembly-events.ts";
import type { LogRuntime } from "./event-log.ts";
import { SessionEvents } from "./session-events.ts";

/** Event log; named by `objectName.sessionLog` or `objectName.assemblyLog`. */
export class SubscriptionBufferDO extends DurableObject<Env> implements SessionLogRpc, AssemblyLogRpc, ObjectHealthRpc {
  readonly #journal = consoleLog();
  readonly #events: SessionEvents | AssemblyEvents;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#events = this.#eventsOf(ctx.id.name ?? "");
    void ctx.blockConcurrencyWhile(() => this.#events.log.start());
  }

  async append(identity: LogIdentity, events: readonly EventWrite[]): Promise<Result<{ tip: LogTip; appended: number }>> {
    return this.#session().append(identity, events);
  }

  async appendText(identity: LogIdentity, events: string): Promise<Result<{ tip: LogTip; appended: number }>> {
    return this.#session().appendText(identity, events);
  }

  async seal(identity: LogIdentity): Promise<Result<{ tip: LogTip }>> {
    return this.#session().seal(identity);
  }

  async read(after: number, limit: number): Promise<{ events: SessionEvent[]; tip: LogTip }> {
    return this.#session().read(after, limit);
  }

  async appendWrites(org: string, assemblyId: string, lines: string): Promise<Result<{ tip: LogTip }>> {
    return this.#assembly().appendWrites(org, assemblyId, lines);
  }

  async readWrites(after: number, limit: number): Promise<{ events: AssemblyEvent[]; tip: LogTip }> {
    return this.#assembly().readWrites(after, limit);
  }

  async subscribe(after: number): Promise<ReadableStream<Uint8Array>> {
    return this.#events.log.subscribe(after);
  }

  async tip(): Promise<LogTip> {
    return this.#events.log.tip();
  }

  async objectHealth(): Promise<ObjectHealth> {
    return objectHealth(this.ctx.storage, { state: stateOf(await this.tip()) });
  }

  async attach(sink: SinkAddress, after: number): Promise<Result<{ tip: LogTip }>> {
    const ids = { org: sink.org, shard: String(sink.shard) };
    return answered(this.#journal, Date.now, { op: "log.attach", ids }, async () => ({ tip: await this.#events.log.attach(sink, after) }));
  }

  async detach(sink: SinkAddress): Promise<void> {
    await this.#events.log.detach(sink);
  }

  override async alarm(): Promise<void> {
    await this.#events.log.onAlarm(Date.now());
  }

  #eventsOf(name: string): SessionEvents | AssemblyEvents {
    const parsed = parseObjectName(name);
    const subject = parsed?.rest[0];
    if (parsed === null || subject === undefined) throw new FactoryError("INTEGRITY", `No log has the name "${name}".`);
    const { kind, org } = parsed;
    const common = { runtime: this.#runtime(), objectName: name, org, bucket: bucketOf(this.env.BLOBS) };
    if (kind === "writes") return new AssemblyEvents({ ...common, assemblyId: subject });
    if (kind !== "log") throw new FactoryError("INTEGRITY", `No log has the name "${name}".`);
    return new SessionEvents({
      ...common,
      sessionId: subject,
      appendWrites: (ofOrg, assemblyId, lines) => assemblyLogOf(this.env, ofOrg, assemblyId).appendWrites(ofOrg, assemblyId, lines),
      project: async (message) => void (await this.env.PROJECTIONS.send(message)),
      ...(this.env.FACTORY_LINEAR === "on"
        ? { projectToLinear: async (message: LinearProjectionMessage) => void (await this.env.LINEAR_PROJECTIONS.send(message)) }
        : {}),
    });
  }

  #runtime(): LogRuntime {
    const { storage } = this.ctx;
    return {
      storage,
      timer: storage,
      // The alarm goes with the rest.
      deleteAll: () => this.ctx.blockConcurrencyWhile(() => storage.deleteAll()),
      durable: () => storage.sync(),
      push: (sink, batch) => subscribersOf(this.env, sink).push(batch),
      now: Date.now,
      random: Math.random,
      startTimeout: startRealTimeout,
      log: this.#journal,
      background: (work) => this.ctx.waitUntil(runBestEffort("log.background", () => work, this.#journal)),
    };
  }

  #session(): SessionEvents {
    if (this.#events instanceof SessionEvents) return this.#events;
    throw new FactoryError("INTEGRITY", "This is the log of an assembly; sessions append to their own.");
  }

  #assembly(): AssemblyEvents {
    if (this.#events instanceof AssemblyEvents) return this.#events;
    throw new FactoryError("INTEGRITY", "This is the log of a session; it carries its writes to its assembly's.");
  }
}

function stateOf({ lastSeq, closed, archived }: LogTip): string {
  if (archived) return "archived";
  if (closed) return "closed";
  return lastSeq === 0 ? "empty" : "open";
}
