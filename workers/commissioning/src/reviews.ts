/**
 * Reviews: what a person is asked, and what the answer sets going. A review is stored before it is shown; an answer binds
 * its giver to the digest of the exact action and is used once, in the transaction that carries the action out.
 */
import { everyCriterionExecuted, testabilityOf } from "@factory/compiler";
import { artifactNode, digestOf, ulidId, uncertaintyEntry } from "@factory/schemas";
import type { ArtifactNode, EventPayload, ReviewDecision, SessionState, Statement } from "@factory/schemas";
import type { CommissionRequest } from "@factory/schemas/rpc";
import type { Answered } from "@factory/planning";
import type { SessionContext } from "./context.ts";
import { newBudget } from "./budget-answers.ts";
import type { BudgetReport } from "./budget-answers.ts";
import { clearedItems } from "./clearance-answers.ts";
import type { BlockedReport } from "./clearance-answers.ts";
import { endWith, moveTo } from "./context.ts";
import { raiseEscalation, resolveEscalation } from "./escalations.ts";
import { rerunPass } from "./pass-attempts.ts";
import { recordReceipt } from "./receipts.ts";
import type { Giver } from "./receipts.ts";
import type { ReviewRow, ReviewSubject, SessionStore } from "./session-store.ts";

/** Who decides where the order's review mode leaves it to the platform. */
export const AUTO_PRINCIPAL_ID = "policy:auto";

/** What a pass is told whose question a person left to it. */
const UNANSWERED = "Go on as you judge best within the order; no further answer is given.";

/** Matters in which there is nothing to amend: the work is done, or the note of an approval says the amount. */
const YES_OR_NO: ReadonlySet<ReviewSubject["matter"]> = new Set(["acceptance", "budget"]);

type Answer = { readonly decision: ReviewDecision; readonly note: string; readonly decidedBy: string };

/** An answer with the receipt that is made of it. `decidedBy` names everybody whose vote it rests on. */
export type DecidedAnswer = Answer & { readonly approvalId: string; readonly giver: Giver };

/** A question to a person. */
export type ReviewQuestion = {
  readonly subject: ReviewSubject;
  readonly reviewType: EventPayload<"REVIEW_REQUIRED">["reviewType"];
  readonly toState: "AWAITING_APPROVAL" | "IN_REVIEW";
  readonly action: string;
  readonly promptText: string;
  readonly context: { readonly [key: string]: string | number | readonly string[] };
  /** The platform decides it at once: no person has to approve. */
  readonly decidesItself?: boolean;
};

/**
 * Digest of the exact action a decision is on: another session, review, subject or wording is another digest, so what was voted
 * on a question before it was asked again counts for nothing.
 */
function actionDigestOf(sessionId: string, reviewId: string, { subject, action }: Pick<ReviewQuestion, "subject" | "action">): string {
  return digestOf({ sessionId, reviewId, subject, action });
}

/** Stores a review, moves the session to where it waits, and asks. @returns the review's id */
export function openReview(context: SessionContext, question: ReviewQuestion): string {
  const { store, ledger, deps } = context;
  const { subject, action, toState, decidesItself = false } = question;
  const { sessionId, state: fromState } = store.requireSession();
  const reviewId = ulidId("REV", deps.now());
  const actionDigest = actionDigestOf(sessionId, reviewId, question);
  // A bar is pinned when it is raised: another policy later is not another bar.
  const needed = decidesItself ? 1 : peopleNeeded(store.request(), subject.matter);
  store.addReview({ reviewId, subject, action, actionDigest, fromState, inState: toState, needed }, deps.now());
  ledger.event("REVIEW_REQUIRED", {
    reviewId,
    reviewType: question.reviewType,
    action,
    actionDigest,
    promptText: question.promptText,
    fromState,
    toState,
    alternatives: YES_OR_NO.has(subject.matter) ? ["approved", "rejected"] : ["approved", "amended", "rejected"],
    context: { ...question.context, matter: subject.matter, ...(decidesItself ? {} : { approvalsNeeded: needed }) },
  });
  moveTo(context, toState);
  if (toState === "IN_REVIEW") raiseEscalation(context, reviewId);
  return reviewId;
}

/** Distinct people who have to approve, as it was pinned when the order was taken. */
function peopleNeeded({ governance }: CommissionRequest, matter: ReviewSubject["matter"]): number {
  const pinned = governance !== undefined && Object.hasOwn(governance.approvals, matter) ? governance.approvals[matter] : undefined;
  return Math.max(1, pinned ?? 1);
}

