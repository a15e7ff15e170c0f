/** What becomes of an outcome: answered from the record, refused as stale, settled at once, or checked and then settled. */
import { fullJitterMs } from "@factory/durable";
import type { BackoffPolicy } from "@factory/durable";
import { ERRORS, ulidId } from "@factory/schemas";
import type { BeadState, ErrorCode } from "@factory/schemas";
import type { BeadOutcome, BeadVerdict, FailureClass } from "@factory/schemas/rpc";
import { allPassed } from "@factory/verification";
import type { CheckResult } from "@factory/verification";
import type { Outcome } from "@factory/loop-closure";
import type { RunContext } from "./context.ts";
import { firingsOf, recordChecks, recordEnding, reportFidelity, summaryOf } from "./evidence.ts";
import type { Ending } from "./evidence.ts";
import type { Bead, Run } from "./run-store.ts";
import { agentOf, moveBead } from "./transitions.ts";
import type { Verification } from "./verification.ts";

/** Failures in a row that say nothing of the code, after which a person has to look: about an hour under the back-off. */
export const MAX_FAULTS = 20;
/** Wait after a failure of infrastructure or provider, in milliseconds; the wait doubles up to five minutes. */
const FAULT_BACKOFF: BackoffPolicy = { baseMs: 1_000, capMs: 5 * 60_000 };
/** Lines of feedback an operative is given, and code units of each. */
const MAX_FEEDBACK = 24;
const MAX_FEEDBACK_CHARS = 800;

/** What to do with an outcome that has arrived. */
export type Received = { readonly kind: "verdict"; readonly verdict: BeadVerdict } | { readonly kind: "check"; readonly effectId: string };

/**
 * Takes an outcome in. A known effect id is answered from the record; an epoch that is not current is recorded and changes
 * nothing; everything but COMPLETE is settled here.
 *
 * @throws Error for a bead the run does not have: the caller has checked.
 */
export function receiveOutcome(context: RunContext, run: Run, slot: number, outcome: BeadOutcome): Received {
  const { store } = context;
  const known = store.outcome(outcome.effectId);
  if (known !== null) return known.verdict === null ? { kind: "check", effectId: outcome.effectId } : { kind: "verdict", verdict: known.verdict };
  const bead = store.bead(outcome.beadId);
  if (bead === null) throw new Error(`${outcome.beadId} is not in the run.`);
  store.insertOutcome(outcome);
  reportExecution(context, run, outcome);
  if (!isCurrent(bead, outcome.epoch) || bead.slot !== slot) return settled(context, outcome.effectId, staleVerdict(bead, outcome.epoch));
  const { result } = outcome;
  if (result.kind === "failure")
    return settled(context, outcome.effectId, settleFailure(context, run, bead, outcome, result.failureClass, result.code, result.message));
  switch (result.task.status) {
    case "COMPLETE":
      return { kind: "check", effectId: outcome.effectId };
    case "BLOCKED":
      return settled(context, outcome.effectId, settleBlocked(context, run, bead, outcome, result.task.blockers, result.task.reasoning));
    case "NEEDS_CLARIFICATION":
      return settled(context, outcome.effectId, settleQuestion(context, run, bead, outcome, result.task.clarificationNeeded ?? result.task.reasoning));
    default:
      return result.task.status satisfies never;
  }
}

/**
 * Commits what checking found. Null when the tree has moved since: the candidate has to be checked again on the new one.
 */
export function settleVerified(context: RunContext, run: Run, effectId: string, verification: Verification): BeadVerdict | null {
  const { store } = context;
  const row = store.outcome(effectId);
  if (row === null) throw new Error(`The outcome ${effectId} was never received.`);
  if (row.verdict !== null) return row.verdict;
  const { outcome } = row;
  const bead = store.bead(outcome.beadId);
  if (bead === null) throw new Error(`${outcome.beadId} is not in the run.`);
  if (!isCurrent(bead, outcome.epoch)) return record(context, effectId, staleVerdict(bead, outcome.epoch));
  switch (verification.kind) {
    case "violation":
      return record(context, effectId, settleFailure(context, run, bead, outcome, "governance", "GOVERNANCE_VIOLATION", verification.reason));
    case "conflict":
      return record(
        context,
        effectId,
        settleQuality(context, run, bead, outcome, "FAILURE", "The change set does not fit the run tree any more.", verification.reasons),
      );
    case "infrastructure":
      return record(
        context,
        effectId,
        settleFailure(context, run, bead, outcome, "infrastructure", "UNAVAILABLE", `The checks could not be run: ${verification.message}`),
      );
    case "checked":
      if (verification.onTree !== run.treeDigest) return null;
      return record(context, effectId, settleChecked(context, run, bead, outcome, verification));
    default:
      return verification satisfies never;
  }
}

