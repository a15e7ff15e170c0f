/**
 * One run: its graph of beads, leases, tree and verdicts. Every call is applied in one synchronous transaction together
 * with what follows from it: released beads, events, wake-ups and timers. Checks run outside and are settled in the next
 * transaction, on the tree they were made for and under the knowing-state their work was done under.
 */
import { GroupCommit, Outbox, messageOf, migrate, withDeadline } from "@factory/durable";
import type { Log, OwnHealth, Random, Scheduler, StartTimeout, StoragePort } from "@factory/durable";
import { refuse } from "@factory/schemas";
import type { CheckReport, Clearance, Result } from "@factory/schemas";
import type {
  BeadDecision,
  BeadOutcome,
  BeadVerdict,
  BudgetDecision,
  CoordinatorRpc,
  ExchangeAnswer,
  ReopenRequest,
  RunGraphAmendment,
  RunPulse,
  RunRecord,
  SeedRequest,
} from "@factory/schemas/rpc";
import type { Sandbox } from "@factory/verification";
import type { BlobStore } from "@factory/workspace";
import { nextApproved, settleApproved, takeApproved } from "./applying.ts";
import { ApprovalStore } from "./store/approval-store.ts";
import { decideBead } from "./approvals.ts";
import { fundRun, fundWaiting } from "./budget.ts";
import { BudgetStore } from "./store/budget-store.ts";
import { Checking } from "./checking.ts";
import { answerClarification, cancelRun, reopenBeads, seedRun } from "./commands.ts";
import type { RunContext } from "./context.ts";
import { deliver } from "./delivery.ts";
import type { Neighbours } from "./delivery.ts";
import { DispatchGate, clearRun, tellBlock, tellBlockAgain } from "./dispatch-gating.ts";
import { dispatchReady, forgetLostHints, nextHintLoss, slotAnswered } from "./dispatch.ts";
import { amendRunGraph } from "./graph-amending.ts";
import { runHealth } from "./health.ts";
import { Ledger } from "./ledger.ts";
import type { Entered } from "./ledger.ts";
import { LEASE_TTL_MS, MAX_WANT, claimBeads, extendLease, workState } from "./leases.ts";
import { OrgCapacity } from "./org-capacity.ts";
import type { Wish } from "./org-capacity.ts";
import { needsCheck, receiveOutcome, settleVerified } from "./outcomes.ts";
import { runRecord } from "./record.ts";
import { BoundedMemo } from "./report-memo.ts";
import { RunView } from "./run-view.ts";
import { RunStore } from "./store/run-store.ts";
import type { Run } from "./store/run-store.ts";
import { nextOutcomeBead, takeOutcomeBead } from "./outcome-beads.ts";
import { settleOutcomeBead } from "./run-verdict.ts";
import { COORDINATOR_MIGRATIONS } from "./store/schema.ts";
import { rescueExpired } from "./settling.ts";
import { Vigil } from "./vigil.ts";
import type { Verification } from "./verification.ts";

/** What a coordinator needs. */
export interface CoordinatorDeps {
  readonly storage: StoragePort;
  readonly scheduler: Pick<Scheduler, "on" | "schedule" | "scheduleBy">;
  readonly neighbours: Neighbours;
  readonly blobs: BlobStore;
  readonly sandbox: Sandbox;
  readonly log: Log;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly random: Random;
  /** Whether the object that holds the run was made for it. */
  readonly isFor: (org: string, runId: string) => boolean;
  /** Resolves after that many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly startTimeout: StartTimeout;
  /** Takes a promise nobody waits for. */
  readonly background: (work: Promise<unknown>) => void;
}