/** Puts the intent specification up for approval; the order's review mode may decide it at once. */
export function askApproval(context: SessionContext): void {
  const { store, planning, deps } = context;
  const request = store.request();
  const auto = decidesItself(request);
  const artifactId = planning.passes().get("write-intent-specification");
  if (artifactId === undefined) throw new Error("There is no intent specification to approve.");
  store.transaction(() => {
    const reviewId = openReview(context, {
      subject: { matter: "approval", artifactId },
      reviewType: "APPROVAL_REQUIRED",
      toState: "AWAITING_APPROVAL",
      action: `Approve ${artifactId}: compile it, have it built, checked and delivered`,
      promptText: approvalText(request),
      // A follower that sees who decides does not stop to ask a person.
      context: { artifactId, reviewMode: request.config.reviewMode, ...(auto ? { decidedBy: AUTO_PRINCIPAL_ID } : {}) },
      decidesItself: auto,
    });
    const review = store.review(reviewId);
    if (review !== null && auto) {
      const answer = { decision: "approved", note: autoNote(request), decidedBy: AUTO_PRINCIPAL_ID } as const;
      applyAnswer(context, review, { ...answer, approvalId: ulidId("APR", deps.now()), giver: platform(request) });
    }
  });
}

/** The platform, where the order's review mode leaves the decision to it; what let the order in allows that. */
function platform({ governance }: CommissionRequest): Giver {
  const policy = governance?.submission ?? null;
  return { approver: AUTO_PRINCIPAL_ID, person: null, approvers: null, policy, dispositionEventId: null, elucidationId: null };
}

function decidesItself({ config, order }: CommissionRequest): boolean {
  return config.reviewMode === "auto" || (config.reviewMode === "hybrid" && everyCriterionExecuted(order));
}

function autoNote({ config }: CommissionRequest): string {
  return config.reviewMode === "auto" ? "The order's review mode is auto." : "The order's review mode is hybrid and an executed check decides every criterion.";
}

/** Closes the review and carries the answer out, all in the caller's transaction. */
export function applyAnswer(context: SessionContext, review: ReviewRow, answer: DecidedAnswer): void {
  const { store, ledger, deps } = context;
  const toState = targetState(review, answer.decision);
  store.closeReview(review.reviewId, answer, deps.now());
  resolveEscalation(context, review.reviewId);
  ledger.event("REVIEW_RESOLVED", {
    reviewId: review.reviewId,
    decision: answer.decision,
    note: answer.note,
    decidedBy: answer.decidedBy,
    actionDigest: review.actionDigest,
    fromState: review.inState,
    toState,
  });
  recordDecision(context, review, answer, toState);
  if (answer.decision === "rejected" && review.subject.matter !== "autonomy") {
    reject(context, review, answer);
    return;
  }
  switch (review.subject.matter) {
    case "approval":
      compile(context, review.subject.artifactId, answer);
      return;
    case "clarification":
      clarify(context, review.subject.reportSeq, answer);
      moveTo(context, review.fromState);
      return;
    case "autonomy":
      decideOnBead(context, review.subject.reportSeq, answer);
      moveTo(context, review.fromState);
      return;
    case "budget":
      fund(context, review.subject.reportSeq, answer);
      moveTo(context, review.fromState);
      return;
    case "clearance":
      clearRun(context, review.subject.reportSeq, answer);
      moveTo(context, review.fromState);
      return;
    case "semantic-review":
      decideOnReviewed(context, review.subject.artifactId, answer);
      moveTo(context, review.fromState);
      return;
    case "pass":
    case "uncertainty":
    case "divergence":
    case "acceptance":
      moveTo(context, review.fromState);
      return;
    default:
      review.subject satisfies never;
  }
}

function targetState(review: ReviewRow, decision: ReviewDecision): SessionState {
  const { matter } = review.subject;
  // A bead that is refused is no end: its divergence goes the way of every other.
  if (decision === "rejected" && matter !== "autonomy") return matter === "approval" ? "REJECTED" : "FAILED";
  return matter === "approval" ? "COMPILING" : review.fromState;
}

function reject(context: SessionContext, review: ReviewRow, { note, decidedBy }: Answer): void {
  const why = note === "" ? "" : `: ${note}`;
  const isApproval = review.subject.matter === "approval";
  endWith(context, {
    state: isApproval ? "REJECTED" : "FAILED",
    reason: isApproval ? `${decidedBy} rejected the intent specification${why}` : `${decidedBy} rejected "${review.action}"${why}`,
    reasonCode: rejectedCode(context, review.subject),
  });
}

