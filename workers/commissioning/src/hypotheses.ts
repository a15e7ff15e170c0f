/** Asks the planning model for a hypothesis where the evidence alone does not decide. */
import { promptExample, taskBlock } from "@factory/compiler";
import { RetryableError, TerminalError } from "@factory/durable";
import { modelHypothesis } from "@factory/factory-graph";
import type { HypothesisEvidence, ModelHypothesis } from "@factory/factory-graph";
import type { SessionContext } from "./context.ts";

/** No hypothesis could be formed; a person is asked instead. */
export class HypothesisError extends TerminalError {
  override readonly name = "HypothesisError";
}

const SYSTEM = `You are the architect of a software factory. A unit of work failed its checks. Form one hypothesis of why, from the evidence alone.
SPECIFICATION_GAP: what was asked does not say enough, or contradicts itself. TOOLING_FAILURE: the means were missing. INVARIANT_MISMATCH: a watched constraint and the task exclude each other. ENVIRONMENTAL: the surroundings failed; its scope is always "none".
"earlier" are decisions on the same work or on the same function elsewhere, with what was weighed and rejected.
"instruction" tells the next attempt what to do differently, in at most three sentences; it is empty when the scope is "none".
Answer with one JSON object that fits the schema, and nothing else.`;

/**
 * Asks once, with one repair turn; the calls are events whatever comes of it.
 *
 * @throws RetryableError when the model did not answer, HypothesisError when its answer cannot be used.
 */
export async function askHypothesis(
  { store, ledger, deps }: SessionContext,
  evidence: HypothesisEvidence,
): Promise<{ readonly answer: ModelHypothesis; readonly modelId: string }> {
  const answer = await deps.planner({
    purpose: "form-hypothesis",
    system: SYSTEM,
    prompt: hypothesisPrompt(evidence),
    schema: modelHypothesis,
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
function hypothesisPrompt({ divergence, outcome, claim, trace, specification, elucidations }: HypothesisEvidence): string {
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
    }),
  ].join("\n\n");
}
