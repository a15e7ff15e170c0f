/** The coordinator of one run as a Durable Object: storage, alarm and bindings around the pure core. */
import { DurableObject } from "cloudflare:workers";
import { Scheduler, answered, consoleLog, objectHealth, startRealTimeout } from "@factory/durable";
import type { Log } from "@factory/durable";
import { objectName } from "@factory/schemas";
import type { Clearance, Result } from "@factory/schemas";
import { artifactGraphOf, beadGraphOf, capacityOf, sessionLogOf, sessionOf } from "@factory/schemas/rpc";
import type {
  BeadDecision,
  BeadOutcome,
  BudgetDecision,
  CoordinatorRpc,
  ExchangeAnswer,
  ObjectHealth,
  ObjectHealthRpc,
  ReopenRequest,
  RunFile,
  RunGraphAmendment,
  RunGraphView,
  RunProofView,
  RunPulse,
  RunRecord,
  RunTreeView,
  RunViewRpc,
  SeedRequest,
} from "@factory/schemas/rpc";
import { sandboxClient } from "@factory/verification";
import { isolateBlobs } from "../isolate-blobs.ts";
import { Coordinator } from "./coordinator.ts";
import type { Neighbours } from "./delivery.ts";

/** Beads, leases, tree and verdicts of one run; named by `objectName.coordinator`. */
export class CoordinatorDO extends DurableObject<Env> implements CoordinatorRpc, ObjectHealthRpc, RunViewRpc {
  readonly #log: Log = consoleLog();
  readonly #scheduler: Scheduler;
  readonly #coordinator: Coordinator;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const shared = { storage: ctx.storage, log: this.#log, now: Date.now, random: Math.random };
    this.#scheduler = new Scheduler({ ...shared, timer: ctx.storage });
    this.#coordinator = new Coordinator({
      ...shared,
      scheduler: this.#scheduler,
      neighbours: neighboursOf(env),
      blobs: isolateBlobs(env.BLOBS),
      sandbox: sandboxClient(env.SANDBOX),
      isFor: (org, runId) => ctx.id.name === objectName.coordinator(org, runId),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      startTimeout: startRealTimeout,
      background: (work) => ctx.waitUntil(work),
    });
    void ctx.blockConcurrencyWhile(() => this.#scheduler.rearm());
  }

  async seed(effectId: string, request: SeedRequest): Promise<Result<{ ready: number }>> {
    return this.#answered("run.seed", () => this.#coordinator.seed(effectId, request));
  }

  async exchange(slot: number, outcomes: readonly BeadOutcome[], want: number): Promise<Result<ExchangeAnswer>> {
    return this.#answered("run.exchange", () => this.#coordinator.exchange(slot, outcomes, want));
  }

  async heartbeat(beadId: string, epoch: number): Promise<{ readonly current: boolean; readonly leaseUntil: number }> {
    return this.#coordinator.heartbeat(beadId, epoch);
  }

  async reopen(effectId: string, request: ReopenRequest): Promise<Result> {
    return this.#answered("run.reopen", () => this.#coordinator.reopen(effectId, request));
  }

  async clarify(effectId: string, answer: Parameters<CoordinatorRpc["clarify"]>[1]): Promise<Result> {
    return this.#answered("run.clarify", () => this.#coordinator.clarify(effectId, answer));
  }

  async decide(effectId: string, decision: BeadDecision): Promise<Result> {
    return this.#answered("run.decide", () => this.#coordinator.decide(effectId, decision));
  }

  async amendGraph(effectId: string, amendment: RunGraphAmendment): Promise<Result> {
    return this.#answered("run.amendGraph", () => this.#coordinator.amendGraph(effectId, amendment));
  }

  async fund(effectId: string, decision: BudgetDecision): Promise<Result> {
    return this.#answered("run.fund", () => this.#coordinator.fund(effectId, decision));
  }

  async clear(effectId: string, clearance: Clearance | null, reason: string): Promise<Result> {
    return this.#answered("run.clear", () => this.#coordinator.clear(effectId, clearance, reason));
  }

  async poke(): Promise<RunPulse> {
    await this.#scheduler.rearm();
    return this.#coordinator.poke();
  }

  async cancel(effectId: string, reason: string): Promise<Result> {
    return this.#answered("run.cancel", () => this.#coordinator.cancel(effectId, reason));
  }

  async record(): Promise<RunRecord | null> {
    return this.#coordinator.record();
  }

  async graphView(org: string): Promise<RunGraphView | null> {
    return this.#coordinator.view.graphView(org);
  }

  async treeView(org: string): Promise<RunTreeView | null> {
    return this.#coordinator.view.treeView(org);
  }

  async fileView(org: string, path: string): Promise<RunFile | null> {
    return this.#coordinator.view.fileView(org, path);
  }

  async proofView(org: string): Promise<RunProofView | null> {
    return this.#coordinator.view.proofView(org);
  }

  async objectHealth(): Promise<ObjectHealth> {
    return objectHealth(this.ctx.storage, this.#coordinator.health());
  }

  override async alarm(): Promise<void> {
    await this.#scheduler.onAlarm(Date.now());
  }

  /** Refusals and failures of a command go to the log with the object they concern. */
  async #answered<T extends object>(op: string, work: () => Promise<Result<T>>): Promise<Result<T>> {
    const answer = await answered(this.#log, Date.now, { op, ids: { object: this.ctx.id.name ?? this.ctx.id.toString() } }, async () => ({
      result: await work(),
    }));
    if (!answer.ok) return answer;
    const { result } = answer;
    if (!result.ok)
      this.#log.event({
        op,
        outcome: "refused",
        durationMs: 0,
        ids: { object: this.ctx.id.name ?? "" },
        fields: { code: result.code, message: result.message },
      });
    return result;
  }
}

function neighboursOf(env: Env): Neighbours {
  return {
    graph: ({ org, assembly }) => artifactGraphOf(env, org, assembly),
    knowingState: ({ org }) => beadGraphOf(env, org),
    sessionLog: ({ org, sessionId }) => sessionLogOf(env, org, sessionId),
    session: ({ org, sessionId }) => sessionOf(env, org, sessionId),
    capacity: ({ org }) => capacityOf(env, org),
    wake: async (messages) => {
      await env.ATOMS.sendBatch(messages.map((body) => ({ body })));
    },
  };
}
