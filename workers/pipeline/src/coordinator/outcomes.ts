/** What becomes of an outcome: answered from the record, refused as stale, settled at once, or checked and then settled. */
import { ERRORS } from "@factory/schemas";
import type { BeadOutcome, BeadVerdict } from "@factory/schemas/rpc";
import { askToBegin } from "./approvals.ts";
import { settleOutcome } from "./budget.ts";
import { ungoverned } from "./autonomy.ts";
import type { RunContext } from "./context.ts";
import { reportExecution } from "./evidence.ts";
import { CONFLICT } from "./feedback.ts";
import { conflictLines } from "./merge-material.ts";
import type { MergeFile } from "./merge-material.ts";
import { mayMergeAgain, supersedeByMerge } from "./merging.ts";
import type { Bead } from "./store/bead-store.ts";
import type { Run } from "./store/run-store.ts";
import { settleBlocked, settleBreach, settleChecked, settleFailure, settleQuality, settleQuestion, verdictOf } from "./settling.ts";
import type { Verification } from "./verification.ts";

/** What to do with an outcome that has arrived. */
export type Received = { readonly kind: "verdict"; readonly verdict: BeadVerdict } | { readonly kind: "check" };

/** Whether checks have to run before the outcome can be settled. Reads only: they run before anything of it is written. */
export function needsCheck({ store, approvals }: RunContext, slot: number, outcome: BeadOutcome): boolean {
  const known = store.outcomes.verdict(outcome);
  if (known !== undefined) return known === null;
  const bead = store.beads.get(outcome.beadId);
  if (bead === null || !isCurrent(bead, outcome.epoch) || bead.slot !== slot) return false;
  if (outcome.result.kind !== "task" || outcome.result.task.status !== "COMPLETE") return false;
  return ungoverned(outcome, hasLeave(approvals, outcome)) === null;
}

/**
 * Takes an outcome in. A known effect id is answered from the record; an epoch that is not current is recorded and changes
 * nothing; everything but COMPLETE is settled here.
 *
 * @throws Error for a bead the run does not have: the caller has checked.
 */
export function receiveOutcome(context: RunContext, run: Run, slot: number, outcome: BeadOutcome): Received {
  const { store } = context;
  const bead = store.beads.get(outcome.beadId);
  if (bead === null) throw new Error(`${outcome.beadId} is not in the run.`);
  if (!store.outcomes.insert(outcome)) {
    const verdict = store.outcomes.verdict(outcome) ?? null;
    return verdict === null ? { kind: "check" } : { kind: "verdict", verdict };
  }
  reportExecution(context, run, bead, outcome);
  if (!isCurrent(bead, outcome.epoch) || bead.slot !== slot) return settled(context, outcome.effectId, staleVerdict(bead, outcome.epoch));
  const verdict = verdictAtOnce(context, run, settleOutcome(context, bead, outcome), outcome);
  return verdict === null ? { kind: "check" } : settled(context, outcome.effectId, verdict);
}

/** Whether a person let the bead begin; of no meaning, and not looked for, where its agent needed no leave. */
function hasLeave(approvals: RunContext["approvals"], { beadId, autonomy }: BeadOutcome): boolean {
  return autonomy === "SUGGEST" && approvals.live(beadId, "start") !== null;
}

/** The verdict on everything that needs no check; null for a change set that does. */
function verdictAtOnce(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome): BeadVerdict | null {
  const { result } = outcome;
  const breach = ungoverned(outcome, hasLeave(context.approvals, outcome));
  if (breach !== null) return settleBreach(context, run, bead, outcome, { code: "GOVERNANCE_VIOLATION", reason: breach, paths: [] });
  switch (result.kind) {
    case "failure":
      return settleFailure(context, run, bead, outcome, result);
    case "suggest":
      return verdictOf(askToBegin(context, run, bead, outcome, result.reason), outcome.epoch, "It waits for a person's leave to begin.");
    case "task":
      break;
    default:
      return result satisfies never;
  }
  const { task } = result;
  switch (task.status) {
    case "COMPLETE":
      return null;
    case "BLOCKED":
      return settleBlocked(context, run, bead, outcome, task.blockers, task.reasoning);
    case "NEEDS_CLARIFICATION":
      return settleQuestion(context, run, bead, outcome, task.clarificationNeeded ?? task.reasoning);
    default:
      return task.status satisfies never;
  }
}

/**
 * Commits what checking found of an outcome that has just been taken in and has no verdict. Null when what the checks saw
 * has moved since: the candidate has to be checked again.
 *
 * @throws Error for a bead the run does not have: the caller has checked.
 */
export function settleVerified(context: RunContext, run: Run, outcome: BeadOutcome, verification: Verification): BeadVerdict | null {
  const { store } = context;
  const { effectId } = outcome;
  const bead = store.beads.get(outcome.beadId);
  if (bead === null) throw new Error(`${outcome.beadId} is not in the run.`);
  if (!isCurrent(bead, outcome.epoch)) return record(context, effectId, staleVerdict(bead, outcome.epoch));
  if ("seen" in verification && store.tree.movedSince(verification.seen)) return null;
  return record(context, effectId, verdictOnChecks(context, run, bead, outcome, verification));
}

function verdictOnChecks(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, verification: Verification): BeadVerdict {
  const fail = (failure: Parameters<typeof settleFailure>[4]): BeadVerdict => settleFailure(context, run, bead, outcome, failure);
  switch (verification.kind) {
    case "violation":
      return settleBreach(context, run, bead, outcome, { ...verification, code: "GOVERNANCE_VIOLATION" });
    case "misfit":
      return settleQuality(context, run, bead, outcome, { kind: "FAILURE", reason: CONFLICT, feedback: verification.reasons, peers: true });
    case "conflict":
      return settleConflict(context, run, bead, outcome, verification.files);
    case "infrastructure":
      return fail({ failureClass: "infrastructure", code: "UNAVAILABLE", message: verification.message });
    case "stale":
      return fail({ failureClass: "stale", code: "STALE_TARGET", message: verification.reason });
    case "checked":
      return settleChecked(context, run, bead, outcome, verification);
    default:
      return verification satisfies never;
  }
}

/** A merge bead takes its place; one that has been merged too often is a result that does not fit, like any other. */
function settleConflict(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, files: readonly MergeFile[]): BeadVerdict {
  if (mayMergeAgain(context, bead.beadId)) return supersedeByMerge(context, run, bead, outcome, files);
  return settleQuality(context, run, bead, outcome, { kind: "FAILURE", reason: CONFLICT, feedback: conflictLines(files), peers: true });
}

function isCurrent(bead: Bead, epoch: number): boolean {
  return bead.state === "LEASED" && bead.epoch === epoch;
}

function staleVerdict(bead: Bead, epoch: number): BeadVerdict {
  return { beadId: bead.beadId, epoch, accepted: false, state: bead.state, reason: ERRORS.STALE_EPOCH.message };
}

function record({ store }: RunContext, effectId: string, verdict: BeadVerdict): BeadVerdict {
  store.outcomes.settle(effectId, verdict);
  return verdict;
}

function settled(context: RunContext, effectId: string, verdict: BeadVerdict): Received {
  return { kind: "verdict", verdict: record(context, effectId, verdict) };
}
