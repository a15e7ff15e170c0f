/** Asks the planning model for a hypothesis where the evidence alone does not decide. */
import { promptExample, taskBlock } from "@factory/compiler";
import { RetryableError, TerminalError } from "@factory/durable";
import { isRunVerdictGap, modelHypothesis, modelRunVerdictHypothesis } from "@factory/factory-graph";
import type { HypothesisEvidence, ModelHypothesis } from "@factory/factory-graph";
import type { z } from "zod";
import type { SessionContext } from "./context.ts";

/** No hypothesis could be formed; a person is asked instead. */
export class HypothesisError extends TerminalError {
  override readonly name = "HypothesisError";
}

const SYSTEM = `You are the architect of a software factory. A unit of work failed its checks. Form one hypothesis of why, from the evidence alone.
SPECIFICATION_GAP: what was asked does not say enough, or contradicts itself. TOOLING_FAILURE: the means were missing. INVARIANT_MISMATCH: a watched constraint and the task exclude each other. ENVIRONMENTAL: the surroundings failed; its scope is always "none".
"earlier" are decisions on the same work or on the same function elsewhere, with what was weighed and rejected.
"concurrent" are divergences of other units that happened under the same specification; where "comesBefore" is true this unit waits for that one. Say so when one of them is the cause.
"instruction" tells the next attempt what to do differently, in at most three sentences; it is empty when the scope is "none".
Answer with one JSON object that fits the schema, and nothing else.`;

/** What is asked besides where every molecule has passed and the whole has not. */
const RUN_VERDICT = `Every part passed its own checks and the whole did not. Choose one cause as "runVerdict":
"criterion": the whole is judged by more than any claim asks for; only checks without a claim may be dropped. "integration": the parts do not fit together; one new unit can bring them together, and "instruction" says how. "specification": what is asked for cannot hold as a whole; a person decides.`;

/**
 * Asks once, with one repair turn; the calls are events whatever comes of it.
 *
 * @throws RetryableError when the model did not answer, HypothesisError when its answer cannot be used.
 */
export async function askHypothesis(
  { store, ledger, deps }: SessionContext,
  evidence: HypothesisEvidence,
): Promise<{ readonly answer: ModelHypothesis; readonly modelId: string }> {
  const ofRun = isRunVerdictGap(evidence.divergence);
  const schema: z.ZodType<ModelHypothesis> = ofRun ? modelRunVerdictHypothesis : modelHypothesis;
  const answer = await deps.planner({
    purpose: "form-hypothesis",
    system: ofRun ? `${SYSTEM}\n${RUN_VERDICT}` : SYSTEM,
    prompt: hypothesisPrompt(evidence),
    schema,
    signal: new AbortController().signal,
  });
  store.transaction(() => {
    for (const call of answer.calls) ledger.event("MODEL_CALLED", call);
  });
  if (answer.ok) return { answer: answer.value, modelId: answer.modelId };
  if (answer.code === "MODEL_UNAVAILABLE")
    throw new RetryableError(answer.message, answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs });
  throw new HypothesisError(`No hypothesis could be formed: ${answer.message}`);
}

/** The question with its facts. Neither hidden examples nor their values are in it. */
function hypothesisPrompt({ divergence, outcome, claim, trace, specification, elucidations, concurrent }: HypothesisEvidence): string {
  const { affectedBeadIds: _beads, failedHoldoutLines, hiddenLeft: _left, failedTree: _tree, ...seen } = divergence;
  return [
    `The claim ${claim.claimId} does not hold after ${divergence.cycle} amendments. Expected: ${divergence.expected}. Observed: ${divergence.observed}.`,
    taskBlock({
      task: "form-hypothesis",
      divergence: { ...seen, failedHoldouts: failedHoldoutLines.length, outcome },
      claim: { ...claim, visible: claim.visible.map(promptExample) },
      trace,
      specification,
      earlier: elucidations,
      concurrent,
    }),
  ].join("\n\n");
}
