/** The semantic review of a simulation: what differs from the order goes back to its author, and then to a person. */
import { intentSpecification } from "@factory/schemas";
import type { ArtifactNode, VerificationReport } from "@factory/schemas";
import { CRITIC_ALIAS } from "../aliases.ts";
import { alignIntent } from "../semantic-alignment.ts";
import {
  MAX_REVISIONS,
  orderLinesForReview,
  semanticFindings,
  semanticReviewPrompt,
  semanticReviewReport,
  semanticReviewSchema,
  semanticReviewSystem,
  semanticVerdict,
} from "../semantic-review.ts";
import type { JudgeOutcome } from "../semantic-review.ts";
import { simulatePass } from "./passes.ts";
import type { PassesInput, PassesResult } from "./passes.ts";

const PASS = "write-intent-specification";

/** Whether a model of another family than the author's may judge, or why there is none. */
export type SimulatedJudge = { readonly ok: true; readonly family: string } | { readonly ok: false; readonly reason: string };

/** What a review rests on. */
export type ReviewInput = PassesInput & { readonly text: string; readonly judge: SimulatedJudge };

/** The passes as they are after the review, with its report; null where no model answered. */
export type ReviewResult = { readonly passes: PassesResult; readonly report: VerificationReport | null };

/** Reviews the intent specification that the passes have come to. */
export async function simulateReview(input: ReviewInput, before: PassesResult): Promise<ReviewResult> {
  let passes = before;
  for (let revisions = 0; ; revisions++) {
    const intent = passes.artifacts["IntentSpecification"];
    if (intent === undefined || passes.question !== null || passes.failure !== null) return { passes, report: null };
    const alignment = alignIntent(intentSpecification.parse(intent.data), input.order);
    const asked = await judgeOf(input, intent, passes);
    passes = asked.passes;
    if (passes.failure !== null) return { passes, report: null };
    const report = semanticReviewReport(alignment, asked.judge, intent.id);
    const verdict = semanticVerdict(alignment, asked.judge);
    if (verdict === "approved") return { passes, report };
    if (verdict !== "needs_revision" || revisions === MAX_REVISIONS) return { passes: askPerson(passes, report, verdict, revisions), report };
    passes = await simulatePass(input, PASS, passes, semanticFindings(alignment, asked.judge));
  }
}

type Asked = { readonly judge: JudgeOutcome; readonly passes: PassesResult };

async function judgeOf({ order, text, judge, ask }: ReviewInput, node: ArtifactNode, passes: PassesResult): Promise<Asked> {
  if (!judge.ok) return { judge: { kind: "not-judged", reason: judge.reason }, passes };
  const { family } = judge;
  const intent = intentSpecification.parse(node.data);
  const lines = orderLinesForReview(text, order);
  const system = semanticReviewSystem();
  const prompt = semanticReviewPrompt(lines, intent);
  const answer = await ask({ alias: CRITIC_ALIAS, purpose: "review-intent", system, prompt, schema: semanticReviewSchema(lines, intent) });
  const question = { alias: CRITIC_ALIAS, promptChars: system.length + prompt.length, answerChars: answer.ok ? JSON.stringify(answer.value).length : 0 };
  const after = { ...passes, asked: [...passes.asked, question] };
  if (answer.ok) return { judge: { kind: "judged", family, review: answer.value }, passes: after };
  const unusable: JudgeOutcome = { kind: "unusable", family, reason: answer.message };
  if (answer.code === "MODEL_OUTPUT_INVALID") return { judge: unusable, passes: after };
  return { judge: unusable, passes: { ...after, failure: { code: answer.code, message: `Semantic review: ${answer.message}` } } };
}

function askPerson(passes: PassesResult, { remediation }: VerificationReport, verdict: string, revisions: number): PassesResult {
  const after = revisions === 0 ? "" : ` after ${revisions} revisions`;
  const question = `Is the intent specification to be taken although its review says ${verdict}${after}? ${remediation.join(" ")}`;
  return { ...passes, question: { matter: "semantic-review", state: "COMMISSIONING", certain: true, question, claims: [] } };
}
