/**
 * The loop of one operative slot: hand in outcomes and claim a bead in one call, work on it, store what came of it, and
 * again, until there is nothing to claim. Every step starts from what is stored, so a crash between any two loses nothing.
 */
import { messageOf, RetryableError, withDeadline } from "@factory/durable";
import type { Log, Outcome, Scheduler, StartTimeout } from "@factory/durable";
import { ERRORS, ulidId } from "@factory/schemas";
import type { BeadOutcome, ClaimedBead, CoordinatorRpc, WorkState } from "@factory/schemas/rpc";
import { makeAttempt } from "./attempt.ts";
import type { AttemptDeps, AttemptEnd } from "./attempt.ts";
import type { HeldBead, OperativeIdentity, OperativeStore } from "./operative-store.ts";

/** Name of the loop's timer. */
export const WORK_TIMER = "work";

/**
 * Longest run of the timer, in milliseconds: 14 minutes, under the 15 that the platform gives an alarm. It has room for
 * a run that is about to turn over and begins the longest attempt: {@link RUN_TURNOVER_MS} + {@link ATTEMPT_LIMIT_MS}.
 */
export const RUN_TIMEOUT_MS = 14 * 60_000;
/** A run older than this goes on in a new alarm, with the whole time for its next attempt. In milliseconds. */
export const RUN_TURNOVER_MS = 60_000;
/** Longest attempt in one run, in milliseconds; a directive that allows more gets this. */
export const ATTEMPT_LIMIT_MS = 12.5 * 60_000;
/** Longest exchange, in milliseconds: the coordinator runs the outcome's checks in it, and each may take a minute and wait for half of one. */
export const EXCHANGE_TIMEOUT_MS = 4 * 60_000;
/** Before the next claim after a lease that had passed, in milliseconds: what made it pass may do so again at once. */
export const STALE_PAUSE_MS = 1_000;
/**
 * What a lease must have left for an attempt to begin without asking, in milliseconds: longer than an answer is on its way
 * and two clocks differ, and half of what a lease is given for.
 */
export const FRESH_LEASE_MS = 60_000;
/** Beads asked for at once: a slot works on one at a time. */
const WANT = 1;

/** What an operative needs. */
export interface OperativeDeps extends Omit<AttemptDeps, "coordinator" | "governing"> {
  readonly store: OperativeStore;
  readonly scheduler: Pick<Scheduler, "schedule" | "scheduleBy">;
  readonly coordinatorOf: (identity: OperativeIdentity) => Pick<CoordinatorRpc, "exchange" | "heartbeat">;
  /** Both graphs as loop closure reaches them, each got anew: a stub that broke stays broken. */
  readonly governingOf: (identity: OperativeIdentity, assembly: string) => AttemptDeps["governing"];
  readonly log: Log;
  readonly startTimeout: StartTimeout;
}

/** One slot of one run. */
export class Operative {
  readonly #deps: OperativeDeps;
  /** Not persisted: leases that an exchange of this incarnation was answered with. After a restart nobody knows how long ago that was. */
  readonly #given = new Set<string>();

  constructor(deps: OperativeDeps) {
    this.#deps = deps;
  }

  /**
   * Notes whose operative this is and sets the loop's timer; a loop that runs already runs once more.
   *
   * @throws FactoryError INTEGRITY when it is another's.
   */
  async wake(identity: OperativeIdentity): Promise<void> {
    this.#deps.store.claimIdentity(identity);
    await this.#deps.scheduler.scheduleBy(WORK_TIMER, this.#deps.now());
  }

  /** When state calls for the loop without anybody waking it: something is held. Epoch milliseconds, null when nothing is. */
  dueAt(): number | null {
    const { store, now } = this.#deps;
    return store.held() !== null || store.outcomes().length > 0 ? now() : null;
  }

