/**
 * One run: its graph of beads, leases, tree and verdicts. Every call is applied in one synchronous transaction together
 * with what follows from it: released beads, events, wake-ups and timers. Checks run outside and are settled in the next
 * transaction, on the tree they were made for.
 */
import { GroupCommit, Outbox, migrate } from "@factory/durable";
import type { Log, Random, Scheduler, StoragePort } from "@factory/durable";
import { refuse } from "@factory/schemas";
import type { CheckReport, Result } from "@factory/schemas";
import type { BeadOutcome, BeadVerdict, CoordinatorRpc, ExchangeAnswer, ReopenRequest, RunRecord, SeedRequest } from "@factory/schemas/rpc";
import type { Sandbox } from "@factory/verification";
import type { BlobStore } from "@factory/workspace";
import { claimCoverage } from "./check-plans.ts";
import type { CheckSubject } from "./check-plans.ts";
import { answerClarification, cancelRun, reopenBeads, seedRun } from "./commands.ts";
import type { RunContext } from "./context.ts";
import { deliver } from "./delivery.ts";
import type { Neighbours } from "./delivery.ts";
import { dispatchReady, forgetLostHints, nextHintLoss } from "./dispatch.ts";
import { Ledger } from "./ledger.ts";
import { CHECK_LEASE_MS, LEASE_TTL_MS, MAX_WANT, claimBeads, extendLease, workState } from "./leases.ts";
import { receiveOutcome, rescueExpired, settleVerified } from "./outcomes.ts";
import { runRecord } from "./record.ts";
import { BoundedMemo } from "./report-memo.ts";
import { RunStore } from "./run-store.ts";
import type { Bead, Run } from "./run-store.ts";
import { settleRun, takeOutcomeBead } from "./run-verdict.ts";
import { COORDINATOR_MIGRATIONS } from "./schema.ts";
import { verifyCandidate, verifyRun } from "./verification.ts";
import type { Verification, VerifierDeps } from "./verification.ts";

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
  /** Resolves after that many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Takes a promise nobody waits for. */
  readonly background: (work: Promise<unknown>) => void;
}

/** Timers: leases, lost wake-ups and waiting times; the outcome bead. */
const TICK_TIMER = "tick";
const VERDICT_TIMER = "verdict";
/** The checks of a whole tree with every retry; under the 15 minutes of wall clock an alarm has. */
const VERDICT_TIMEOUT_MS = 10 * 60_000;
/** Reports kept for checks that are asked again: of the size of a run's checks, twice over. */
const MEMO_REPORTS = 200;
/** The session waits for these rows, so they are tried for hours before one is parked. */
const OUTBOX_ATTEMPTS = 100;

type Turn = { readonly kind: "answer"; readonly answer: Result<ExchangeAnswer> } | { readonly kind: "check"; readonly effectIds: readonly string[] };

/** The coordinator of one run. */
export class Coordinator implements CoordinatorRpc {
  readonly #deps: CoordinatorDeps;
  readonly #store: RunStore;
  readonly #outbox: Outbox;
  readonly #context: RunContext & { readonly ledger: Ledger };
  readonly #commits: GroupCommit<() => void, void>;
  readonly #verifier: VerifierDeps;
  /** Not persisted: checks under way by effect id; a call that is repeated waits for the same one. */
  readonly #checking = new Map<string, Promise<Verification>>();