/** Timers: leases, lost wake-ups and waiting times; the outcome bead; change sets that a person has approved. */
const TICK_TIMER = "tick";
const VERDICT_TIMER = "verdict";
const APPLY_TIMER = "apply";
/** The checks of a whole tree with every retry; under the 15 minutes of wall clock an alarm has. */
const VERDICT_TIMEOUT_MS = 10 * 60_000;
/** The checks of one change set with every retry, on a tree that may move more than once meanwhile. */
const APPLY_TIMEOUT_MS = 10 * 60_000;
/** Reports kept for checks that are asked again: of the size of a run's checks, twice over. */
const MEMO_REPORTS = 200;
/** Longest wait for the org's answer on slots, in milliseconds: a call within one data centre. */
const CAPACITY_TIMEOUT_MS = 5_000;
/** The session waits for these rows, so they are tried for hours before one is parked. */
const OUTBOX_ATTEMPTS = 100;

/** What a poke answers for each status of the run. */
const STATUSES = { open: "open", accepted: "finished", cancelled: "cancelled" } as const satisfies Record<Run["status"], RunPulse["status"]>;

type Turn = { readonly kind: "answer"; readonly answer: Result<ExchangeAnswer> } | { readonly kind: "check"; readonly outcomes: readonly BeadOutcome[] };

/** The coordinator of one run. */
export class Coordinator implements CoordinatorRpc {
  /** What readers see of the run. */
  readonly view: RunView;
  readonly #deps: CoordinatorDeps;
  readonly #store: RunStore;
  readonly #outbox: Outbox;
  readonly #context: RunContext & { readonly ledger: Ledger };
  readonly #commits: GroupCommit<() => void, readonly Entered[]>;
  readonly #checking: Checking;
  readonly #capacity: OrgCapacity;
  /** Not persisted: a request to the org is under way; there is one at a time. */
  #asking = false;

