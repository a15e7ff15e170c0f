/**
 * A question that waits for a person, as it is shown outside: an escalation bead in the organisation's bead graph, superseded by
 * one that says how it was resolved, and the word to whoever subscribes. Both are aside: the session waits for neither.
 */
import { TerminalError } from "@factory/durable";
import { knowingStateBeadId, orgScope, roleScope } from "@factory/bead-graph";
import { escalationEvent, ROLES, ulidId } from "@factory/schemas";
import type { EscalationEvent } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import type { SessionContext } from "./context.ts";
import type { ReviewRow } from "./session-store.ts";

/** Who writes these beads. */
const WRITER = "system:session";
/** Whom a question is put to: whoever may decide on reviews. */
const ESCALATED_TO = "role:approver";

/** Raises an escalation for a review that was opened, in the caller's transaction. */
export function raiseEscalation({ governance, ledger, deps }: SessionContext, reviewId: string): void {
  const escalationId = ulidId("ESC", deps.now());
  governance.addEscalation(escalationId, reviewId);
  ledger.escalate(escalationId);
}

/** Closes the escalation of a review that was decided, or over which the session ended, in the caller's transaction. */
export function resolveEscalation({ governance, ledger }: Pick<SessionContext, "governance" | "ledger">, reviewId: string): void {
  const escalation = governance.escalationOf(reviewId);
  if (escalation !== null) ledger.deescalate(escalation.escalationId);
}

/**
 * The bead that raises an escalation: what it was triggered by, or what governs the organisation's agents, is fixed when it is
 * first formed, so what is sent again is the same.
 *
 * @throws TerminalError for an organisation without a knowing-state, to which nothing can be linked
 */
export async function raisedBead(context: SessionContext, escalationId: string): Promise<KnowingStateBead> {
  const { store, governance, deps } = context;
  const { org, sessionId, assembly } = store.request();
  const { bead, reviewId } = governance.escalation(escalationId);
  if (bead !== null) return bead;
  const review = requireReview(context, reviewId);
  const trigger = await triggerOf(context, review);
  const content = {
    trigger_bead_id: trigger,
    reason: review.action,
    escalated_to: ESCALATED_TO,
    escalation_id: escalationId,
    session_id: sessionId,
    assembly,
    review_id: reviewId,
    matter: review.subject.matter,
  };
  const id = knowingStateBeadId(org, "escalation", content, [trigger]);
  const formed: KnowingStateBead = { id, type: "escalation", content, parents: [trigger], writtenBy: WRITER, writtenAt: deps.now() };
  return store.transaction(() => governance.keepBead(escalationId, formed));
}

/** The bead that resolves an escalation. @throws TerminalError when nothing raised it */
export function resolvedBead({ store, governance }: SessionContext, escalationId: string): KnowingStateBead {
  const { org } = store.request();
  const { bead, reviewId } = governance.escalation(escalationId);
  const review = store.review(reviewId);
  if (bead === null || review === null || review.closedAt === null) throw new TerminalError(`${escalationId} was not raised or is not resolved.`);
  const resolution = review.decision === null ? "The session ended before anybody decided." : resolutionText(review);
  const content = { ...bead.content, resolved_at: new Date(review.closedAt).toISOString(), resolution };
  const parents = [...new Set([...bead.parents, bead.id])];
  const id = knowingStateBeadId(org, "escalation", content, parents);
  return { id, type: "escalation", content, parents, supersedes: bead.id, writtenBy: WRITER, writtenAt: review.closedAt };
}

function resolutionText({ decision, decidedBy, note }: ReviewRow): string {
  const why = note === null || note === "" ? "" : `: ${note}`;
  return `${decision ?? ""} by ${decidedBy ?? ""}${why}`;
}

/** The outcome that diverged where there is one; else the policy that governs: the organisation's, or that of a role. */
async function triggerOf(context: SessionContext, review: ReviewRow): Promise<string> {
  const { deps, store } = context;
  const divergence = divergenceOf(context, review);
  if (divergence?.outcomeBeadId !== undefined) return divergence.outcomeBeadId;
  const beads = deps.beads(store.request().org);
  for (const subject of [orgScope, ...ROLES.map(roleScope)]) {
    const policy = await beads.tip({ type: "policy", subject });
    if (policy !== null) return policy.id;
  }
  throw new TerminalError("The organisation has no policy that an escalation could be linked to.");
}

function divergenceOf({ store }: SessionContext, { subject }: ReviewRow) {
  if (subject.matter !== "divergence") return null;
  const { report } = store.runReport(subject.reportSeq);
  return report.outcome === "diverged" ? report.divergence : null;
}

/** What subscribers are told of an escalation. @throws TerminalError where the session's own data does not fit the message */
export function escalationSignal(context: SessionContext, escalationId: string): EscalationEvent {
  const { store, governance, amendments } = context;
  const { sessionId, assembly } = store.request();
  const { reviewId } = governance.escalation(escalationId);
  const review = requireReview(context, reviewId);
  const divergence = divergenceOf(context, review);
  const chain = divergence === null ? [] : amendments.all().filter(({ beadId }) => beadId === divergence.beadId);
  const signal = escalationEvent.safeParse({
    type: "EscalationEvent",
    escalationId,
    assemblyId: assembly,
    sessionId,
    reviewId,
    divergenceIds: divergence === null ? [] : [divergence.divergenceId],
    hypothesisChain: [...new Set(chain.map(({ proposal }) => proposal.hypothesisId))],
    suspensionState: governance.suspensions().length > 0 ? "suspended" : "waiting",
    openDivergenceCount: store.openDivergences(),
    requestedAction: review.action,
    producedAt: new Date(review.openedAt).toISOString(),
    producedBy: WRITER,
  });
  if (!signal.success) throw new TerminalError(`${escalationId} cannot be told: ${signal.error.issues[0]?.message ?? ""}`);
  return signal.data;
}

function requireReview({ store }: SessionContext, reviewId: string): ReviewRow {
  const review = store.review(reviewId);
  if (review === null) throw new TerminalError(`There is no review ${reviewId}.`);
  return review;
}
