/**
 * Fields of what was judged, asked and decided: reports, divergences, amendments, reviews, clarifications, consent, budget. Casts to
 * enums hold: the projection sets aside events whose payload does not fit.
 */
import type { EventPayload, ReviewDecision } from "@factory/schemas";
import { z } from "zod";
import { AmendmentStateEnum, ReviewDecisionEnum, ReviewTypeEnum, VerificationOutcomeEnum, VerificationTypeEnum } from "./enums.ts";
import { jsonValue, textList } from "./json-text.ts";
import * as refs from "./refs.ts";

refs.VerificationReportRef.implement({
  description: "What a gate looked at and what it found.",
  fields: (t) => ({
    id: t.exposeID("verificationId"),
    sessionId: t.exposeID("sessionId"),
    runId: t.exposeID("runId", { nullable: true }),
    type: t.field({
      type: VerificationTypeEnum,
      resolve: ({ verificationType }) => verificationType as EventPayload<"VERIFICATION_PRODUCED">["verificationType"],
    }),
    outcome: t.field({ type: VerificationOutcomeEnum, resolve: ({ outcome }) => outcome as EventPayload<"VERIFICATION_PRODUCED">["outcome"] }),
    score: t.exposeFloat("score", { nullable: true }),
    subjectId: t.exposeID("subjectId", { description: "The artifact, bead or session that was judged." }),
    summary: t.exposeString("summary"),
    evidenceRootHash: t.exposeString("evidenceRootHash", { nullable: true }),
    failedCriteria: t.stringList({ resolve: ({ failedCriteria }) => textList(failedCriteria) }),
    checksPassed: t.exposeInt("checksPassed", { nullable: true }),
    checksFailed: t.exposeInt("checksFailed", { nullable: true }),
    holdoutsPassed: t.exposeInt("holdoutsPassed", { nullable: true }),
    holdoutsFailed: t.exposeInt("holdoutsFailed", { nullable: true }),
    details: t.field({ type: "JSON", nullable: true, resolve: ({ details }) => jsonValue(details) }),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
    seq: t.exposeInt("seq"),
  }),
});

refs.DivergenceRef.implement({
  description: "Where what came about is not what was specified.",
  fields: (t) => ({
    id: t.exposeID("divergenceId"),
    sessionId: t.exposeID("sessionId"),
    runId: t.exposeID("runId", { nullable: true }),
    type: t.exposeString("divergenceType"),
    beadId: t.exposeID("beadId", { nullable: true }),
    atomId: t.exposeID("atomId", { nullable: true }),
    claimRefs: t.stringList({ resolve: ({ claimRefs }) => textList(claimRefs) }),
    observed: t.exposeString("observed"),
    expected: t.exposeString("expected"),
    reason: t.exposeString("reason"),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
    seq: t.exposeInt("seq"),
  }),
});

refs.AmendmentRef.implement({
  description: "A proposed change of a specification.",
  fields: (t) => ({
    id: t.exposeID("amendmentId"),
    sessionId: t.exposeID("sessionId"),
    runId: t.exposeID("runId", { nullable: true }),
    state: t.field({ type: AmendmentStateEnum, resolve: ({ state }) => state as EventPayload<"AMENDMENT_PROPOSED">["amendmentState"] }),
    divergenceId: t.exposeID("divergenceId"),
    hypothesisId: t.exposeID("hypothesisId"),
    divergenceReason: t.exposeString("divergenceReason"),
    faultAttribution: t.exposeString("faultAttribution"),
    scope: t.exposeString("scope"),
    beadIds: t.stringList({ description: "The beads it re-opens.", resolve: ({ beadIds }) => textList(beadIds) }),
    specificationId: t.exposeID("specificationId", { nullable: true }),
    depth: t.exposeInt("depth"),
    patch: t.field({ type: "JSON", nullable: true, resolve: ({ patch }) => jsonValue(patch) }),
    proposedAt: t.expose("proposedAt", { type: "DateTime", nullable: true }),
    resolvedAt: t.expose("resolvedAt", { type: "DateTime", nullable: true }),
    seq: t.exposeInt("seq"),
  }),
});