  /**
   * Runs the loop until there is nothing to claim, or hands over to a new alarm.
   *
   * @throws RetryableError when the coordinator does not answer; what is held stays stored and is tried again.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { store, scheduler, now } = this.#deps;
    const identity = store.identity();
    if (identity === null) return;
    const startedAt = now();
    for (;;) {
      signal.throwIfAborted();
      const held = store.held();
      if (held !== null) {
        if (!(await this.#work(identity, held, signal))) return await scheduler.schedule(WORK_TIMER, now() + STALE_PAUSE_MS);
      } else if (!(await this.#exchange(identity))) return;
      if (now() - startedAt >= RUN_TURNOVER_MS) return await scheduler.schedule(WORK_TIMER, now());
    }
  }

  /** Outcomes and the next claim in one call. @returns whether there is a bead to work on */
  async #exchange(identity: OperativeIdentity): Promise<boolean> {
    const { store, coordinatorOf, startTimeout, now } = this.#deps;
    const startedAt = now();
    const outcomes = store.outcomes();
    const report = (outcome: Outcome, fields: { readonly [key: string]: unknown }): void =>
      this.#log("operative.exchange", outcome, startedAt, identity, {}, { outcomes: outcomes.length, ...fields });
    let answer: Awaited<ReturnType<CoordinatorRpc["exchange"]>>;
    try {
      answer = await withDeadline("The exchange", EXCHANGE_TIMEOUT_MS, () => coordinatorOf(identity).exchange(identity.slot, outcomes, WANT), startTimeout);
    } catch (err) {
      report("failed", { error: messageOf(err) });
      throw new RetryableError(`The coordinator did not answer: ${messageOf(err)}`, { cause: err });
    }
    if (!answer.ok) {
      report("refused", { code: answer.code, message: answer.message });
      // A refusal that waiting does not change: what is held stays stored until somebody wakes this slot again.
      if (ERRORS[answer.code].retry === "never") return false;
      throw new RetryableError(`The coordinator refused: ${answer.message}`);
    }
    store.settle(answer.verdicts, answer.beads);
    this.#given.clear();
    for (const bead of answer.beads) this.#given.add(leaseKey(bead));
    report("ok", {
      work: answer.work,
      verdicts: answer.verdicts.map(({ beadId, accepted, state, reason }) => ({ beadId, accepted, state, reason })),
      claimed: answer.beads.length,
    });
    requireVerdicts(outcomes, store.outcomes());
    return store.held() !== null || this.#idle(answer.work);
  }

  /** Nothing was claimed: the slot rests. Work that becomes ready is dispatched, and dispatched again when nobody claims it. */
  #idle(work: WorkState): false {
    switch (work) {
      // Ready work that was not handed out is another slot's, or its dispatch is on its way.
      case "ready":
      case "waiting":
      case "complete":
      case "blocked":
        return false;
      default:
        return work satisfies never;
    }
  }

  /** @returns false when the lease had passed to another holder */
  async #work(identity: OperativeIdentity, held: HeldBead, signal: AbortSignal): Promise<boolean> {
    const { store, now } = this.#deps;
    const startedAt = now();
    const { claim } = held;
    if (held.executionId !== null && held.ranAt !== null) {
      // The agent may have acted and this run did not begin it: the object was restarted in its midst. The coordinator is
      // told at once, so that it hands the bead out again without waiting for the lease to pass; no quality attempt is burnt.
      const message = "the operative was restarted before the work was finished";
      this.#conclude(identity, held, startedAt, {
        executionId: held.executionId,
        result: { kind: "failure", failureClass: "infrastructure", code: "UNAVAILABLE", message },
        denials: deniedBefore(store, held.executionId),
        checkMs: 0,
      });
      return true;
    }
    const timeoutMs = Math.min(claim.directive.timeoutMs, ATTEMPT_LIMIT_MS);
    const deps: AttemptDeps = {
      ...this.#deps,
      coordinator: this.#deps.coordinatorOf(identity),
      governing: this.#deps.governingOf(identity, claim.directive.assembly),
    };
    const executionId = held.executionId ?? ulidId("EXE", startedAt);
    const request = { runId: identity.runId, bead: claim, executionId, lease: this.#leaseOf(claim), timeoutMs, signal };
    const { result, ...end } = await makeAttempt(deps, request);
    if (result === null) {
      const calls = store.modelCalls(end.executionId);
      store.discard(claim);
      this.#log(
        "operative.attempt",
        "refused",
        startedAt,
        identity,
        { bead: claim.beadId, execution: end.executionId },
        { epoch: claim.epoch, code: "STALE_EPOCH", modelCalls: calls.length },
      );
      return false;
    }
    this.#conclude(identity, held, startedAt, { ...end, result });
    return true;
  }

  /** A lease counts as fresh once: whoever comes back to it later asks. */
  #leaseOf(claim: ClaimedBead): "fresh" | "ask" {
    const given = this.#given.delete(leaseKey(claim));
    return given && claim.leaseUntil - this.#deps.now() >= FRESH_LEASE_MS ? "fresh" : "ask";
  }

  #conclude(identity: OperativeIdentity, held: HeldBead, startedAt: number, end: AttemptEnd & Pick<BeadOutcome, "result">): void {
    const { store, now } = this.#deps;
    const { beadId, epoch, attempt, cycle } = held.claim;
    const { executionId, result } = end;
    const durationMs = now() - (held.startedAt ?? startedAt);
    const outcome = store.conclude(executionId, { ...end, result, durationMs });
    const ids = { bead: beadId, execution: executionId };
    const account = { toolCalls: outcome?.toolCalls, modelCalls: outcome?.modelCalls.length, autonomy: outcome?.autonomy };
    const fields = { epoch, attempt, cycle, stored: outcome !== null, ...account, ...resultFields(result) };
    this.#log("operative.attempt", result.kind === "failure" ? "failed" : "ok", startedAt, identity, ids, fields);
  }

  #log(
    op: string,
    outcome: Outcome,
    startedAt: number,
    { org, runId, slot }: OperativeIdentity,
    ids: { readonly [kind: string]: string },
    fields: { readonly [key: string]: unknown },
  ): void {
    this.#deps.log.event({ op, outcome, durationMs: this.#deps.now() - startedAt, ids: { org, run: runId, slot: String(slot), ...ids }, fields });
  }
}

