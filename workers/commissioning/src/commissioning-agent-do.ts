/** One session as a Durable Object: storage, alarm and bindings around the pure core. */
import { DurableObject } from "cloudflare:workers";
import { consoleLog, Inbox, messageOf, migrate, objectHealth, Outbox, runBestEffort, Scheduler, startRealTimeout } from "@factory/durable";
import { LoopClosure, sqlJournal } from "@factory/loop-closure";
import { resolveModel } from "@factory/models";
import { CRITIC_ALIAS, PLANNER_ALIAS } from "@factory/planning";
import type { Result, SessionState } from "@factory/schemas";
import { artifactGraphOf, beadGraphOf, coordinatorOf, mediationOf, sessionLogOf, sourceGraphOf } from "@factory/schemas/rpc";
import type {
  CommissionRequest,
  Disposition,
  ObjectHealth,
  PolicyRpc,
  Principal,
  SessionHealthRpc,
  SessionNeighbours,
  SessionReport,
  SessionRpc,
  SessionStatus,
  SignalsRpc,
  SubmittedOrder,
  SubmittedOrderRpc,
} from "@factory/schemas/rpc";
import { sandboxClient } from "@factory/verification";
import { drizzle } from "drizzle-orm/d1";
import { blobsIn } from "./blobs.ts";
import type { SessionContext } from "./context.ts";
import { createDeliver } from "./deliver.ts";
import { deployedAs } from "./evidence-configuration.ts";
import { signerOf } from "./evidence-key.ts";
import { chooseJudge } from "./judge.ts";
import { createPlanner } from "./planner.ts";
import { upsertSession } from "./registry/registry.ts";
import { LOOP_CLOSURE_COMPONENT, LOOP_CLOSURE_MIGRATIONS, SESSION_MIGRATIONS } from "./schema.ts";
import { Session } from "./session.ts";
import { submittedOrder } from "./submitted-order.ts";

/** The timer that takes the session forward. */
const ADVANCE_TIMER = "advance";
/** One model answer with its repair turn, and what led there, under the 15 minutes of an alarm. */
const ADVANCE_TIMEOUT_MS = 12 * 60_000;
/** The timer that takes parked effects up again. */
const REDRIVE_TIMER = "redrive";
/** A neighbour that was down for the outbox's 25 minutes is asked again this often, in milliseconds. */
const REDRIVE_AFTER_MS = 15 * 60_000;

/**
 * The governance Worker's two parts that a session asks. Wrangler types a binding to another Worker's entry class as a Fetcher; the
 * interfaces are the contract that class implements.
 */
const governanceOf = ({ GOVERNANCE }: Pick<Env, "GOVERNANCE">) => GOVERNANCE as unknown as PolicyRpc & Pick<SignalsRpc, "tell" | "suspensions">;