  constructor(deps: CoordinatorDeps) {
    this.#deps = deps;
    const { storage, scheduler, log, now, random, neighbours } = deps;
    migrate(storage, COORDINATOR_MIGRATIONS);
    this.#store = new RunStore(storage.sql);
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
    });
    this.#context = { store: this.#store, ledger: new Ledger(this.#outbox, now), now, random };
    this.#commits = new GroupCommit({ storage, apply: (work) => work(), log });
    this.#verifier = { blobs: deps.blobs, sandbox: deps.sandbox, memo: new BoundedMemo<CheckReport>(MEMO_REPORTS), random, now, sleep: deps.sleep };
    scheduler.on(TICK_TIMER, () => this.#tick(), { dueAt: () => this.#nextTick() });
    scheduler.on(VERDICT_TIMER, () => this.#takeVerdict(), { timeoutMs: VERDICT_TIMEOUT_MS, dueAt: () => (this.#outcomeBeadIsDue() ? now() : null) });
  }

  async seed(_effectId: string, request: SeedRequest): Promise<Result<{ ready: number }>> {
    return this.#transact(() => seedRun(this.#context, request));
  }

  async exchange(slot: number, outcomes: readonly BeadOutcome[], want: number): Promise<Result<ExchangeAnswer>> {
    let verified: ReadonlyMap<string, Verification> = new Map();
    for (;;) {
      const turn = await this.#transact(() => this.#exchangeTurn(slot, outcomes, want, verified));
      if (turn.kind === "answer") return turn.answer;
      // Each turn settles what is ready; what remains was made for a tree that has moved, or has not been checked yet.
      verified = new Map(await Promise.all(turn.effectIds.map(async (effectId) => [effectId, await this.#verify(effectId)] as const)));
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

  /** One transaction: the work and what follows from it. What the work throws undoes it and goes to the caller. */
  async #transact<T>(work: () => T): Promise<T> {
    let done: { readonly value: T } | undefined;
    await this.#commits.submit(() => {
      done = { value: work() };
      this.#followUp();
    });
    if (done === undefined) throw new Error("A commit ended without its work.");
    return done.value;
  }

  /** Wakes slots for what is READY and sets the timers that the new state calls for. */
  #followUp(): void {
    const run = this.#store.run();
    if (run === null) return;
    dispatchReady(this.#context, run);
    const { scheduler, background, now } = this.#deps;
    const tick = this.#nextTick();
    if (tick !== null) background(scheduler.scheduleBy(TICK_TIMER, tick));
    if (this.#outcomeBeadIsDue()) background(scheduler.scheduleBy(VERDICT_TIMER, now()));
    if (this.#context.ledger.takeEntered()) background(this.#outbox.poke());
  }

  #exchangeTurn(slot: number, outcomes: readonly BeadOutcome[], want: number, verified: ReadonlyMap<string, Verification>): Turn {
    const run = this.#store.run();
    const refusal = run === null ? refuse("NOT_FOUND", "The run is not seeded.") : this.#exchangeProblem(run, slot, outcomes);
    if (run === null || refusal !== null) return { kind: "answer", answer: refusal ?? refuse("NOT_FOUND") };
    this.#store.answerHint(slot);
    const verdicts: BeadVerdict[] = [];
    const effectIds: string[] = [];
    for (const outcome of outcomes) {
      const verdict = this.#take(slot, outcome, verified);
      if (verdict === null) effectIds.push(outcome.effectId);
      else verdicts.push(verdict);
    }
    if (effectIds.length > 0) return { kind: "check", effectIds };
    const current = this.#store.requireRun();
    const beads = claimBeads(this.#context, current, slot, want);
    return { kind: "answer", answer: { ok: true, verdicts, beads, work: workState(this.#context, current) } };
  }

  /** The verdict on an outcome, or null while its checks have to run. */
  #take(slot: number, outcome: BeadOutcome, verified: ReadonlyMap<string, Verification>): BeadVerdict | null {
    const received = receiveOutcome(this.#context, this.#store.requireRun(), slot, outcome);
    if (received.kind === "verdict") return received.verdict;
    const verification = verified.get(received.effectId);
    return verification === undefined ? null : settleVerified(this.#context, this.#store.requireRun(), received.effectId, verification);
  }

  #exchangeProblem(run: Run, slot: number, outcomes: readonly BeadOutcome[]): ReturnType<typeof refuse> | null {
    if (!Number.isInteger(slot) || slot < 0 || slot >= run.slots)
      return refuse("INVALID_ARGUMENT", `The run has the slots 0 to ${run.slots - 1}, not ${slot}.`);
    if (outcomes.length > MAX_WANT) return refuse("TOO_LARGE", `${outcomes.length} outcomes; one exchange takes ${MAX_WANT}.`);
    const stray = outcomes.find(({ beadId }) => this.#store.bead(beadId) === null);
    return stray === undefined ? null : refuse("INVALID_ARGUMENT", `${stray.beadId} is not in the run.`);
  }

  #verify(effectId: string): Promise<Verification> {
    const running = this.#checking.get(effectId);
    if (running !== undefined) return running;
    const started = this.#check(effectId).finally(() => this.#checking.delete(effectId));
    this.#checking.set(effectId, started);
    return started;
  }

  async #check(effectId: string): Promise<Verification> {
    const outcome = this.#store.outcome(effectId)?.outcome;
    const bead = outcome === undefined ? null : this.#store.bead(outcome.beadId);
    if (outcome === undefined || bead === null || outcome.result.kind !== "task") return { kind: "infrastructure", message: "there is nothing to check" };
    const run = this.#store.requireRun();
    const candidate = { ...this.#subjectOf(run, bead), tree: this.#store.tree(), treeDigest: run.treeDigest, changeSet: outcome.result.changeSet };
    return verifyCandidate(this.#verifier, candidate, () => void extendLease(this.#context, bead.beadId, outcome.epoch, CHECK_LEASE_MS));
  }

  #subjectOf(run: Run, bead: Bead): CheckSubject {
    return {
      directive: bead.directive,
      wholeTree: bead.outcome,
      claims: this.#store.claims().map(({ holdout: _hidden, ...visible }) => visible),
      invariants: this.#store.invariants(),
      typesRequired: run.typesRequired,
      changed: this.#store.changedFiles().map(({ path }) => path),
    };
  }

  async #takeVerdict(): Promise<void> {
    const taken = await this.#transact(() => {
      const run = this.#store.run();
      return run === null ? null : takeOutcomeBead(this.#context, run);
    });
    if (taken === null) return;
    const run = this.#store.requireRun();
    const claims = this.#store.claims();
    const doneRefs = new Set(this.#store.beads().flatMap(({ state, outcome, directive }) => (state === "DONE" && !outcome ? directive.claimRefs : [])));
    const subject = { ...this.#subjectOf(run, taken), claims, tree: this.#store.tree(), further: [claimCoverage(claims, doneRefs)] };
    const check = await verifyRun(this.#verifier, subject, () => void extendLease(this.#context, taken.beadId, taken.epoch, CHECK_LEASE_MS));
    await this.#transact(() => settleRun(this.#context, this.#store.requireRun(), taken.beadId, taken.epoch, check));
  }

  async #tick(): Promise<void> {
    await this.#transact(() => {
      const run = this.#store.run();
      if (run === null || run.status !== "open") return;
      rescueExpired(this.#context, run);
      forgetLostHints(this.#context);
    });
  }

  #nextTick(): number | null {
    if (this.#store.run()?.status !== "open") return null;
    const moments = [this.#store.nextMoment(this.#deps.now()), nextHintLoss(this.#context)].filter((moment) => moment !== null);
    return moments.length === 0 ? null : Math.min(...moments);
  }

  #outcomeBeadIsDue(): boolean {
    return this.#store.run()?.status === "open" && this.#store.openDivergences() === 0 && this.#store.outcomeBead(this.#deps.now()) !== null;
  }

  /** Runs an accepted command once; a refusal may be tried again. */
  #once(key: string, work: () => Result): Result {
    if (this.#store.wasDone(key)) return { ok: true };
    const result = work();
    if (result.ok) this.#store.markDone(key);
    return result;
  }
}
