/**
 * The semantic review: whether the intent specification says what the order says. The platform lays both side by side; a
 * judge of another model family than the author's looks once more. Only what is approved goes on.
 */
import {
  MAX_REVISIONS,
  PLANNER_ALIAS,
  alignIntent,
  orderLinesForReview,
  semanticFindings,
  semanticReviewPrompt,
  semanticReviewReport,
  semanticReviewSchema,
  semanticReviewSystem,
  semanticVerdict,
} from "@factory/planning";
import type { JudgeOutcome, SemanticAlignment, SemanticVerdict } from "@factory/planning";
import { artifactNode, intentSpecification } from "@factory/schemas";
import type { IntentSpecification } from "@factory/schemas";
import type { SessionContext } from "./context.ts";
import { askJudge } from "./judge.ts";
import { rerunPass } from "./pass-attempts.ts";
import { approvedConstraints, openReview } from "./reviews.ts";

const PASS = "write-intent-specification";

/**
 * Reviews the intent specification as it is now. What needs a revision goes back to its author with the findings, at most
 * twice; everything else that is not approved goes to a person, and so does what a judge was to see that never answered.
 *
 * @throws RetryableError when the judge did not answer and may still be asked.
 */
export async function runSemanticReview(context: SessionContext, signal: AbortSignal): Promise<void> {
  const { store, planning } = context;
  // What people answered since stands among the constraints, in the order's as in the artifact's.
  const order = { ...store.request().order, constraints: approvedConstraints(context) };
  const artifactId = planning.passes().get(PASS);
  if (artifactId === undefined) throw new Error("There is no intent specification to review.");
  const intent = intentSpecification.parse(store.artifact(artifactId).data);
  const alignment = alignIntent(intent, order, notesOfPeople(context));
  const judge = await judgeIntent(context, artifactId, intent, signal);
  store.transaction(() => {
    const { ending, state } = store.requireSession();
    const current = ending === null && state === "COMMISSIONING" && planning.passes().get(PASS) === artifactId;
    if (current && planning.semanticReview(artifactId) === null) conclude(context, artifactId, alignment, judge);
  });
}

async function judgeIntent(context: SessionContext, artifactId: string, intent: IntentSpecification, signal: AbortSignal): Promise<JudgeOutcome> {
  const { store, planning } = context;
  const { order, orderText } = store.request();
  const lines = orderLinesForReview(orderText, order);
  const question = {
    purpose: "review-intent",
    system: semanticReviewSystem(),
    prompt: semanticReviewPrompt(lines, intent, notesOfPeople(context)),
    schema: semanticReviewSchema(lines, intent),
    signal,
  };
  // What is written again word for word is another question: attempts at the one before do not count against it.
  const judged = await askJudge(context, PLANNER_ALIAS, question, `${artifactId} after ${planning.passReruns(PASS).length} revisions`);
  if (judged.kind === "judged") return { kind: "judged", family: judged.family, review: judged.value };
  return judged.kind === "unanswered" ? { ...judged, kind: "unusable" } : judged;
}

/** What people have added to the order while it was planned: the artifact may rest on it. */
function notesOfPeople({ store }: SessionContext): string[] {
  return (["pass", "uncertainty", "semantic-review"] as const)
    .flatMap((matter) => store.closedReviews(matter))
    .filter(({ decision }) => decision === "amended")
    .flatMap(({ note }) => note ?? []);
}

function conclude(context: SessionContext, artifactId: string, alignment: SemanticAlignment, judge: JudgeOutcome): void {
  const { store, planning, ledger, deps } = context;
  const verdict = semanticVerdict(alignment, judge);
  const report = semanticReviewReport(alignment, judge, artifactId);
  const node = artifactNode("VR", "VerificationReport", store.requireSession().org, { ...report, verdict }, [artifactId]);
  ledger.artifact(node, [{ source: artifactId, rel: "gate_result", target: node.id }]);
  ledger.event("VERIFICATION_PRODUCED", {
    verificationId: node.id,
    verificationType: "SEMANTIC_REVIEW",
    outcome: report.outcome,
    subjectId: artifactId,
    summary: summaryOf(verdict, alignment, judge, report.remediation),
    failedCriteria: report.checked.filter(({ outcome }) => outcome !== "PASS").map(({ check }) => check),
  });
  const passed = verdict === "approved";
  planning.addSemanticReview({ artifactId, reportId: node.id, verdict: verdict === "uncertain" ? "needs_revision" : verdict, passed });
  store.patch({ stuck: null }, deps.now());
  if (passed) return;
  const findings = semanticFindings(alignment, judge);
  if (verdict === "needs_revision" && planning.passReruns(PASS).length < MAX_REVISIONS) rerunPass(context, PASS, findings);
  else askPerson(context, artifactId, node.id, verdict, report.remediation);
}

function summaryOf(verdict: SemanticVerdict, { citations, findings }: SemanticAlignment, judge: JudgeOutcome, remediation: readonly string[]): string {
  if (verdict !== "approved") return `${verdict}: ${remediation.join(" ")}`;
  const judged = judge.kind === "judged" ? `approved by a judge of the family ${judge.family}` : "not judged by a second model family";
  return `${citations.length} statements rest on a line of the order, ${findings.length} differ; ${judged}.`;
}

function askPerson(context: SessionContext, artifactId: string, reportId: string, verdict: SemanticVerdict, remediation: readonly string[]): void {
  const reruns = context.planning.passReruns(PASS).length;
  openReview(context, {
    subject: { matter: "semantic-review", artifactId, reportId },
    reviewType: "HUMAN_REVIEW",
    toState: "IN_REVIEW",
    action: `Go on with the intent specification ${artifactId} although its review says ${verdict}`,
    promptText: [
      `The intent specification does not say what the order says, as far as the review can tell: ${verdict}${reruns === 0 ? "" : ` after ${reruns} revisions`}.`,
      ...remediation.map((line) => `- ${line}`),
      "Approve to go on with it as it is. Amend to have it written anew with your note. Reject to end the session.",
    ].join("\n"),
    context: { artifactId, reportId, verdict },
  });
}
