/**
 * Decisions as they are given: what a matter takes, whose vote counts, and how many it needs. People are told apart by who they
 * are and never by the credential they came with. One rejection decides; an approval is applied once enough people have given
 * the same one on the same action.
 */
import { refuse, ulidId } from "@factory/schemas";
import type { Refusal, Result, SessionState } from "@factory/schemas";
import type { Principal, SessionRpc } from "@factory/schemas/rpc";
import { newBudget } from "./budget-answers.ts";
import { clearedItems } from "./clearance-answers.ts";
import type { SessionContext } from "./context.ts";
import { decidingReceiptId, recordReceipt } from "./receipts.ts";
import type { Vote } from "./receipts.ts";
import { applyAnswer, AUTO_PRINCIPAL_ID, blockedReport, budgetReport } from "./reviews.ts";
import type { ApprovalRow, ReviewRow, ReviewSubject } from "./session-store.ts";

/** Matters in which the note of an approval is part of the answer; elsewhere it is a remark. */
const NOTE_ANSWERS: ReadonlySet<ReviewSubject["matter"]> = new Set(["uncertainty", "clarification", "budget"]);

/**
 * Takes a person's decision on a review. Refuses NOT_FOUND, REVIEW_CLOSED, ACTION_DIGEST_MISMATCH, APPROVER_REPEATED and what the
 * matter does not allow.
 */
export function acknowledge(context: SessionContext, given: Parameters<SessionRpc["acknowledge"]>[0]): Result<{ state: SessionState }> {
  const { store } = context;
  return store.transaction(() => {
    const session = store.session();
    const { principal, decision, note, policy } = given;
    if (session === null || !mayDecide(principal, session.org)) return refuse("NOT_FOUND");
    const found = decidable(context, given);
    if (!found.ok) return found;
    const giver = {
      approver: principal.id,
      person: principal.person ?? principal.id,
      approvers: null,
      policy: policy ?? null,
      dispositionEventId: null,
      elucidationId: null,
    };
    return castVote(context, found.review, { decision, note: note.trim(), giver });
  });
}

/** The open review that a decision names, by the digest of exactly what it shows. */
export function decidable(
  { store }: SessionContext,
  { reviewId, actionDigest }: { readonly reviewId: string; readonly actionDigest: string },
): { readonly ok: true; readonly review: ReviewRow } | Refusal {
  const review = store.review(reviewId);
  if (review === null) return refuse("NOT_FOUND");
  if (review.closed) return refuse("REVIEW_CLOSED");
  return actionDigest === review.actionDigest ? { ok: true, review } : refuse("ACTION_DIGEST_MISMATCH");
}

function mayDecide(principal: Principal, org: string): boolean {
  return principal.org === org && principal.id !== AUTO_PRINCIPAL_ID;
}

/** Counts a vote in the caller's transaction; the one that is enough is applied with those before it. */
export function castVote(context: SessionContext, review: ReviewRow, vote: Vote): Result<{ state: SessionState }> {
  const { store } = context;
  const refused = notTaken(context, review, vote);
  if (refused !== null) return refused;
  if (vote.decision === "rejected" || vote.giver.approvers !== null) return decide(context, review, vote, []);
  const votes = liveVotes(context, review);
  if (votes.some(({ person }) => person === vote.giver.person)) {
    return refuse("APPROVER_REPEATED", `${vote.giver.person} has approved already; ${remaining(review, votes.length)}.`);
  }
  const other = votes.find((one) => !isSameAnswer(review, one, vote));
  if (other !== undefined) {
    return refuse("ACTION_DIGEST_MISMATCH", `${other.approver} ${other.decision} this${noteText(other)}, which is another action. ${howToGoOn(other)}`);
  }
  if (votes.length + 1 >= review.needed) return decide(context, review, vote, votes);
  recordVote(context, review, vote, votes.length + 1);
  return { ok: true, state: store.requireSession().state };
}

/** Votes that still count, one a person: neither used nor expired, on the action as it is. */
function liveVotes({ store, deps }: SessionContext, { reviewId, actionDigest }: ReviewRow): ApprovalRow[] {
  const now = deps.now();
  return store.approvalsOf(reviewId).filter((one) => one.usedBy === null && one.actionDigest === actionDigest && (one.expiresAt ?? 0) > now);
}

function isSameAnswer({ subject }: ReviewRow, one: Pick<ApprovalRow, "decision" | "reason">, { decision, note }: Vote): boolean {
  if (one.decision !== decision) return false;
  const bound = decision === "amended" || NOTE_ANSWERS.has(subject.matter);
  return !bound || one.reason === note;
}

function remaining({ needed }: ReviewRow, given: number): string {
  const missing = needed - given;
  return missing === 1 ? "one more person has to" : `${missing} more people have to`;
}

function noteText({ reason }: ApprovalRow): string {
  return reason === "" ? "" : ` with the note "${reason}"`;
}

function howToGoOn({ decision, expiresAt }: ApprovalRow): string {
  const until = expiresAt === null ? "" : `, or wait until that expires at ${new Date(expiresAt).toISOString()}`;
  return `Give the same decision (${decision}) with the same note, reject it${until}.`;
}

/** One vote of several: it leaves a receipt, and the review stays open. */
function recordVote(context: SessionContext, review: ReviewRow, vote: Vote, approvals: number): void {
  const { ledger, deps } = context;
  const row = recordReceipt(context, review, vote, ulidId("APR", deps.now()), null);
  ledger.event("REVIEW_VOTE_RECORDED", {
    reviewId: review.reviewId,
    approvalId: row.approvalId,
    approver: row.approver,
    actionDigest: row.actionDigest,
    decision: row.decision,
    approvals,
    needed: review.needed,
    expiresAtUnixSec: Math.floor((row.expiresAt ?? 0) / 1_000),
  });
}

/** Applies the answer; every vote that led to it is used by it. */
function decide(context: SessionContext, review: ReviewRow, vote: Vote, earlier: readonly ApprovalRow[]): Result<{ state: SessionState }> {
  const { store } = context;
  const approvalId = decidingReceiptId(context, review);
  store.useApprovals(
    earlier.map((one) => one.approvalId),
    approvalId,
  );
  const decidedBy = [...earlier.map(({ approver }) => approver), ...(vote.giver.approvers?.map(({ id }) => id) ?? [vote.giver.approver])].join(" and ");
  applyAnswer(context, review, { decision: vote.decision, note: vote.note, decidedBy, approvalId, giver: vote.giver });
  return { ok: true, state: store.requireSession().state };
}

/** What the matter does not take, or null. */
function notTaken(context: SessionContext, { subject }: ReviewRow, { decision, note }: Vote): Refusal | null {
  if (decision === "amended" && note === "") {
    return refuse("INVALID_ARGUMENT", "An amendment needs a note: it is the answer or the added instruction.");
  }
  if (decision === "amended" && subject.matter === "acceptance") {
    return refuse("FAILED_PRECONDITION", "The work is done: approve or reject it. A change is a new work order.");
  }
  if (decision === "rejected") return null;
  if (subject.matter === "budget") {
    const funded = newBudget(budgetReport(context, subject.reportSeq), note, decision === "amended");
    return funded.ok ? null : funded;
  }
  if (subject.matter === "clearance") {
    const cleared = clearedItems(blockedReport(context, subject.reportSeq), decision === "amended" ? note : null);
    return cleared.ok ? null : cleared;
  }
  return null;
}
