/**
 * One session: the calls others make on it, and its own way forward. Calls commit and return; everything that needs time
 * is a step that `advance` takes later, so a crash or an eviction anywhere resumes at the first step that is not done.
 */
import { TerminalError, runBestEffort } from "@factory/durable";
import type { Inbox, Outbox, ParkedEffect } from "@factory/durable";
import { FactoryError, isTerminalSession, refuse } from "@factory/schemas";
import type { EscalationEvent, Refusal, Result, SessionState, VerdictClosureRecord } from "@factory/schemas";
import type {
  ClearanceBasis,
  ClearRequest,
  CommissionRequest,
  CompileRequest,
  Disposition,
  KnowingStateBead,
  Principal,
  SessionNeighbours,
  SessionReport,
  SessionRpc,
  SessionStatus,
} from "@factory/schemas/rpc";
import { runAcceptance } from "./acceptance.ts";
import { AmendmentStore } from "./amendment-store.ts";
import { commissioningStatus } from "./commissioning-status.ts";
import type { SessionContext, SessionDeps } from "./context.ts";
import { endWith } from "./context.ts";
import { runDelivery } from "./delivery.ts";
import { commissioningElucidation } from "./elucidation.ts";
import { runIntake } from "./intake.ts";
import { failCompilation, startCompilation } from "./compilation.ts";
import { takeDisposition } from "./dispositions.ts";
import { recordClosure } from "./closures.ts";
import { onClearRefused, renewClearance } from "./clearances.ts";
import { escalationSignal, raisedBead, resolvedBead } from "./escalations.ts";
import { GovernanceStore } from "./governance-store.ts";
import { isAside, Ledger } from "./ledger.ts";
import { runPass } from "./passes.ts";
import { heldUntil, semanticReviewDone } from "./pass-attempts.ts";
import type { PassLife } from "./pass-attempts.ts";
import { runPersistence } from "./persistence.ts";
import { PlanningStore } from "./planning-store.ts";
import { approvedConstraints, approvedIntent, askApproval } from "./reviews.ts";
import { handleRunReport, inFlight, takeReport } from "./run-reports.ts";
import { runSealing } from "./sealing.ts";
import { nextStep } from "./session-machine.ts";
import type { Step } from "./session-machine.ts";
import { reasonOf, SessionStore } from "./session-store.ts";
import { runSemanticReview } from "./semantic-review.ts";
import { followSuspensions } from "./standing-suspensions.ts";
import { suspend, unsuspend } from "./suspensions.ts";
import { acknowledge } from "./votes.ts";

/**
 * How long `advance` starts further steps in one call, in milliseconds. A step may take as long as a model; this and one
 * such step stay under the time an alarm has.
 */
const ADVANCE_BUDGET_MS = 60_000;

/** The state machine of one session and the only writer of its state and terminal events. */
export class Session implements SessionRpc {
  readonly #context: SessionContext;
  readonly #inbox: Inbox;
  /** Not persisted: ends the step under way when the session's end is decided. */
  #underWay: AbortController | undefined;
  /** Not persisted: the attempt of a pass this life works on; the next life takes it up as another attempt. */
  readonly #life: PassLife = { attempt: null };

  constructor(deps: SessionDeps, outbox: Pick<Outbox, "enqueue">, inbox: Inbox) {
    const store = new SessionStore(deps.storage);
    const { sql } = deps.storage;
    const rows = { store, planning: new PlanningStore(sql), amendments: new AmendmentStore(sql), governance: new GovernanceStore(sql) };
    this.#context = { ...rows, ledger: new Ledger(outbox, store, deps.now), deps };
    this.#inbox = inbox;
  }

  get store(): SessionStore {
    return this.#context.store;
  }

  get planning(): PlanningStore {
    return this.#context.planning;
  }

  get amendments(): AmendmentStore {
    return this.#context.amendments;
  }

  async commission(request: CommissionRequest): Promise<Result<{ created: boolean }>> {
    const { store, ledger, deps } = this.#context;
    const result = store.transaction((): Result<{ created: boolean }> => {
      const session = store.session();
      if (session !== null) {
        if (session.org !== request.org || session.sessionId !== request.sessionId) return refuse("INTEGRITY", "This object holds another session.");
        return session.envelopeDigest === request.envelopeDigest ? { ok: true, created: false } : refuse("ALREADY_EXISTS");
      }
      store.create(request, "COMMISSIONING", deps.now());
      ledger.event("SESSION_SUBMITTED", {
        fromState: "SUBMITTED",
        toState: "COMMISSIONING",
        reason: `${request.identity.actorId} submitted ${request.workOrderId}: ${request.order.title}`,
        trigger: request.envelopeId,
        ...(request.evidenceChainRoot === undefined ? {} : { evidenceChainHash: request.evidenceChainRoot }),
      });
      ledger.register();
      return { ok: true, created: true };
    });
    deps.wake();
    return result;
  }