/** Takes a lease that ended without a result as a fault of the infrastructure, up to the bound. */
export function faultBead(
  context: RunContext,
  run: Run,
  bead: Bead,
  why: { readonly code: ErrorCode; readonly message: string; readonly rescued?: boolean },
  reported: BeadOutcome | null,
): BeadState {
  const faults = bead.faults + 1;
  const exhausted = faults >= MAX_FAULTS || ERRORS[why.code].retry === "never";
  recordEnding(context, run, bead, { ...endingOf("INFRASTRUCTURE", exhausted, why.message, reported), blockers: exhausted ? [why.message] : [] });
  const reason = { reason: why.message, errorCode: why.code, ...(why.rescued === true ? { rescued: true } : {}) };
  if (exhausted) return moveBead(context, run, bead, "FAILED", reason, { epoch: why.rescued === true ? bead.epoch + 1 : bead.epoch, faults }).state;
  // An expired lease is dispatched at once: its holder is gone, and another one need not wait for it.
  const waitMs = why.rescued === true ? 0 : Math.max(FAULT_BACKOFF.baseMs / 2, fullJitterMs(faults, FAULT_BACKOFF, context.random));
  return moveBead(context, run, bead, "READY", reason, { epoch: why.rescued === true ? bead.epoch + 1 : bead.epoch, faults, notBefore: context.now() + waitMs })
    .state;
}

/** Takes expired leases back: the beads are READY again under the next epoch, and nothing their holders still send counts. */
export function rescueExpired(context: RunContext, run: Run): number {
  const expired = context.store.expiredBeads(context.now());
  for (const bead of expired) {
    faultBead(context, run, bead, { code: "UNAVAILABLE", message: `The lease of ${agentOf(bead.slot) ?? "nobody"} expired.`, rescued: true }, null);
  }
  return expired.length;
}

function settleChecked(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, verification: Extract<Verification, { kind: "checked" }>): BeadVerdict {
  const { tree, written, results, unexercised } = verification;
  if (!allPassed(results)) return settleQuality(context, run, bead, outcome, "FAILURE", failureText(results), feedbackOf(results), verification);
  context.store.writeTree(tree, written, bead.beadId);
  const merged = context.store.requireRun();
  const checks = recordChecks(context, merged, bead, merged.treeDigest, results);
  const summary = outcome.result.kind === "task" ? outcome.result.task.reasoning : "";
  const { traceId } = recordEnding(context, merged, bead, { ...endingOf("SUCCESS", false, summary, outcome), checks });
  reportFidelity(context, merged, bead, traceId, { results, unexercised, checkMs: verification.checkMs + outcome.checkMs });
  const done = moveBead(context, merged, bead, "DONE", { reason: `${results.length} required checks passed on the merged tree.` }, { faults: 0, feedback: [] });
  return verdictOf(done, outcome.epoch, "The required checks passed.");
}

/** A result that is not good enough: another attempt with feedback, or FAILED when none is left. */
function settleQuality(
  context: RunContext,
  run: Run,
  bead: Bead,
  outcome: BeadOutcome,
  kind: Extract<Outcome, "FAILURE" | "TIMEOUT">,
  reason: string,
  feedback: readonly string[],
  checked?: Extract<Verification, { kind: "checked" }>,
): BeadVerdict {
  const { maxAttempts, backoffMs } = bead.directive.retryPolicy;
  const attempts = bead.attempts + 1;
  const exhausted = attempts >= maxAttempts;
  const checks = checked === undefined ? [] : recordChecks(context, run, bead, checked.onTree, checked.results);
  const { traceId } = recordEnding(context, run, bead, {
    ...endingOf(kind, exhausted, reason, outcome),
    checks,
    firings: firingsOf(checked?.results ?? []),
    blockers: checked === undefined ? feedback : [],
  });
  if (checked !== undefined) reportFidelity(context, run, bead, traceId, { ...checked, checkMs: checked.checkMs + outcome.checkMs });
  const patch = { attempts, faults: 0, feedback: boundedFeedback([reason, ...feedback]) };
  const next = exhausted
    ? moveBead(context, run, bead, "FAILED", { reason, errorCode: kind === "TIMEOUT" ? "DEADLINE_EXCEEDED" : "GATE_REFUSED" }, patch)
    : moveBead(context, run, bead, "READY", { reason }, { ...patch, notBefore: context.now() + backoffMs });
  return verdictOf(next, outcome.epoch, reason);
}