/** What the session ends with: where work was stopped for want of something, that. */
function rejectedCode(context: SessionContext, subject: ReviewSubject): string {
  if (subject.matter === "budget") return "BUDGET_EXHAUSTED";
  return subject.matter === "clearance" ? blockedReport(context, subject.reportSeq).code : "REVIEW_REJECTED";
}

/** The receipt of the decision, used here and nowhere else; where something was granted, the log says so. */
function recordDecision(context: SessionContext, review: ReviewRow, answer: DecidedAnswer, toState: SessionState): void {
  const { approvalId, decision } = answer;
  const { reviewId, approver, actionDigest } = recordReceipt(context, review, answer, approvalId, approvalId);
  if (decision === "rejected") return;
  context.ledger.event("APPROVAL_GRANTED", { approvalId, reviewId, approver, actionDigest, fromState: review.inState, toState });
}

function compile(context: SessionContext, intentId: string, answer: Answer): void {
  const { ledger } = context;
  if (answer.decision === "amended") amendIntent(context, intentId, answer);
  moveTo(context, "COMPILING");
  ledger.event("COMPILATION_STARTED", {
    fromState: "AWAITING_APPROVAL",
    toState: "COMPILING",
    reason: `${answer.decidedBy} approved the intent specification.`,
    trigger: answer.decision,
  });
}

function amendIntent(context: SessionContext, intentId: string, answer: Answer): void {
  const node = amendedIntent(context, intentId, answer);
  context.ledger.artifact(node, [
    { source: node.id, rel: "corrects", target: intentId },
    { source: node.id, rel: "derived_from", target: intentId },
  ]);
}

/** An amended approval approves a successor that carries the note as one more constraint. */
function amendedIntent({ store }: Pick<SessionContext, "store">, intentId: string, { note, decidedBy }: Pick<Answer, "note" | "decidedBy">): ArtifactNode {
  const intent = store.artifact(intentId);
  const constraints = Array.isArray(intent.data["constraints"]) ? intent.data["constraints"] : [];
  const data = { ...intent.data, constraints: [...constraints, note], rationale: `${decidedBy} approved it with an added constraint: ${note}` };
  return artifactNode("IS", "IntentSpecification", store.requireSession().org, data, [intentId]);
}

/** The intent specification as it was approved. @throws Error before anybody approved one */
export function approvedIntent(context: Pick<SessionContext, "store">): ArtifactNode {
  const { store } = context;
  const approval = store.closedReviews("approval").findLast(({ decision }) => decision === "approved" || decision === "amended");
  if (approval?.subject.matter !== "approval") throw new Error("No intent specification is approved.");
  const { subject, decision, note, decidedBy } = approval;
  if (decision !== "amended") return store.artifact(subject.artifactId);
  return store.artifact(amendedIntent(context, subject.artifactId, { note: note ?? "", decidedBy: decidedBy ?? "" }).id);
}

/** The questions of passes that a person has answered, oldest first. An approval without a note leaves it to the model. */
export function answersOf({ store }: Pick<SessionContext, "store">): Answered[] {
  return answeredUncertainties(store).map(({ question, note }) => ({ question, answer: note === "" ? UNANSWERED : note }));
}

function answeredUncertainties(store: SessionStore): { readonly question: string; readonly note: string }[] {
  return store.closedReviews("uncertainty").flatMap(({ subject, decision, note }) => {
    if (subject.matter !== "uncertainty" || decision === null || decision === "rejected") return [];
    const { question } = uncertaintyEntry.parse(store.artifact(subject.artifactId).data);
    return [{ question, note: note ?? "" }];
  });
}

/**
 * The constraints of the order and what a person added to them: answers to the questions of passes, and what an approval
 * was given on. They stand on lines after the order's end.
 */
export function approvedConstraints({ store }: Pick<SessionContext, "store">): Statement[] {
  const { order, orderText } = store.request();
  const lines = orderText.split("\n").length;
  const answered = answeredUncertainties(store).filter(({ note }) => note !== "");
  const amended = store.closedReviews("approval").filter(({ decision }) => decision === "amended");
  const added = [...answered.map(({ question, note }) => `${question} Answer: ${note}`), ...amended.map(({ note }) => note ?? "")];
  return [...order.constraints, ...added.map((text, index) => ({ text, line: lines + 1 + index }))];
}