  async status(): Promise<SessionStatus | null> {
    const { store, planning, deps } = this.#context;
    const session = store.session();
    if (session === null) return null;
    const review = store.openReview();
    return {
      sessionId: session.sessionId,
      state: session.state,
      runId: session.runId,
      assembly: store.request().assembly,
      openReview:
        review === null ? null : { reviewId: review.reviewId, action: review.action, actionDigest: review.actionDigest, matter: review.subject.matter },
      reason: reasonOf(session),
      commissioning: commissioningStatus({ row: session, review, intakeDone: this.#intakeDone(), lastAttempt: planning.attempts().at(-1) ?? null }, deps.now()),
    };
  }

  async cancel(reason: string, principal: Principal): Promise<Result<{ state: SessionState }>> {
    const { store, deps } = this.#context;
    const result = store.transaction((): Result<{ state: SessionState }> => {
      const session = store.session();
      if (session === null || principal.org !== session.org) return refuse("NOT_FOUND");
      if (!isTerminalSession(session.state) && session.ending === null) {
        const why = reason === "" ? "" : `: ${reason}`;
        endWith(this.#context, { state: "CANCELLED", reason: `${principal.id} cancelled the session${why}`, reasonCode: "CANCELLED" });
      }
      return { ok: true, state: store.requireSession().state };
    });
    this.#underWay?.abort();
    deps.wake();
    return result;
  }

  async acknowledge(review: Parameters<SessionRpc["acknowledge"]>[0]): Promise<Result<{ state: SessionState }>> {
    const result = acknowledge(this.#context, review);
    this.#context.deps.wake();
    return result;
  }

  async dispose(effectId: string, disposition: Disposition): Promise<Result<{ state: SessionState }>> {
    const result = this.#inbox.once(effectId, () => takeDisposition(this.#context, disposition), "disposition");
    this.#context.deps.wake();
    return result;
  }

  async suspend(effectId: string, reason: string, dispositionEventId: string): Promise<Result> {
    const result = this.#inbox.once(effectId, () => suspend(this.#context, reason, dispositionEventId), "disposition");
    this.#context.deps.wake();
    return result;
  }

  async unsuspend(effectId: string, dispositionEventId: string): Promise<Result> {
    const result = this.#inbox.once(effectId, () => unsuspend(this.#context, dispositionEventId), "disposition");
    this.#context.deps.wake();
    return result;
  }

  async report(effectId: string, report: SessionReport): Promise<Result> {
    const result = this.#inbox.once(effectId, () => takeReport(this.#context, report), report.kind);
    this.#context.deps.wake();
    return result;
  }

  /** What the session says of itself beside its storage, and which objects it has called. */
  health(): { readonly state: SessionState | null; readonly lastError: string | null; readonly neighbours: SessionNeighbours | null } {
    const { store } = this.#context;
    const session = store.session();
    if (session === null) return { state: null, lastError: null, neighbours: null };
    const { state, stuck, parked, suspended, mediation, runId } = session;
    const { assembly } = store.request();
    return { state, lastError: stuck ?? parked ?? suspended, neighbours: { assembly, mediation: mediation !== "none", runId } };
  }

  /** Pokes whoever the session waits for; what it does itself, its object re-arms. */
  async poke(): Promise<{ readonly state: SessionState } | null> {
    const { store, deps } = this.#context;
    const session = store.session();
    if (session === null) return null;
    const { org, sessionId, state, run, runId, mediation } = session;
    if (isTerminalSession(state)) return { state };
    const waits: Promise<void>[] = [runBestEffort("session.follow-suspensions", () => this.#followSuspensions(), deps.log)];
    if (mediation === "compiling" || inFlight(this.#context).length > 0 || this.#context.governance.hasAsked())
      waits.push(runBestEffort("session.poke-mediation", () => deps.mediation(org, sessionId).poke(), deps.log));
    if (runId !== null && (run === "running" || run === "cancelling"))
      waits.push(runBestEffort("session.poke-run", () => deps.coordinator(org, runId).poke(), deps.log));
    await Promise.all(waits);
    return { state };
  }

  /** A run under way is stopped as well, where the order to do so did not reach it. */
  async #followSuspensions(): Promise<void> {
    await followSuspensions(this.#context);
    this.#context.deps.wake();
  }

  /**
   * Takes steps until there is none to take or the time is up.
   *
   * @returns true when there is more to do
   * @throws what a step throws; calling again takes the same step.
   */
  async advance(signal: AbortSignal): Promise<boolean> {
    const { deps, store } = this.#context;
    const startedAt = deps.now();
    for (;;) {
      const step = this.#nextStep();
      if (step.kind === "idle") return false;
      if (deps.now() - startedAt >= ADVANCE_BUDGET_MS) return true;
      const before = store.requireSession().version;
      await this.#take(step, signal);
      deps.wake();
      // A step that changed nothing waits for somebody else; taking it again at once would not help.
      if (store.requireSession().version === before) return false;
    }
  }

  /** When `advance` has something to do, in epoch milliseconds; null when it waits for somebody. */
  dueAt(): number | null {
    const { deps, planning } = this.#context;
    const step = this.#nextStep();
    if (step.kind === "idle") return null;
    // Whoever works on the pass goes on by itself; only a lease that ran out is taken up.
    return (step.kind === "pass" ? heldUntil(planning, this.#life, deps.now()) : null) ?? deps.now();
  }

  /** What mediation is to compile, and what its run's clearance rests on. @throws FactoryError ELUCIDATION_MISSING */
  compileRequest(clearance: ClearanceBasis | undefined): CompileRequest {
    const { store } = this.#context;
    const { org, sessionId, workOrderId, assembly, order, config, baseTree } = store.request();
    const elucidation = commissioningElucidation(store);
    if (elucidation === null) throw new FactoryError("ELUCIDATION_MISSING");
    const intent = approvedIntent(this.#context);
    return {
      org,
      sessionId,
      workOrderId,
      assembly,
      intentSpecificationId: intent.id,
      intent: intent.data,
      order: { ...order, constraints: approvedConstraints(this.#context) },
      config,
      baseTree,
      elucidationArtifactId: elucidation.id,
      ...(clearance === undefined ? {} : { clearance }),
    };
  }

  /** The new clearance that policy has permitted. @throws Error for a request that it has not */
  clearRequest(requestId: string): ClearRequest {
    const { store, governance } = this.#context;
    const { org, sessionId } = store.request();
    const { basis, policy, askedFor } = governance.asked(requestId);
    return { org, sessionId, requestId, basis: { ...basis, policy }, askedFor };
  }

  /** The escalation bead of a question, and the one that resolves it. @throws TerminalError where it cannot be linked */
  async escalationBead(escalationId: string, standing: "raised" | "resolved"): Promise<KnowingStateBead> {
    return standing === "raised" ? raisedBead(this.#context, escalationId) : resolvedBead(this.#context, escalationId);
  }

  /** What subscribers are told of a question. @throws TerminalError */
  escalationSignal(escalationId: string): EscalationEvent {
    return escalationSignal(this.#context, escalationId);
  }

  /** The record that closes a disposition. @throws as {@link recordClosure} does. */
  async recordClosure(dispositionEventId: string): Promise<VerdictClosureRecord> {
    return recordClosure(this.#context, dispositionEventId);
  }

  /** BP6: what an amendment has made goes to the source graph. @throws what the graphs do; a TerminalError is not repeated. */
  async ingest(amendmentId: string): Promise<void> {
    const { store, amendments, deps } = this.#context;
    const amendment = amendments.all().find((row) => row.amendmentId === amendmentId);
    if (amendment === undefined || amendment.successorId === null || amendment.elucidationId === null) {
      throw new TerminalError(`${amendmentId} has adopted no specification.`);
    }
    const { successorId: specificationId, elucidationId } = amendment;
    await deps.loopClosure(this.#context).ingest({ specificationId, elucidationId }, deps.sources(store.request().org));
  }

  /** Gate 3: what was delivered is looked at once more. @throws as {@link runPersistence} does. */
  async persist(evidenceId: string): Promise<void> {
    await runPersistence(this.#context, evidenceId);
  }

  onCompileRefused(refusal: Refusal): void {
    const { store, deps } = this.#context;
    store.transaction(() => {
      store.patch({ mediation: "refused" }, deps.now());
      failCompilation(this.#context, refusal.code, [refusal.message]);
    });
    deps.wake();
  }

  onAmendRefused(amendmentId: string, refusal: Refusal): void {
    const { store, deps } = this.#context;
    store.transaction(() => {
      takeReport(this.#context, { kind: "amended", report: { outcome: "refused", amendmentId, code: refusal.code, remediation: [refusal.message] } });
    });
    deps.wake();
  }

  onClearRefused(requestId: string, refusal: Refusal): void {
    onClearRefused(this.#context, requestId, refusal);
    this.#context.deps.wake();
  }

  /** The run has acknowledged that its clearance is taken. */
  onRunSuspended(dispositionEventId: string): void {
    const { store, governance, deps } = this.#context;
    store.transaction(() => {
      governance.told(dispositionEventId);
      store.patch({}, deps.now());
    });
    deps.wake();
  }

  onRunCancelled(): void {
    const { store, deps } = this.#context;
    store.transaction(() => {
      if (store.requireSession().run === "cancelling") store.patch({ run: "quiet" }, deps.now());
    });
    deps.wake();
  }

  /** Everything before the barrier has been acknowledged. */
  onBarrier(): void {
    const { store, deps } = this.#context;
    store.transaction(() => {
      if (store.requireSession().sealing === "barrier") store.patch({ sealing: "ready" }, deps.now());
    });
    deps.wake();
  }

  /** Makes a parked effect visible: the session says what it waits for until the effect is taken up again. */
  onParked(effect: ParkedEffect): void {
    const { store, deps } = this.#context;
    if (isAside(effect.target)) return;
    store.patch({ parked: `Waiting for ${effect.target}: ${effect.reason}` }, deps.now());
  }

  /** The parked effects are taken up again. */
  onRedrive(): void {
    const { store, deps } = this.#context;
    if (store.session() !== null) store.patch({ parked: null }, deps.now());
  }

  /** Makes a failed step visible; it is taken again. */
  onStepFailed(message: string): void {
    const { store, deps } = this.#context;
    const session = store.session();
    if (session !== null && !isTerminalSession(session.state) && session.stuck === null) store.patch({ stuck: `${message} It is tried again.` }, deps.now());
  }

  #nextStep(): Step {
    const { store, planning } = this.#context;
    const row = store.session();
    if (row === null) return { kind: "idle" };
    return nextStep({
      row,
      intakeDone: this.#intakeDone(),
      donePasses: new Set(planning.passes().keys()),
      semanticReviewDone: semanticReviewDone(this.#context),
      reviewOpen: store.openReview() !== null,
      reportPending: store.pendingRunReport() !== null,
      clearanceDue: this.#context.governance.due() !== null,
      clearanceHeld: this.#context.governance.holdsClearance(),
      amendsInFlight: inFlight(this.#context).length,
    });
  }

  #intakeDone(): boolean {
    return this.#context.store.artifactOfType("VerificationReport") !== null;
  }

  async #take(step: Step, signal: AbortSignal): Promise<void> {
    const context = this.#context;
    switch (step.kind) {
      case "idle":
        return;
      case "intake":
        runIntake(context);
        return;
      case "pass":
        await this.#abortable(signal, (stop) => runPass(context, step.pass, stop, this.#life));
        return;
      case "semantic-review":
        await this.#abortable(signal, (stop) => runSemanticReview(context, stop));
        return;
      case "ask-approval":
        askApproval(context);
        return;
      case "compile":
        await startCompilation(context);
        return;
      case "clear":
        await renewClearance(context);
        return;
      case "run-report":
        await handleRunReport(context);
        return;
      case "acceptance":
        await this.#abortable(signal, (stop) => runAcceptance(context, stop));
        return;
      case "delivery":
        await runDelivery(context);
        return;
      case "cancel-run":
        this.#cancelRun();
        return;
      case "barrier":
        this.#raiseBarrier();
        return;
      case "seal":
        await runSealing(context);
        return;
      default:
        step satisfies never;
    }
  }

  async #abortable(signal: AbortSignal, work: (stop: AbortSignal) => Promise<void>): Promise<void> {
    const underWay = new AbortController();
    this.#underWay = underWay;
    try {
      await work(AbortSignal.any([signal, underWay.signal]));
    } finally {
      this.#underWay = undefined;
    }
  }

  #cancelRun(): void {
    const { store, ledger, deps } = this.#context;
    store.transaction(() => {
      const { runId, ending } = store.requireSession();
      if (runId === null) throw new Error("A run without an id.");
      ledger.cancelRun(runId, ending?.reason ?? "");
      store.patch({ run: "cancelling" }, deps.now());
    });
  }

  #raiseBarrier(): void {
    const { store, ledger, deps } = this.#context;
    store.transaction(() => {
      ledger.barrier();
      store.patch({ sealing: "barrier" }, deps.now());
    });
  }
}
