/**
 * Change sets that a person has approved. The coordinator leases such a bead itself and checks the stored change set again
 * on the present tree: a person decided on this very change set, so the knowing-state is not asked again.
 */
import { allPassed } from "@factory/verification";
import type { BeadOutcome } from "@factory/schemas/rpc";
import type { RunContext } from "./context.ts";
import { endingOf, recordEnding } from "./evidence.ts";
import { CONFLICT, boundedFeedback } from "./feedback.ts";
import { leaseBead } from "./leases.ts";
import { conflictLines } from "./merge-material.ts";
import { mayMergeAgain, supersedeByMerge } from "./merging.ts";
import { COORDINATOR_SLOT } from "./store/bead-store.ts";
import type { Bead } from "./store/bead-store.ts";
import type { Run } from "./store/run-store.ts";
import { faultBead, mergeChecked, settleBreach, settleFailedChecks } from "./settling.ts";
import { moveBead } from "./transitions.ts";
import type { Verification } from "./verification.ts";

/** An approved change set in the coordinator's hands. */
export type Approved = { readonly bead: Bead; readonly outcome: BeadOutcome };

/**
 * The next bead whose approved change set is to be applied now; null when there is none. What the dispatch gate holds back
 * is not begun; what is begun goes on.
 */
export function nextApproved({ store, approvals, gate, now }: RunContext, run: Run): Bead | null {
  const beadId = run.status === "open" ? approvals.nextToApply(now(), gate.isOpen(run)) : null;
  return beadId === null ? null : store.beads.get(beadId);
}

/** The next approved change set, its bead leased to the coordinator; null when there is none. */
export function takeApproved(context: RunContext, run: Run): Approved | null {
  const { store, approvals } = context;
  const bead = nextApproved(context, run);
  const leave = bead === null ? null : approvals.live(bead.beadId, "apply");
  if (bead === null || leave === null) return null;
  return { bead: bead.state === "LEASED" ? bead : leaseBead(context, run, bead, COORDINATOR_SLOT), outcome: store.outcomes.require(leave.effectId) };
}

/**
 * Commits what checking an approved change set found, unless the bead's epoch was closed meanwhile.
 *
 * @returns false when the tree has moved since: it has to be checked again on the new one
 */
export function settleApproved(context: RunContext, run: Run, { bead: taken, outcome }: Approved, verification: Verification): boolean {
  const bead = context.store.beads.get(taken.beadId);
  if (bead === null || bead.state !== "LEASED" || bead.epoch !== taken.epoch) return true;
  if ("seen" in verification && context.store.tree.movedSince(verification.seen)) return false;
  // What cannot be checked now stays approved; every other end uses the leave up.
  if (verification.kind !== "infrastructure") context.approvals.close(bead.beadId, "apply");
  switch (verification.kind) {
    case "checked":
      if (allPassed(verification.results)) mergeChecked(context, bead, outcome, verification);
      else settleFailedChecks(context, run, bead, outcome, verification);
      break;
    case "misfit":
      beginAgain(context, run, bead, outcome, verification.reasons);
      break;
    case "conflict":
      if (mayMergeAgain(context, bead.beadId)) supersedeByMerge(context, run, bead, outcome, verification.files);
      else beginAgain(context, run, bead, outcome, conflictLines(verification.files));
      break;
    case "violation":
      settleBreach(context, run, bead, outcome, { ...verification, code: "GOVERNANCE_VIOLATION" });
      break;
    case "infrastructure":
      faultBead(context, run, bead, { code: "UNAVAILABLE", message: verification.message }, outcome);
      break;
    case "stale":
      throw new Error(`${bead.beadId} was approved by a person and was compared with the knowing-state all the same.`);
    default:
      verification satisfies never;
  }
  return true;
}

/** Peers changed the same files while a person thought: that is no fault of the attempt, so none is burnt. */
function beginAgain(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, reasons: readonly string[]): void {
  recordEnding(context, run, bead, { ...endingOf("FAILURE", false, CONFLICT, outcome), blockers: reasons });
  moveBead(context, run, bead, "READY", { reason: CONFLICT }, { faults: 0, feedback: boundedFeedback([CONFLICT, ...reasons]) });
}