/** The state machine of a session; named by `objectName.session`. */
export class CommissioningAgentDO extends DurableObject<Env> implements SessionRpc, SessionHealthRpc, SubmittedOrderRpc {
  readonly #log = consoleLog();
  readonly #scheduler: Scheduler;
  readonly #outbox: Outbox;
  readonly #session: Session;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const shared = { storage: ctx.storage, log: this.#log, now: Date.now, random: Math.random };
    this.#scheduler = new Scheduler({ ...shared, timer: ctx.storage });
    this.#outbox = new Outbox({
      ...shared,
      scheduler: this.#scheduler,
      deliver: (target, effects) => this.#deliver(target, effects),
      onParked: (effect) => {
        this.#session.onParked(effect);
        void this.#scheduler.scheduleBy(REDRIVE_TIMER, Date.now() + REDRIVE_AFTER_MS);
      },
    });
    this.#session = this.#createSession();
    this.#scheduler.on(ADVANCE_TIMER, ({ signal }) => this.#advance(signal), { timeoutMs: ADVANCE_TIMEOUT_MS, dueAt: () => this.#session.dueAt() });
    this.#scheduler.on(REDRIVE_TIMER, () => this.#redrive());
    void ctx.blockConcurrencyWhile(async () => {
      migrate(ctx.storage, SESSION_MIGRATIONS);
      migrate(ctx.storage, LOOP_CLOSURE_MIGRATIONS, LOOP_CLOSURE_COMPONENT);
      await this.#scheduler.rearm();
    });
  }

  override async alarm(): Promise<void> {
    await this.#scheduler.onAlarm(Date.now());
  }

  async commission(request: CommissionRequest): Promise<Result<{ created: boolean }>> {
    return this.#session.commission(request);
  }

  async status(): Promise<SessionStatus | null> {
    return this.#session.status();
  }

  async cancel(reason: string, principal: Principal): Promise<Result<{ state: SessionState }>> {
    return this.#session.cancel(reason, principal);
  }

  async acknowledge(review: Parameters<SessionRpc["acknowledge"]>[0]): Promise<Result<{ state: SessionState }>> {
    return this.#session.acknowledge(review);
  }

  async dispose(effectId: string, disposition: Disposition): Promise<Result<{ state: SessionState }>> {
    return this.#session.dispose(effectId, disposition);
  }

  async suspend(effectId: string, reason: string, dispositionEventId: string): Promise<Result> {
    return this.#session.suspend(effectId, reason, dispositionEventId);
  }

  async unsuspend(effectId: string, dispositionEventId: string): Promise<Result> {
    return this.#session.unsuspend(effectId, dispositionEventId);
  }

  async report(effectId: string, report: SessionReport): Promise<Result> {
    return this.#session.report(effectId, report);
  }

  async poke(): Promise<{ readonly state: SessionState } | null> {
    await this.#scheduler.rearm();
    return this.#session.poke();
  }

  async submittedOrder(org: string): Promise<SubmittedOrder | null> {
    return submittedOrder(this.#session.store, org);
  }

  async objectHealth(): Promise<ObjectHealth & { neighbours: SessionNeighbours | null }> {
    const { neighbours, ...own } = this.#session.health();
    return { ...(await objectHealth(this.ctx.storage, { ...own, outbox: this.#outbox })), neighbours };
  }

  #createSession(): Session {
    const { ctx, env } = this;
    return new Session(
      {
        storage: ctx.storage,
        planner: createPlanner(() => resolveModel(PLANNER_ALIAS, env)),
        critic: createPlanner(() => resolveModel(CRITIC_ALIAS, env)),
        judgeOf: (author) => chooseJudge(author, (alias) => resolveModel(alias, env)),
        blobs: blobsIn(env.BLOBS),
        sessionLog: (org, sessionId) => sessionLogOf(env, org, sessionId),
        graph: (org, assembly) => artifactGraphOf(env, org, assembly),
        sources: (org) => sourceGraphOf(env, org),
        beads: (org) => beadGraphOf(env, org),
        sandbox: sandboxClient(env.SANDBOX),
        coordinator: (org, runId) => coordinatorOf(env, org, runId),
        mediation: (org, sessionId) => mediationOf(env, org, sessionId),
        policy: governanceOf(env),
        desk: governanceOf(env),
        evidenceSigner: () => signerOf(env.EVIDENCE_SIGNING_KEY),
        deployed: () => deployedAs(env),
        loopClosure: (context) => this.#loopClosure(context),
        wake: () => this.#wake(),
        log: this.#log,
        startTimeout: startRealTimeout,
        now: Date.now,
      },
      this.#outbox,
      new Inbox({ storage: ctx.storage }),
    );
  }

  #loopClosure({ store }: Pick<SessionContext, "store">): LoopClosure {
    const { org, assembly } = store.request();
    return new LoopClosure({
      org,
      graph: artifactGraphOf(this.env, org, assembly),
      beads: beadGraphOf(this.env, org),
      journal: sqlJournal(this.ctx.storage),
      now: Date.now,
      log: this.#log,
    });
  }

  get #deliver(): ReturnType<typeof createDeliver> {
    const { env } = this;
    const session = this.#session;
    return createDeliver({
      store: session.store,
      amendments: session.amendments,
      graph: (org, assembly) => artifactGraphOf(env, org, assembly),
      sessionLog: (org, sessionId) => sessionLogOf(env, org, sessionId),
      mediation: (org, sessionId) => mediationOf(env, org, sessionId),
      coordinator: (org, runId) => coordinatorOf(env, org, runId),
      beads: (org) => beadGraphOf(env, org),
      signals: governanceOf(env),
      blobs: blobsIn(env.BLOBS),
      register: (entry) => upsertSession(drizzle(env.DB), entry),
      ingest: (amendmentId) => session.ingest(amendmentId),
      persist: (evidenceId) => session.persist(evidenceId),
      compileRequest: (clearance) => session.compileRequest(clearance),
      clearRequest: (requestId) => session.clearRequest(requestId),
      escalationBead: (escalationId, standing) => session.escalationBead(escalationId, standing),
      escalationSignal: (escalationId) => session.escalationSignal(escalationId),
      recordClosure: (dispositionEventId) => session.recordClosure(dispositionEventId),
      onClearRefused: (requestId, refusal) => session.onClearRefused(requestId, refusal),
      onRunSuspended: (dispositionEventId) => session.onRunSuspended(dispositionEventId),
      onCompileRefused: (refusal) => session.onCompileRefused(refusal),
      onAmendRefused: (amendmentId, refusal) => session.onAmendRefused(amendmentId, refusal),
      onRunCancelled: () => session.onRunCancelled(),
      onBarrier: () => session.onBarrier(),
    });
  }

  /** Effects leave at once; the timers are there for what fails, and for the object's next life. */
  #wake(): void {
    this.ctx.waitUntil(
      runBestEffort(
        "session.wake",
        async () => {
          await Promise.all([this.#scheduler.scheduleBy(ADVANCE_TIMER, Date.now()), this.#outbox.poke()]);
          await this.#outbox.drain();
        },
        this.#log,
      ),
    );
  }

  async #advance(signal: AbortSignal): Promise<void> {
    try {
      const more = await this.#session.advance(signal);
      if (more) await this.#scheduler.schedule(ADVANCE_TIMER, Date.now());
    } catch (err) {
      this.#session.onStepFailed(messageOf(err));
      throw err;
    }
  }

  async #redrive(): Promise<void> {
    this.#session.onRedrive();
    for (const { effectId } of this.#outbox.parked()) this.#outbox.unpark(effectId);
    await this.#outbox.poke();
  }
}