/** A person lets what the review found pass, or has it mended. */
function decideOnReviewed(context: SessionContext, artifactId: string, { decision, note }: Answer): void {
  if (decision === "amended") rerunPass(context, "write-intent-specification", [note]);
  else context.planning.passSemanticReview(artifactId);
}

function clarify({ store, ledger, deps }: SessionContext, reportSeq: number, answer: Answer): void {
  const { report } = store.runReport(reportSeq);
  const { runId, org } = store.requireSession();
  if (report.outcome !== "clarification" || runId === null) throw new Error(`Report ${reportSeq} asks for no clarification.`);
  const text = answer.note === "" ? UNANSWERED : answer.note;
  const signalId = store.artifactOfType("Signal")?.id;
  if (signalId === undefined) throw new Error("A clarification without a signal.");
  ledger.artifact(
    {
      id: report.clarificationId,
      type: "ClarificationRecord",
      data: { org, beadId: report.beadId, question: report.question, answer: text, answeredBy: answer.decidedBy },
      parents: [signalId],
    },
    [{ source: report.clarificationId, rel: "source_ref", target: signalId }],
  );
  ledger.clarify({ runId, beadId: report.beadId, clarificationId: report.clarificationId, answer: text, answeredBy: answer.decidedBy });
  store.handleReport(reportSeq, deps.now());
}

/** The decision goes to the coordinator, which carries it out; a rejection comes back as a divergence. */
function decideOnBead({ store, ledger, deps }: SessionContext, reportSeq: number, { decision, note, decidedBy }: Answer): void {
  const { report } = store.runReport(reportSeq);
  const { runId } = store.requireSession();
  if (report.outcome !== "approval" || runId === null) throw new Error(`Report ${reportSeq} asks for no leave.`);
  ledger.decide({ runId, beadId: report.beadId, requestId: report.requestId, decision, note, decidedBy });
  store.handleReport(reportSeq, deps.now());
}

/** The new bound goes to the coordinator, which takes up what waits. */
function fund(context: SessionContext, reportSeq: number, { decision, note, decidedBy }: Answer): void {
  const { store, ledger, deps } = context;
  const { runId } = store.requireSession();
  const report = budgetReport(context, reportSeq);
  const funded = newBudget(report, note, decision === "amended");
  if (runId === null || !funded.ok) throw new Error(`Report ${reportSeq} cannot be funded.`);
  ledger.fund({ runId, requestId: report.requestId, decision: "approved", budgetUsd: funded.budgetUsd, note, decidedBy });
  store.handleReport(reportSeq, deps.now());
}

/** A person has cleared the run; the new clearance is written when policy allows it. */
function clearRun(context: SessionContext, reportSeq: number, { decision, note, approvalId, decidedBy }: DecidedAnswer): void {
  const { store, governance, deps } = context;
  const { code, ...report } = blockedReport(context, reportSeq);
  const cleared = clearedItems({ code, ...report }, decision === "amended" ? note : null);
  if (!cleared.ok) throw new Error(`Report ${reportSeq} cannot be cleared.`);
  const basis = { approvedBy: "person", approver: decidedBy, approvalId } as const;
  governance.call({ requestId: approvalId, code, beads: report.beads, basis, askedFor: cleared.askedFor });
  store.handleReport(reportSeq, deps.now());
}

/** The report of a blocked run that a person is asked about. @throws Error for another report */
export function blockedReport({ store }: SessionContext, reportSeq: number): BlockedReport {
  const { report } = store.runReport(reportSeq);
  if (report.outcome !== "blocked") throw new Error(`Report ${reportSeq} is of no blocked run.`);
  return report;
}

/** The report of an exhausted budget that a person is asked about. @throws Error for another report */
export function budgetReport({ store }: SessionContext, reportSeq: number): BudgetReport {
  const { report } = store.runReport(reportSeq);
  if (report.outcome !== "budget") throw new Error(`Report ${reportSeq} asks for no budget.`);
  return report;
}

function approvalText({ order, config }: CommissionRequest): string {
  const criteria = order.acceptanceCriteria.map((criterion) => {
    const { how, detail } = testabilityOf(criterion, order);
    return `- ${criterion.text} (${how === "examples" || how === "tests" ? `executed: ${detail}` : detail})`;
  });
  return [
    `${order.title}: ${order.goal === "" ? order.problem : order.goal}`,
    "What has to hold:",
    ...criteria,
    ...order.constraints.map(({ text }) => `- constraint: ${text}`),
    `Review mode ${config.reviewMode}. Approve to have it built. Amend to approve with your note as a further constraint. Reject to end the session.`,
  ].join("\n");
}