refs.ReviewRef.implement({
  description: "A question to a person and how it was decided.",
  fields: (t) => ({
    id: t.exposeID("reviewId"),
    sessionId: t.exposeID("sessionId"),
    type: t.field({ type: ReviewTypeEnum, nullable: true, resolve: ({ reviewType }) => reviewType as EventPayload<"REVIEW_REQUIRED">["reviewType"] | null }),
    action: t.exposeString("action", { nullable: true }),
    actionDigest: t.exposeString("actionDigest", { description: "Digest of the exact action; a decision names it." }),
    promptText: t.exposeString("promptText", { nullable: true }),
    alternatives: t.stringList({ resolve: ({ alternatives }) => (alternatives === null ? [] : textList(alternatives)) }),
    deadline: t.field({
      type: "DateTime",
      nullable: true,
      resolve: ({ deadlineUnixSec }) => (deadlineUnixSec === null ? null : deadlineUnixSec * 1_000),
    }),
    context: t.field({ type: "JSON", nullable: true, resolve: ({ context }) => jsonValue(context) }),
    requestedAt: t.expose("requestedAt", { type: "DateTime", nullable: true }),
    open: t.boolean({ resolve: ({ decision }) => decision === null }),
    decision: t.field({ type: ReviewDecisionEnum, nullable: true, resolve: ({ decision }) => decision as ReviewDecision | null }),
    note: t.exposeString("note", { nullable: true }),
    decidedBy: t.exposeString("decidedBy", { nullable: true }),
    decidedAt: t.expose("decidedAt", { type: "DateTime", nullable: true }),
    approvalId: t.exposeID("approvalId", { nullable: true }),
    approvalsNeeded: t.int({
      nullable: true,
      description: "Distinct people who have to approve, as it was pinned when the review was opened; null where nobody has to, or the review does not say.",
      resolve: ({ context }) => approvalsNeeded(context),
    }),
    votes: t.field({
      type: [refs.ReviewVoteRef],
      description: "Votes that decided nothing by themselves, oldest first. One counts until it expires.",
      resolve: async ({ sessionId, reviewId }, _args, { reads }) => [...(await reads.reviewVotes(sessionId, reviewId))],
    }),
    session: t.field({ type: refs.SessionRef, nullable: true, resolve: ({ sessionId }, _args, { reads }) => reads.session(sessionId) }),
    seq: t.exposeInt("seq"),
  }),
});

function approvalsNeeded(context: string | null): number | null {
  const needed = z.object({ approvalsNeeded: z.number().int() }).safeParse(jsonValue(context));
  return needed.success ? needed.data.approvalsNeeded : null;
}

refs.ReviewVoteRef.implement({
  description: "One person's vote on a review that several have to approve.",
  fields: (t) => ({
    approvalId: t.exposeID("approvalId", { description: "Its receipt." }),
    approver: t.exposeString("approver"),
    decision: t.field({ type: ReviewDecisionEnum, resolve: ({ decision }) => decision as ReviewDecision }),
    approvals: t.exposeInt("approvals", { description: "Distinct people who had approved by then." }),
    needed: t.exposeInt("needed"),
    expiresAt: t.field({ type: "DateTime", resolve: ({ expiresAtUnixSec }) => expiresAtUnixSec * 1_000 }),
    votedAt: t.expose("occurredAt", { type: "DateTime" }),
    seq: t.exposeInt("seq"),
  }),
});

refs.ClarificationRef.implement({
  description: "A question of an agent.",
  fields: (t) => ({
    id: t.exposeID("clarificationId"),
    sessionId: t.exposeID("sessionId"),
    beadId: t.exposeID("beadId"),
    question: t.exposeString("question", { nullable: true }),
    answer: t.exposeString("answer", { nullable: true }),
    answeredBy: t.exposeString("answeredBy", { nullable: true }),
    askedAt: t.expose("askedAt", { type: "DateTime", nullable: true }),
    answeredAt: t.expose("answeredAt", { type: "DateTime", nullable: true }),
    seq: t.exposeInt("seq"),
  }),
});

refs.ConsentDenialRef.implement({
  description: "A tool call that consent did not cover.",
  fields: (t) => ({
    seq: t.exposeInt("seq"),
    sessionId: t.exposeID("sessionId"),
    beadId: t.exposeID("beadId"),
    runId: t.exposeID("runId"),
    toolName: t.exposeString("toolName"),
    inputHash: t.exposeString("inputHash"),
    permittedTools: t.stringList({ resolve: ({ permittedTools }) => textList(permittedTools) }),
    reason: t.exposeString("reason"),
    epoch: t.exposeInt("epoch"),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
  }),
});

refs.BudgetExhaustionRef.implement({
  description: "A moment at which a budget was spent.",
  fields: (t) => ({
    seq: t.exposeInt("seq"),
    beadId: t.exposeID("beadId", { nullable: true }),
    budgetUsd: t.exposeFloat("budgetUsd"),
    spentUsd: t.exposeFloat("spentUsd"),
    reservedUsd: t.exposeFloat("reservedUsd"),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
  }),
});