function leaseKey({ beadId, epoch }: Pick<ClaimedBead, "beadId" | "epoch">): string {
  return `${beadId}:${epoch}`;
}

/** An outcome that came back without a verdict is sent again after a pause, not in a circle. */
function requireVerdicts(sent: readonly BeadOutcome[], left: readonly BeadOutcome[]): void {
  const unanswered = sent.filter(({ effectId }) => left.some((other) => other.effectId === effectId));
  if (unanswered.length > 0) throw new RetryableError(`The coordinator gave no verdict on ${unanswered.map(({ beadId }) => beadId).join(", ")}.`);
}

/** What the log says of a result. */
function resultFields(result: BeadOutcome["result"]): { readonly [key: string]: unknown } {
  switch (result.kind) {
    case "task":
      return { status: result.task.status, files: result.changeSet.length };
    case "suggest":
      return { waitsFor: result.reason };
    case "failure":
      return { failureClass: result.failureClass, code: result.code, message: result.message };
    default:
      return result satisfies never;
  }
}

/** Denials of an execution that a restart interrupted, from their records. */
function deniedBefore(store: OperativeStore, executionId: string): BeadOutcome["consentDenials"] {
  return store
    .consents(executionId)
    .filter(({ verdict }) => verdict === "denied")
    .map(({ beadId, runId, toolName, inputHash, permittedTools, epoch }) => ({
      beadId,
      runId,
      toolName,
      inputHash,
      permittedTools: [...permittedTools],
      reason: `the tool ${toolName} is not among those permitted and granted`,
      epoch,
    }));
}
