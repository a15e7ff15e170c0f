/** Decisions of the We-layer on a session's reviews: which signal fits which matter, and what each becomes. */
import { refuse } from "@factory/schemas";
import type { ReviewDecision, Result, SessionState, SignalType } from "@factory/schemas";
import type { Disposition } from "@factory/schemas/rpc";
import type { SessionContext } from "./context.ts";
import type { Giver } from "./receipts.ts";
import type { ApprovalRow, ReviewSubject } from "./session-store.ts";
import { castVote, decidable } from "./votes.ts";

type Matter = ReviewSubject["matter"];

/** Matters in which a note is an instruction for another attempt. */
const INSTRUCTED: ReadonlySet<Matter> = new Set(["divergence", "pass", "semantic-review", "uncertainty", "clarification", "autonomy"]);
/** Matters of how a run may work. */
const CONFIGURED: ReadonlySet<Matter> = new Set(["budget", "clearance"]);

/** Which matters a signal answers. */
const ANSWERS: { readonly [S in SignalType]: (matter: Matter) => boolean } = {
  CommissioningSignal: (matter) => matter === "approval",
  ResumeSignal: (matter) => matter !== "approval",
  PatchAuthSignal: (matter) => INSTRUCTED.has(matter),
  PipelineConfigAuthSignal: (matter) => CONFIGURED.has(matter),
  OverrideSignal: () => true,
};

/**
 * Takes a disposition in the caller's transaction. One that was taken changes nothing when it comes again. Refuses NOT_FOUND,
 * REVIEW_CLOSED, ACTION_DIGEST_MISMATCH, APPROVER_REPEATED, FAILED_PRECONDITION for a signal that does not fit the matter,
 * ALREADY_EXISTS for another decision under the same event, and what {@link castVote} refuses.
 */
export function takeDisposition(context: SessionContext, disposition: Disposition): Result<{ state: SessionState }> {
  const { store } = context;
  const session = store.session();
  if (session === null || session.org !== disposition.org) return refuse("NOT_FOUND");
  const taken = store.approvalOfDisposition(disposition.dispositionEventId);
  if (taken !== null) {
    return isSame(taken, disposition)
      ? { ok: true, state: session.state }
      : refuse("ALREADY_EXISTS", `${disposition.dispositionEventId} has decided something else in this session.`);
  }
  const giver = giverOf(disposition);
  if (giver === null)
    return refuse("INVALID_ARGUMENT", disposition.override ? "An override needs two people." : "A disposition is the decision of one person.");
  const found = decidable(context, disposition);
  if (!found.ok) return found;
  const { matter } = found.review.subject;
  const { signal } = disposition;
  if (signal !== undefined && !ANSWERS[signal](matter)) {
    return refuse("FAILED_PRECONDITION", `A ${signal} does not answer a review of matter "${matter}".`);
  }
  return castVote(context, found.review, { decision: decisionOn(matter, disposition), note: disposition.note.trim(), giver });
}

/** An override goes through also where there is nothing to instruct: it approves. */
function decisionOn(matter: Matter, { decision, override }: Disposition): ReviewDecision {
  const instructable = matter === "approval" || INSTRUCTED.has(matter);
  return override && decision === "amended" && !instructable ? "approved" : decision;
}

/** Who decided; null unless it is one person, or two and more where they override. */
function giverOf({ approvers, override, policy, dispositionEventId, elucidationArtifactId }: Disposition): Giver | null {
  const [first] = approvers;
  const people = new Set(approvers.map(({ person }) => person));
  if (first === undefined || people.size !== approvers.length || (override ? people.size < 2 : people.size !== 1)) return null;
  return {
    approver: override ? approvers.map(({ id }) => id).join(" and ") : first.id,
    person: first.person,
    approvers: override ? approvers : null,
    policy,
    dispositionEventId,
    elucidationId: elucidationArtifactId,
  };
}

function isSame(taken: ApprovalRow, disposition: Disposition): boolean {
  const { reviewId, actionDigest, note, elucidationArtifactId, approvers } = disposition;
  const people = taken.approvers ?? [{ id: taken.approver, person: taken.person }];
  return (
    taken.reviewId === reviewId &&
    taken.actionDigest === actionDigest &&
    (taken.decision === disposition.decision || disposition.override) &&
    taken.reason === note.trim() &&
    taken.elucidationId === elucidationArtifactId &&
    people.length === approvers.length &&
    people.every(({ id, person }, index) => approvers[index]?.id === id && approvers[index]?.person === person)
  );
}
