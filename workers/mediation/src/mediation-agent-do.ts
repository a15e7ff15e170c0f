/** Mediation of one session as a Durable Object: its storage, its alarm and the objects it reports to. */
import { DurableObject } from "cloudflare:workers";
import { consoleLog, Inbox, logged, migrate, objectHealth, Outbox, Scheduler } from "@factory/durable";
import type { Log } from "@factory/durable";
import { checkGears } from "@factory/gears";
import { objectName } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import { artifactGraphOf, coordinatorOf, sessionLogOf, sessionOf } from "@factory/schemas/rpc";
import type { AmendRequest, ClearRequest, CompileRequest, MediationRpc, ObjectHealth, ObjectHealthRpc } from "@factory/schemas/rpc";
import { patientBucket, r2BlobStore } from "@factory/workspace";
import type { BlobStore } from "@factory/workspace";
import { deliver } from "./delivery.ts";
import type { DeliveryPorts } from "./delivery.ts";
import { Mediation } from "./mediation.ts";
import { MEDIATION_MIGRATIONS, MediationStore } from "./mediation-store.ts";
import { repositoryOf } from "./repository.ts";

/** Compiler of one session's order; named by `objectName.mediation`. */
export class MediationAgentDO extends DurableObject<Env> implements MediationRpc, ObjectHealthRpc {
  readonly #log: Log = consoleLog();
  readonly #scheduler: Scheduler;
  readonly #outbox: Outbox;
  readonly #mediation: Mediation;
  readonly #blobs: BlobStore;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // A role that cannot do its own job would fail every bead; it is found before the first order is compiled.
    checkGears();
    const shared = { storage: ctx.storage, log: this.#log, now: Date.now, random: Math.random };
    migrate(ctx.storage, MEDIATION_MIGRATIONS);
    const store = new MediationStore(ctx.storage);
    const ports = portsOf(env);
    this.#scheduler = new Scheduler({ ...shared, timer: ctx.storage });
    this.#outbox = new Outbox({
      ...shared,
      scheduler: this.#scheduler,
      deliver: (target, effects) => deliver({ ports, mediation: this.#mediation, store }, target, effects),
      onParked: (effect) => this.#mediation.parked(effect),
    });
    this.#blobs = r2BlobStore(patientBucket(env.BLOBS));
    this.#mediation = new Mediation({
      storage: ctx.storage,
      store,
      inbox: new Inbox({ storage: ctx.storage }),
      outbox: this.#outbox,
      isFor: (org, sessionId) => ctx.id.name === objectName.mediation(org, sessionId),
      now: Date.now,
    });
    void ctx.blockConcurrencyWhile(() => this.#scheduler.rearm());
  }

  override async alarm(): Promise<void> {
    await this.#scheduler.onAlarm(Date.now());
  }

  async compile(effectId: string, request: CompileRequest): Promise<Result> {
    return this.#run("mediation.compile", request.sessionId, async () => {
      const found = await repositoryOf(this.#blobs, request.baseTree);
      if (!found.ok) return found;
      const receiptKnown = request.clearance !== undefined && (await this.#knowsReceipt(request, request.clearance.approvalId));
      return this.#mediation.compile(effectId, { ...request, repository: found.repository }, receiptKnown);
    });
  }

  async amend(effectId: string, request: AmendRequest): Promise<Result> {
    return this.#run("mediation.amend", request.sessionId, () => this.#mediation.amend(effectId, request));
  }

  async clear(effectId: string, request: ClearRequest): Promise<Result> {
    return this.#run("mediation.clear", request.sessionId, async () => {
      const compiled = this.#mediation.state()?.run.request;
      const receiptKnown = compiled !== undefined && (await this.#knowsReceipt(compiled, request.basis.approvalId));
      return this.#mediation.clear(effectId, request, receiptKnown);
    });
  }

  async poke(): Promise<void> {
    await this.#scheduler.rearm();
  }

  async objectHealth(): Promise<ObjectHealth> {
    return objectHealth(this.ctx.storage, { state: this.#mediation.state()?.phase ?? "idle", outbox: this.#outbox });
  }

  /** Whether an approval's receipt is in the assembly's graph: an edge to a node that is not there would be refused for good. */
  async #knowsReceipt({ org, assembly }: Pick<CompileRequest, "org" | "assembly">, approvalId: string): Promise<boolean> {
    return (await artifactGraphOf(this.env, org, assembly).get(approvalId))?.type === "ApprovalReceipt";
  }

  #run(op: string, session: string, command: () => Result | Promise<Result>): Promise<Result> {
    return logged(this.#log, Date.now, { op, ids: { session } }, async () => {
      const answer = await command();
      await this.#outbox.poke();
      return answer;
    });
  }
}

function portsOf(env: Env): DeliveryPorts {
  return {
    graph: (org, assembly) => artifactGraphOf(env, org, assembly),
    log: (org, sessionId) => sessionLogOf(env, org, sessionId),
    coordinator: (org, runId) => coordinatorOf(env, org, runId),
    session: (org, sessionId) => sessionOf(env, org, sessionId),
  };
}
