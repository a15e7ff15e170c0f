/**
 * Reviews: what a person is asked, and what the answer sets going. A review is stored before it is shown; an answer binds
 * its giver to the digest of the exact action and is used once, in the transaction that carries the action out.
 */
import { everyCriterionExecuted, testabilityOf } from "@factory/compiler";
import { artifactNode, digestOf, refuse, ulidId, uncertaintyEntry } from "@factory/schemas";
import type { ApprovalReceipt, ArtifactNode, EventPayload, Result, ReviewDecision, SessionState, Statement } from "@factory/schemas";
import type { CommissionRequest, Principal, SessionRpc } from "@factory/schemas/rpc";
import type { Answered } from "@factory/planning";
import type { SessionContext } from "./context.ts";
import { newBudget } from "./budget-answers.ts";
import type { BudgetReport } from "./budget-answers.ts";
import { endWith, moveTo } from "./context.ts";
import { rerunPass } from "./pass-attempts.ts";
import type { ReviewRow, ReviewSubject, SessionStore } from "./session-store.ts";

/** Who decides where the order's review mode leaves it to the platform. */
const AUTO_PRINCIPAL_ID = "policy:auto";

/** What a pass is told whose question a person left to it. */
const UNANSWERED = "Go on as you judge best within the order; no further answer is given.";

/** Matters in which there is nothing to amend: the work is done, or the note of an approval says the amount. */
const YES_OR_NO: ReadonlySet<ReviewSubject["matter"]> = new Set(["acceptance", "budget"]);

type Answer = { readonly decision: ReviewDecision; readonly note: string; readonly decidedBy: string };

/** A question to a person. */
export type ReviewQuestion = {
  readonly subject: ReviewSubject;
  readonly reviewType: EventPayload<"REVIEW_REQUIRED">["reviewType"];
  readonly toState: "AWAITING_APPROVAL" | "IN_REVIEW";
  readonly action: string;
  readonly promptText: string;
  readonly context: { readonly [key: string]: string | number | readonly string[] };
};

/** Digest of the exact action a decision is on: another session, subject or wording is another digest. */
function actionDigestOf(sessionId: string, subject: ReviewSubject, action: string): string {
  return digestOf({ sessionId, subject, action });
}

/** Stores a review, moves the session to where it waits, and asks. @returns the review's id */
export function openReview(context: SessionContext, question: ReviewQuestion): string {
  const { store, ledger, deps } = context;
  const { sessionId, state: fromState } = store.requireSession();
  const reviewId = ulidId("REV", deps.now());
  const actionDigest = actionDigestOf(sessionId, question.subject, question.action);
  store.addReview({ reviewId, subject: question.subject, action: question.action, actionDigest, fromState, inState: question.toState }, deps.now());
  ledger.event("REVIEW_REQUIRED", {
    reviewId,
    reviewType: question.reviewType,
    action: question.action,
    actionDigest,
    promptText: question.promptText,
    fromState,
    toState: question.toState,
    alternatives: YES_OR_NO.has(question.subject.matter) ? ["approved", "rejected"] : ["approved", "amended", "rejected"],
    context: { ...question.context, matter: question.subject.matter },
  });
  moveTo(context, question.toState);
  return reviewId;
}

/** Puts the intent specification up for approval; the order's review mode may decide it at once. */
export function askApproval(context: SessionContext): void {
  const { store, planning } = context;
  const request = store.request();
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
      context: { artifactId, reviewMode: request.config.reviewMode, ...(decidesItself(request) ? { decidedBy: AUTO_PRINCIPAL_ID } : {}) },
    });
    const review = store.review(reviewId);
    if (review !== null && decidesItself(request)) {
      applyAnswer(context, review, { decision: "approved", note: autoNote(request), decidedBy: AUTO_PRINCIPAL_ID });
    }
  });
}

