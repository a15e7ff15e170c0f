/** Receipts: the record that binds who decided to what exactly they decided, one for each vote. */
import { ulidId } from "@factory/schemas";
import type { ApprovalReceipt, ReviewDecision } from "@factory/schemas";
import type { DecisionRecord, Disposition } from "@factory/schemas/rpc";
import type { SessionContext } from "./context.ts";
import type { ApprovalRow, ReviewRow } from "./session-store.ts";

/** How long a vote counts, in milliseconds: a day. */
export const APPROVAL_TTL_MS = 24 * 60 * 60_000;

/** Who decided, and what it rests on. */
export type Giver = {
  readonly approver: string;
  /** Null for the platform. */
  readonly person: string | null;
  /** Everybody, where two people overrode; else null. */
  readonly approvers: Disposition["approvers"] | null;
  readonly policy: DecisionRecord | null;
  readonly dispositionEventId: string | null;
  readonly elucidationId: string | null;
};

/** A decision as it was given. */
export type Vote = { readonly decision: ReviewDecision; readonly note: string; readonly giver: Giver };

/** The receipt of the decision that is applied: a run that waits has asked under its id, and what rests on it names it. */
export function decidingReceiptId({ deps }: SessionContext, review: ReviewRow): string {
  return "requestId" in review.subject ? review.subject.requestId : ulidId("APR", deps.now());
}

/**
 * Stores a receipt and its node, in the caller's transaction.
 *
 * @param usedBy - the receipt whose answer is applied with it; null for a vote that waits for others
 */
export function recordReceipt(context: SessionContext, review: ReviewRow, vote: Vote, approvalId: string, usedBy: string | null): ApprovalRow {
  const { store, ledger, deps } = context;
  const { decision, note: reason, giver } = vote;
  const givenAt = deps.now();
  const expiresAt = giver.person === null ? null : givenAt + APPROVAL_TTL_MS;
  const { reviewId, actionDigest } = review;
  const row: ApprovalRow = { ...giver, approvalId, reviewId, actionDigest, decision, reason, givenAt, expiresAt, usedBy };
  store.addApproval(row);
  const subject = "artifactId" in review.subject ? review.subject.artifactId : store.artifactOfType("Signal")?.id;
  if (subject === undefined) throw new Error("A decision without a subject.");
  const node = { id: approvalId, type: "ApprovalReceipt", data: receiptOf(row, review, store.requireSession().org), parents: [subject] };
  ledger.artifact(node, [{ source: approvalId, rel: "source_ref", target: subject }]);
  return row;
}

/** What is not there is left out: a receipt says nothing of what nobody knew. */
function receiptOf(row: ApprovalRow, { action, subject }: ReviewRow, org: string): ApprovalReceipt {
  const { approvalId, reviewId, approver, person, approvers, actionDigest, decision, reason, expiresAt, policy, dispositionEventId, elucidationId } = row;
  return {
    approvalId,
    reviewId,
    approver,
    ...(person === null ? {} : { person }),
    ...(approvers === null ? {} : { approvers: [...approvers] }),
    decidedAt: new Date(row.givenAt).toISOString(),
    decision,
    reason,
    action,
    actionDigest,
    matter: subject.matter,
    org,
    ...(expiresAt === null ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
    ...(policy === null ? {} : { policy: { ...policy, policies: [...policy.policies] } }),
    ...(dispositionEventId === null ? {} : { dispositionEventId }),
    ...(elucidationId === null ? {} : { elucidationArtifactId: elucidationId }),
  };
}