  constructor(deps: CoordinatorDeps) {
    this.#deps = deps;
    const { storage, scheduler, log, now, random, neighbours } = deps;
    migrate(storage, COORDINATOR_MIGRATIONS);
    this.#store = new RunStore(storage.sql);
    this.view = new RunView(this.#store);
    this.#outbox = new Outbox({
      storage,
      scheduler,
      deliver: (target, effects) => deliver(neighbours, this.#store.requireRun(), log, target, effects),
      onParked: ({ effectId, reason }) =>
        log.event({ op: "ledger.stuck", outcome: "failed", durationMs: 0, ids: { effect: effectId, run: this.#store.run()?.runId ?? "" }, fields: { reason } }),
      log,
      now,
      random,
      limits: { maxAttempts: OUTBOX_ATTEMPTS },
      background: deps.background,
    });
    const underCheck = new Map<string, number>();
    this.#capacity = new OrgCapacity(storage.sql, now);
    this.#context = {
      store: this.#store,
      approvals: new ApprovalStore(this.#store.sql, () => this.#store.beads.forgetOrder()),
      budget: new BudgetStore(this.#store.sql),
      vigil: new Vigil(now()),
      ledger: new Ledger(this.#outbox, now),
      gate: new DispatchGate(this.#store, now, deps.isFor),
      now,
      random,
      log,
      underCheck,
      slotsAllowed: (run) => this.#capacity.allowed(run),
    };
    this.#commits = new GroupCommit({
      storage,
      apply: (work) => this.#context.ledger.recording(work),
      beforeCommit: (entered) => this.#followUp(entered.flat()),
      write: () => this.#store.write(),
      onUndone: () => this.#forgetRows(),
      log,
    });
    const verifier = { blobs: deps.blobs, sandbox: deps.sandbox, memo: new BoundedMemo<CheckReport>(MEMO_REPORTS), random, now, sleep: deps.sleep };
    this.#checking = new Checking(this.#context, { verifier, knowingState: neighbours.knowingState, random, startTimeout: deps.startTimeout }, underCheck);
    scheduler.on(TICK_TIMER, () => this.#tick(), { dueAt: () => this.#nextTick() });
    scheduler.on(VERDICT_TIMER, () => this.#takeVerdict(), { timeoutMs: VERDICT_TIMEOUT_MS, dueAt: () => (this.#outcomeBeadIsDue() ? now() : null) });
    scheduler.on(APPLY_TIMER, () => this.#applyApproved(), { timeoutMs: APPLY_TIMEOUT_MS, dueAt: () => (this.#approvedIsDue() ? now() : null) });
  }

  async seed(_effectId: string, request: SeedRequest): Promise<Result<{ ready: number }>> {
    return this.#transact(() => seedRun(this.#context, request));
  }

  async exchange(slot: number, outcomes: readonly BeadOutcome[], want: number): Promise<Result<ExchangeAnswer>> {
    // Checks run before the transaction, so that an outcome is taken in, settled and answered in one commit.
    let unchecked: readonly BeadOutcome[] = outcomes.length > MAX_WANT ? [] : outcomes.filter((outcome) => needsCheck(this.#context, slot, outcome));
    for (;;) {
      const verified = new Map(await Promise.all(unchecked.map(async (outcome) => [outcome.effectId, await this.#checking.ofOutcome(outcome)] as const)));
      const turn = await this.#transact(() => this.#exchangeTurn(slot, outcomes, want, verified));
      if (turn.kind === "answer") return turn.answer;
      // Each turn settles what is ready; what remains was checked on files that have moved since.
      unchecked = turn.outcomes;
    }
  }

  async heartbeat(beadId: string, epoch: number): Promise<{ readonly current: boolean; readonly leaseUntil: number }> {
    return this.#transact(() => extendLease(this.#context, beadId, epoch, LEASE_TTL_MS));
  }

  async reopen(_effectId: string, request: ReopenRequest): Promise<Result> {
    return this.#transact(() => this.#once(`reopen:${request.amendmentId}`, () => reopenBeads(this.#context, request)));
  }

  async clarify(_effectId: string, answer: Parameters<CoordinatorRpc["clarify"]>[1]): Promise<Result> {
    return this.#transact(() => answerClarification(this.#context, answer));
  }

  async decide(_effectId: string, decision: BeadDecision): Promise<Result> {
    return this.#transact(() => decideBead(this.#context, decision));
  }

  async amendGraph(_effectId: string, amendment: RunGraphAmendment): Promise<Result> {
    return this.#transact(() => amendRunGraph(this.#context, amendment));
  }

  async fund(_effectId: string, decision: BudgetDecision): Promise<Result> {
    return this.#transact(() => fundRun(this.#context, decision));
  }

  async clear(effectId: string, clearance: Clearance | null, reason: string): Promise<Result> {
    return this.#transact(() => this.#once(`clear:${effectId}`, () => clearRun(this.#context, clearance, reason)));
  }

  async poke(): Promise<RunPulse> {
    this.#capacity.poked();
    const rescued = await this.#transact(() => {
      tellBlockAgain(this.#context);
      return this.#takeBack();
    });
    const run = this.#store.run();
    if (run === null) return { status: "unknown", beads: {}, rescued, nextAt: null };
    const due = this.#outcomeBeadIsDue() || this.#approvedIsDue() ? this.#deps.now() : null;
    return { status: STATUSES[run.status], beads: this.#store.beads.stateCounts(), rescued, nextAt: due ?? this.#nextTick() };
  }

  async cancel(_effectId: string, reason: string): Promise<Result> {
    await this.#transact(() => cancelRun(this.#context, reason));
    if (this.#store.run() === null) return { ok: true };
    await this.#outbox.drain();
    // A parked row blocks its lane for good, so nothing behind it follows the terminal event either.
    if (this.#outbox.pending() === 0 || this.#outbox.parked().length > 0) return { ok: true };
    return refuse("UNAVAILABLE", "The run is cancelled; its last events have not reached the log yet.");
  }

  async record(): Promise<RunRecord | null> {
    return runRecord(this.#store);
  }

  /** What the run says of itself beside its storage. */
  health(): OwnHealth {
    return { ...runHealth(this.#store, this.#deps.now()), outbox: this.#outbox };
  }

  /** One transaction: the work and what follows from it. What the work throws undoes it and goes to the caller. */
  async #transact<T>(work: () => T): Promise<T> {
    let done: { readonly value: T } | undefined;
    await this.#commits.submit(() => {
      done = { value: work() };
    });
    if (done === undefined) throw new Error("A commit ended without its work.");
    return done.value;
  }

  #forgetRows(): void {
    this.#store.forgetRows();
    this.#context.approvals.forgetRows();
    this.#context.budget.forgetRows();
    this.#capacity.forgetRows();
  }

  /**
   * Once a commit: wakes slots for what is READY, enqueues what was entered, and sets the timers that the new state calls for.
   */
  #followUp(entered: readonly Entered[]): void {
    const run = this.#store.run();
    // Nothing is entered before there is a run.
    if (run === null) return;
    const { ledger } = this.#context;
    this.#store.beads.releaseDue(this.#deps.now());
    const followed = ledger.recording(() => {
      fundWaiting(this.#context, run);
      dispatchReady(this.#context, run);
      tellBlock(this.#context, run);
    });
    ledger.enqueueEntries([...entered, ...followed]);
    const { scheduler, background, now } = this.#deps;
    const capacityAt = this.#capacityDueAt(run);
    const asks = capacityAt !== null && capacityAt <= now();
    if (asks) background(this.#askForSlots(run));
    // While a request is under way no other is due.
    const tick = run.status === "open" ? this.#earliest(run, asks ? null : capacityAt) : null;
    if (tick !== null) background(scheduler.scheduleBy(TICK_TIMER, tick));
    if (this.#outcomeBeadIsDue()) background(scheduler.scheduleBy(VERDICT_TIMER, now()));
    if (this.#approvedIsDue()) background(scheduler.scheduleBy(APPLY_TIMER, now()));
    if (ledger.takeEntered()) background(this.#outbox.poke());
  }

  #exchangeTurn(slot: number, outcomes: readonly BeadOutcome[], want: number, verified: ReadonlyMap<string, Verification>): Turn {
    const run = this.#store.run();
    const refusal = run === null ? refuse("NOT_FOUND", "The run is not seeded.") : this.#exchangeProblem(run, slot, outcomes);
    if (run === null || refusal !== null) return { kind: "answer", answer: refusal ?? refuse("NOT_FOUND") };
    slotAnswered(this.#context, run, slot);
    const verdicts: BeadVerdict[] = [];
    const open: BeadOutcome[] = [];
    for (const outcome of outcomes) {
      const verdict = this.#take(run, slot, outcome, verified);
      if (verdict === null) open.push(outcome);
      else verdicts.push(verdict);
    }
    if (open.length > 0) return { kind: "check", outcomes: open };
    this.#store.beads.releaseDue(this.#deps.now());
    const beads = claimBeads(this.#context, run, slot, want);
    return { kind: "answer", answer: { ok: true, verdicts, beads, work: workState(this.#context, run) } };
  }

  /** The verdict on an outcome, or null while its checks have to run. */
  #take(run: Run, slot: number, outcome: BeadOutcome, verified: ReadonlyMap<string, Verification>): BeadVerdict | null {
    const received = receiveOutcome(this.#context, run, slot, outcome);
    if (received.kind === "verdict") return received.verdict;
    const verification = verified.get(outcome.effectId);
    return verification === undefined ? null : settleVerified(this.#context, run, outcome, verification);
  }

  #exchangeProblem(run: Run, slot: number, outcomes: readonly BeadOutcome[]): ReturnType<typeof refuse> | null {
    if (!Number.isInteger(slot) || slot < 0 || slot >= run.slots)
      return refuse("INVALID_ARGUMENT", `The run has the slots 0 to ${run.slots - 1}, not ${slot}.`);
    if (outcomes.length > MAX_WANT) return refuse("TOO_LARGE", `${outcomes.length} outcomes; one exchange takes ${MAX_WANT}.`);
    const stray = outcomes.find(({ beadId }) => !this.#store.beads.has(beadId));
    return stray === undefined ? null : refuse("INVALID_ARGUMENT", `${stray.beadId} is not in the run.`);
  }

  async #takeVerdict(): Promise<void> {
    const taken = await this.#transact(() => {
      const run = this.#store.run();
      return run === null ? null : takeOutcomeBead(this.#context, run);
    });
    if (taken === null) return;
    const check = await this.#checking.ofOutcomeBead(taken);
    await this.#transact(() => settleOutcomeBead(this.#context, this.#store.requireRun(), taken, check));
  }

  /** Checks one approved change set on the tree as it is, again whenever the tree has moved meanwhile, and settles it. */
  async #applyApproved(): Promise<void> {
    const taken = await this.#transact(() => {
      const run = this.#store.run();
      return run === null ? null : takeApproved(this.#context, run);
    });
    if (taken === null) return;
    for (let settled = false; !settled;) {
      const verification = await this.#checking.ofApproved(taken);
      settled = await this.#transact(() => settleApproved(this.#context, this.#store.requireRun(), taken, verification));
    }
  }

  async #tick(): Promise<void> {
    await this.#transact(() => this.#takeBack());
  }

  /** Leases and wake-ups that nobody answers for any more. @returns how many leases */
  #takeBack(): number {
    const run = this.#store.run();
    if (run === null || run.status !== "open") return 0;
    const rescued = rescueExpired(this.#context, run);
    forgetLostHints(this.#context);
    return rescued;
  }

  /** What the run could use of its org's slots now. */
  #wish(run: Run): Wish {
    const { status, slots } = run;
    if (status !== "open") return { want: 0, held: 0 };
    const held = this.#store.beads.busySlots();
    // What the dispatch gate holds back is no use of others' slots.
    const ready = this.#context.gate.isOpen(run) ? this.#store.beads.countReady(slots) : 0;
    return { want: Math.min(slots, held + ready), held };
  }

  #capacityDueAt(run: Run): number | null {
    if (this.#asking) return null;
    if (run.status !== "open") return this.#capacity.hasToGiveBack() ? this.#deps.now() : null;
    return this.#capacity.dueAt(this.#wish(run));
  }

  /** Asks the org for slots, beside the work; an answer that does not come leaves what was granted last. */
  async #askForSlots(run: Run): Promise<void> {
    const { neighbours, startTimeout, log, now } = this.#deps;
    const { org, runId } = run;
    const startedAt = now();
    this.#asking = true;
    this.#capacity.asking();
    // The commit that led here has to end first.
    await Promise.resolve();
    const wish = this.#wish(run);
    try {
      const request = { org, runId, ...wish, priority: this.#store.graph.priority() };
      const grant = await withDeadline("The org's slots", CAPACITY_TIMEOUT_MS, () => neighbours.capacity(run).request(request), startTimeout);
      this.#asking = false;
      await this.#transact(() => this.#capacity.granted(wish, grant));
    } catch (err) {
      log.event({ op: "capacity.request", outcome: "failed", durationMs: now() - startedAt, ids: { org, run: runId }, fields: { error: messageOf(err) } });
      this.#asking = false;
      await this.#transact(() => this.#capacity.unanswered());
    }
  }

  #nextTick(): number | null {
    const run = this.#store.run();
    return run?.status === "open" ? this.#earliest(run, this.#capacityDueAt(run)) : null;
  }

  /** The first moment at which something of an open run is due: a lease, a bead, a wake-up, the next request for slots, or that its clearance goes stale. */
  #earliest(run: Run, capacityAt: number | null): number | null {
    const closesAt = this.#context.gate.closesAt(run);
    const moments = [this.#store.beads.nextMoment(), nextHintLoss(this.#context), capacityAt, closesAt].filter((moment) => moment !== null);
    return moments.length === 0 ? null : Math.min(...moments);
  }

  #outcomeBeadIsDue(): boolean {
    const run = this.#store.run();
    return run !== null && nextOutcomeBead(this.#context, run) !== null;
  }

  #approvedIsDue(): boolean {
    const run = this.#store.run();
    return run !== null && nextApproved(this.#context, run) !== null;
  }

  /** Runs an accepted command once; a refusal may be tried again. */
  #once(key: string, work: () => Result): Result {
    if (this.#store.wasDone(key)) return { ok: true };
    const result = work();
    if (result.ok) this.#store.markDone(key);
    return result;
  }
}
