/** What becomes of an outcome: answered from the record, refused as stale, settled at once, or checked and then settled. */
import { ERRORS } from "@factory/schemas";
import type { BeadOutcome, BeadVerdict } from "@factory/schemas/rpc";
import { askToBegin } from "./approvals.ts";
import { ungoverned } from "./autonomy.ts";
import type { RunContext } from "./context.ts";
import { reportExecution } from "./evidence.ts";
import { CONFLICT } from "./feedback.ts";
import type { Bead, Run } from "./run-store.ts";
import { settleBlocked, settleBreach, settleChecked, settleFailure, settleQuality, settleQuestion, verdictOf } from "./settling.ts";
import type { Verification } from "./verification.ts";

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
  reportExecution(context, run, bead, outcome);
  if (!isCurrent(bead, outcome.epoch) || bead.slot !== slot) return settled(context, outcome.effectId, staleVerdict(bead, outcome.epoch));
  const verdict = verdictAtOnce(context, run, bead, outcome);
  return verdict === null ? { kind: "check", effectId: outcome.effectId } : settled(context, outcome.effectId, verdict);
}

/** The verdict on everything that needs no check; null for a change set that does. */
function verdictAtOnce(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome): BeadVerdict | null {
  const { result } = outcome;
  const breach = ungoverned(outcome, context.approvals.live(bead.beadId, "start") !== null);
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
  if (verification.kind === "checked" && verification.onTree !== run.treeDigest) return null;
  return record(context, effectId, verdictOnChecks(context, run, bead, outcome, verification));
}

function verdictOnChecks(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, verification: Verification): BeadVerdict {
  const fail = (failure: Parameters<typeof settleFailure>[4]): BeadVerdict => settleFailure(context, run, bead, outcome, failure);
  switch (verification.kind) {
    case "violation":
      return settleBreach(context, run, bead, outcome, { ...verification, code: "GOVERNANCE_VIOLATION" });
    case "conflict":
      return settleQuality(context, run, bead, outcome, { kind: "FAILURE", reason: CONFLICT, feedback: verification.reasons });
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

function isCurrent(bead: Bead, epoch: number): boolean {
  return bead.state === "LEASED" && bead.epoch === epoch;
}

function staleVerdict(bead: Bead, epoch: number): BeadVerdict {
  return { beadId: bead.beadId, epoch, accepted: false, state: bead.state, reason: ERRORS.STALE_EPOCH.message };
}

function record({ store }: RunContext, effectId: string, verdict: BeadVerdict): BeadVerdict {
  store.settleOutcome(effectId, verdict);
  return verdict;
}

function settled(context: RunContext, effectId: string, verdict: BeadVerdict): Received {
  return { kind: "verdict", verdict: record(context, effectId, verdict) };
}
