/**
 * A person's leave for a bead whose agent may not act alone: that it begins, or that its change set is applied. The bead
 * waits without a lease, and a decision counts once and only while the bead still waits for it.
 */
import type { OutcomeCheck } from "@factory/factory-graph";
import { digestOf, refuse, ulidId } from "@factory/schemas";
import type { ChangeEntry, Result, ReviewDecision, Tree } from "@factory/schemas";
import type { ApprovalStage, BeadDecision, BeadOutcome } from "@factory/schemas/rpc";
import { applyChangeSet } from "@factory/workspace";
import type { Approval } from "./store/approval-store.ts";
import { BROUGHT_IN, mayApply, whyItWaits } from "./autonomy.ts";
import type { RunContext } from "./context.ts";
import { endingOf, recordEnding } from "./evidence.ts";
import { leaseBead } from "./leases.ts";
import { COORDINATOR_SLOT } from "./store/bead-store.ts";
import type { Bead } from "./store/bead-store.ts";
import type { Run } from "./store/run-store.ts";
import { moveBead } from "./transitions.ts";

/** Asks whether a bead may begin of which nothing has run. No attempt is burnt. */
export function askToBegin(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, reason: string): Bead {
  return ask(context, run, bead, outcome, { stage: "start", subjectDigest: digestOf(bead.directive), reason, changes: [], checks: [] });
}

/** Asks whether a change set may be applied that has passed its checks. */
export function askToApply(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, checks: readonly OutcomeCheck[]): Bead {
  const changeSet = outcome.result.kind === "task" ? outcome.result.changeSet : [];
  return ask(context, run, bead, outcome, {
    stage: "apply",
    subjectDigest: digestOf(changeSet),
    reason: mayApply(outcome.autonomy) ? BROUGHT_IN : whyItWaits(bead.role, outcome.autonomy ?? "SUGGEST"),
    changes: changeSet,
    checks,
  });
}

type Question = {
  readonly stage: ApprovalStage;
  readonly subjectDigest: string;
  readonly reason: string;
  readonly changes: readonly ChangeEntry[];
  readonly checks: readonly OutcomeCheck[];
};

function ask(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, { stage, subjectDigest, reason, changes, checks }: Question): Bead {
  const { approvals, ledger, now } = context;
  const { beadId, title, role } = bead;
  const requestId = ulidId("APR", now());
  // A leave that did not suffice is used up: who asks again has asked for something else.
  approvals.close(beadId, stage);
  approvals.add({ requestId, beadId, stage, effectId: outcome.effectId, subjectDigest, checks }, now());
  ledger.report(`run:${requestId}`, {
    outcome: "approval",
    requestId,
    beadId,
    title,
    stage,
    role,
    autonomy: outcome.autonomy ?? "SUGGEST",
    reason,
    subjectDigest,
    changes,
    checks: checks.map(({ summary }) => summary),
  });
  return moveBead(context, run, bead, "WAITING", { reason: `It waits for a person. ${reason}` }, { faults: 0 });
}

/** Carries out a person's decision. The same again changes nothing; what is not asked any more is FAILED_PRECONDITION. */
export function decideBead(context: RunContext, decision: BeadDecision): Result {
  const run = context.store.run();
  const bead = context.store.beads.get(decision.beadId);
  const asked = context.approvals.get(decision.requestId);
  if (run === null || bead === null || asked === null || asked.beadId !== bead.beadId) return refuse("NOT_FOUND");
  if (asked.decision !== null) return asked.decision === decision.decision ? { ok: true } : refuse("FAILED_PRECONDITION", alreadyDecided(asked.decision));
  if (asked.closed || bead.state !== "WAITING") return refuse("FAILED_PRECONDITION", `${bead.beadId} does not wait for ${asked.requestId} any more.`);
  switch (decision.decision) {
    case "approved":
      grant(context, run, bead, asked, decision);
      return { ok: true };
    case "amended":
      amend(context, run, bead, asked, decision);
      return { ok: true };
    case "rejected":
      reject(context, run, bead, asked, decision);
      return { ok: true };
    default:
      return decision.decision satisfies never;
  }
}

const alreadyDecided = (decision: ReviewDecision): string => `It was ${decision} already.`;

/** READY with the leave: an operative begins, or the coordinator itself applies what was approved. */
function grant(context: RunContext, run: Run, bead: Bead, { requestId, stage }: Approval, decision: BeadDecision): void {
  context.approvals.decide(requestId, decision, false);
  const what = stage === "start" ? "let it begin" : "approved its change set";
  moveBead(context, run, bead, "READY", { reason: `${decision.decidedBy} ${what}.` });
}

/** READY with the note: it begins with it, or what was made is made again with it. */
function amend(context: RunContext, run: Run, bead: Bead, asked: Approval, decision: BeadDecision): void {
  const { requestId, stage } = asked;
  const what = stage === "start" ? "let it begin with an added instruction" : "asked for another change set";
  const reason = `${decision.decidedBy} ${what}: ${decision.note}`;
  context.approvals.decide(requestId, decision, stage === "apply");
  if (stage === "apply") {
    const { checks, effectId } = asked;
    recordEnding(context, run, bead, { ...endingOf("FAILURE", false, reason, context.store.outcomes.require(effectId)), checks });
  }
  moveBead(context, run, bead, "READY", { reason });
}

/** The run tree with the change set that was refused, where it still fits. */
function judgedTreeOf({ store }: RunContext, reported: BeadOutcome | null): { readonly judgedTree?: () => Tree } {
  if (reported?.result.kind !== "task") return {};
  const merged = applyChangeSet(store.tree.all(), reported.result.changeSet);
  return merged.ok ? { judgedTree: () => merged.tree } : {};
}

/** FAILED with a divergence. The coordinator leases the bead for it, since only work that is held can fail. */
function reject(context: RunContext, run: Run, bead: Bead, { requestId, stage, checks, effectId }: Approval, decision: BeadDecision): void {
  const { decidedBy } = decision;
  const note = decision.note.trim();
  const what = stage === "start" ? "that it begins" : "its change set";
  const reason = note === "" ? `${decidedBy} rejected ${what} and gave no reason.` : note;
  context.approvals.decide(requestId, decision, true);
  const ready = moveBead(context, run, bead, "READY", { reason: `${decidedBy} rejected ${what}.` });
  const held = leaseBead(context, run, ready, COORDINATOR_SLOT);
  // Of a start that was rejected nothing has run, so there is no execution to record anything under.
  const reported = stage === "start" ? null : context.store.outcomes.require(effectId);
  recordEnding(context, run, held, {
    ...endingOf("FAILURE", true, reason, reported),
    checks,
    rejection: reason,
    ...judgedTreeOf(context, reported),
  });
  moveBead(context, run, held, "FAILED", { reason: `${decidedBy} rejected ${what}: ${reason}`, errorCode: "GATE_REFUSED" });
}