function settleFailure(
  context: RunContext,
  run: Run,
  bead: Bead,
  outcome: BeadOutcome,
  failureClass: FailureClass,
  code: ErrorCode,
  message: string,
): BeadVerdict {
  switch (failureClass) {
    case "infrastructure":
    case "provider": {
      const state = faultBead(context, run, bead, { code, message }, outcome);
      return { beadId: bead.beadId, epoch: outcome.epoch, accepted: true, state, reason: message };
    }
    case "quality":
      return settleQuality(context, run, bead, outcome, "FAILURE", message, []);
    case "timeout":
      return settleQuality(context, run, bead, outcome, "TIMEOUT", message, []);
    case "governance": {
      recordEnding(context, run, bead, { ...endingOf("GOVERNANCE", true, message, outcome), blockers: [message] });
      return verdictOf(moveBead(context, run, bead, "FAILED", { reason: message, errorCode: code }), outcome.epoch, message);
    }
    default:
      return failureClass satisfies never;
  }
}

/** The operative has no way: the same directive gives the same answer again, so no further attempt is spent on it. */
function settleBlocked(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, blockers: readonly string[], reasoning: string): BeadVerdict {
  const reason = blockers.join("; ") || reasoning || "The operative is blocked and gave no reason.";
  recordEnding(context, run, bead, { ...endingOf("BLOCKED", true, reasoning, outcome), blockers: blockers.length > 0 ? blockers : [reason] });
  return verdictOf(
    moveBead(context, run, bead, "FAILED", { reason, errorCode: "CANDIDATES_EXHAUSTED" }, { attempts: bead.attempts + 1 }),
    outcome.epoch,
    reason,
  );
}

function settleQuestion(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, question: string): BeadVerdict {
  const clarificationId = ulidId("CLR", context.now());
  const waiting = moveBead(context, run, bead, "WAITING", { reason: `It asks: ${question}` }, { clarificationId, question, answer: null });
  context.ledger.event(run.runId, "CLARIFICATION_REQUESTED", { clarificationId, beadId: bead.beadId, question });
  context.ledger.report(`run:${clarificationId}`, { outcome: "clarification", clarificationId, beadId: bead.beadId, title: bead.title, question });
  return verdictOf(waiting, outcome.epoch, "It waits for an answer.");
}

/** Calls and denials are facts whatever becomes of the outcome; a run that is over tells nothing more. */
function reportExecution({ store, ledger }: RunContext, run: Run, outcome: BeadOutcome): void {
  store.countModelCalls(outcome.modelCalls);
  if (run.status !== "open") return;
  for (const call of outcome.modelCalls) ledger.event(run.runId, "MODEL_CALLED", call);
  for (const denial of outcome.consentDenials) ledger.event(run.runId, "CONSENT_BEAD_DENIED", denial);
}

function endingOf(outcome: Outcome, exhausted: boolean, summary: string, reported: BeadOutcome | null): Ending {
  return { outcome, exhausted, summary, blockers: [], checks: [], firings: [], reported, fromOutcomeBead: false };
}

function failureText(results: readonly CheckResult[]): string {
  const failed = results.filter(({ ok }) => !ok);
  return results.length === 0
    ? "No check was executed."
    : `${failed.length} of ${results.length} required checks failed: ${failed.map(({ label }) => label).join(", ")}.`;
}

/** What the next attempt reads. Hidden examples are in no bead's checks; a result of one would still be left out. */
function feedbackOf(results: readonly CheckResult[]): string[] {
  const failed = results.filter(({ ok, holdout }) => !ok && !holdout);
  const lines: string[] = [];
  for (const result of failed) {
    lines.push(summaryOf(result));
    for (const problem of result.problems.slice(1)) lines.push(`${result.label}: ${problem}`);
  }
  return lines;
}

function boundedFeedback(lines: readonly string[]): string[] {
  const shown = lines.slice(0, MAX_FEEDBACK).map((line) => (line.length <= MAX_FEEDBACK_CHARS ? line : `${line.slice(0, MAX_FEEDBACK_CHARS)} [cut]`));
  return lines.length <= MAX_FEEDBACK ? shown : [...shown, `and ${lines.length - MAX_FEEDBACK} more`];
}

function isCurrent(bead: Bead, epoch: number): boolean {
  return bead.state === "LEASED" && bead.epoch === epoch;
}

function staleVerdict(bead: Bead, epoch: number): BeadVerdict {
  return { beadId: bead.beadId, epoch, accepted: false, state: bead.state, reason: ERRORS.STALE_EPOCH.message };
}

function verdictOf(bead: Bead, epoch: number, reason: string): BeadVerdict {
  return { beadId: bead.beadId, epoch, accepted: true, state: bead.state, reason };
}

function record({ store }: RunContext, effectId: string, verdict: BeadVerdict): BeadVerdict {
  store.settleOutcome(effectId, verdict);
  return verdict;
}

function settled(context: RunContext, effectId: string, verdict: BeadVerdict): Received {
  return { kind: "verdict", verdict: record(context, effectId, verdict) };
}