/** Takes a decision on a review. Refuses NOT_FOUND, REVIEW_CLOSED, ACTION_DIGEST_MISMATCH and what the matter does not allow. */
export function acknowledge(context: SessionContext, given: Parameters<SessionRpc["acknowledge"]>[0]): Result<{ state: SessionState }> {
  const { store } = context;
  return store.transaction(() => {
    const session = store.session();
    const review = store.review(given.reviewId);
    if (session === null || review === null || !mayDecide(given.principal, session.org)) return refuse("NOT_FOUND");
    if (review.closed) return refuse("REVIEW_CLOSED");
    if (given.actionDigest !== review.actionDigest) return refuse("ACTION_DIGEST_MISMATCH");
    if (given.decision === "amended" && given.note.trim() === "") {
      return refuse("INVALID_ARGUMENT", "An amendment needs a note: it is the answer or the added instruction.");
    }
    if (given.decision === "amended" && review.subject.matter === "acceptance") {
      return refuse("FAILED_PRECONDITION", "The work is done: approve or reject it. A change is a new work order.");
    }
    if (review.subject.matter === "budget" && given.decision !== "rejected") {
      const funded = newBudget(budgetReport(context, review.subject.reportSeq), given.note, given.decision === "amended");
      if (!funded.ok) return funded;
    }
    applyAnswer(context, review, { decision: given.decision, note: given.note.trim(), decidedBy: given.principal.id });
    return { ok: true, state: store.requireSession().state };
  });
}

function mayDecide(principal: Principal, org: string): boolean {
  return principal.org === org && principal.id !== AUTO_PRINCIPAL_ID;
}

function decidesItself({ config, order }: CommissionRequest): boolean {
  return config.reviewMode === "auto" || (config.reviewMode === "hybrid" && everyCriterionExecuted(order));
}

function autoNote({ config }: CommissionRequest): string {
  return config.reviewMode === "auto" ? "The order's review mode is auto." : "The order's review mode is hybrid and an executed check decides every criterion.";
}

/** Closes the review and carries the answer out, all in the caller's transaction. */
function applyAnswer(context: SessionContext, review: ReviewRow, answer: Answer): void {
  const { store, ledger, deps } = context;
  const toState = targetState(review, answer.decision);
  store.closeReview(review.reviewId, answer, deps.now());
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
    reasonCode: review.subject.matter === "budget" ? "BUDGET_EXHAUSTED" : "REVIEW_REJECTED",
  });
}

/** The receipt of a decision: who decided what, when and why, on which action; used here and nowhere else. */
function recordDecision(context: SessionContext, review: ReviewRow, answer: Answer, toState: SessionState): void {
  const { store, ledger, deps } = context;
  const { org } = store.requireSession();
  // A run that waits has asked under the id of the receipt: what rests on it names it.
  const approvalId = "requestId" in review.subject ? review.subject.requestId : ulidId("APR", deps.now());
  const { decision, note: reason } = answer;
  const granted = { approvalId, reviewId: review.reviewId, approver: answer.decidedBy, actionDigest: review.actionDigest };
  store.addApproval({ ...granted, decision, reason }, deps.now());
  const subject = "artifactId" in review.subject ? review.subject.artifactId : store.artifactOfType("Signal")?.id;
  if (subject === undefined) throw new Error("A decision without a subject.");
  const decidedAt = new Date(deps.now()).toISOString();
  const receipt: ApprovalReceipt = { ...granted, decidedAt, decision, reason, action: review.action, matter: review.subject.matter, org };
  ledger.artifact(
    {
      id: approvalId,
      type: "ApprovalReceipt",
      data: receipt,
      parents: [subject],
    },
    [{ source: approvalId, rel: "source_ref", target: subject }],
  );
  if (decision !== "rejected") ledger.event("APPROVAL_GRANTED", { ...granted, fromState: review.inState, toState });
}

function compile(context: SessionContext, intentId: string, answer: Answer): void {
  const { ledger } = context;
  if (answer.decision === "amended") amendIntent(context, intentId, answer);
  moveTo(context, "COMPILING", { mediation: "compiling" });
  ledger.event("COMPILATION_STARTED", {
    fromState: "AWAITING_APPROVAL",
    toState: "COMPILING",
    reason: `${answer.decidedBy} approved the intent specification.`,
    trigger: answer.decision,
  });
  ledger.compile();
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

function budgetReport({ store }: SessionContext, reportSeq: number): BudgetReport {
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
