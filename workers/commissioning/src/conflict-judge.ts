/** Asks the critic whether the sentence an amendment adds contradicts another adopted specification. */
import { promptExample, taskBlock } from "@factory/compiler";
import { RetryableError } from "@factory/durable";
import type { ConflictAnswer, ConflictQuestion } from "@factory/factory-graph/verifier";
import { z } from "zod";
import type { SessionContext } from "./context.ts";

const SYSTEM = `You judge specifications of a software factory. One function is specified in several adopted specifications of the same assembly; a sentence is about to be added to one of them.
"contradicts": no implementation of the function can do what the sentence says and what another specification says. "compatible": one can. "unknown": what you see does not decide it.
Answer with one JSON object that fits the schema, and nothing else.`;

const answerSchema = z.strictObject({ verdict: z.enum(["compatible", "contradicts", "unknown"]), reason: z.string().min(1) });

/**
 * Asks once, with one repair turn; the calls are events whatever comes of it. A judge that gives no usable answer has not
 * judged.
 *
 * @param mayTryAgain - counts a try that got no answer; true while another one is allowed
 * @throws RetryableError when the model did not answer and another try is allowed.
 */
export async function judgeConflict(context: SessionContext, question: ConflictQuestion, mayTryAgain: () => boolean): Promise<ConflictAnswer> {
  const { store, ledger, deps } = context;
  const answer = await deps.critic({
    purpose: "judge-conflict",
    system: SYSTEM,
    prompt: conflictPrompt(question),
    schema: answerSchema,
    signal: new AbortController().signal,
  });
  store.transaction(() => {
    for (const call of answer.calls) ledger.event("MODEL_CALLED", call);
  });
  if (answer.ok) return answer.value;
  if (answer.code === "MODEL_UNAVAILABLE" && mayTryAgain()) {
    throw new RetryableError(answer.message, answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs });
  }
  return { verdict: "unknown", reason: `the critic gave no answer: ${answer.message}` };
}

/** The question with its facts; no hidden example is in it. */
function conflictPrompt({ functionName, claim, note, others }: ConflictQuestion): string {
  const shown = (one: ConflictQuestion["claim"]) => ({ ...one, visible: one.visible.map(promptExample) });
  return [
    `The function ${functionName} is in ${others.length + 1} specifications. To the claim ${claim.claimId} of one of them this is added: ${note}`,
    taskBlock({
      task: "judge-conflict",
      functionName,
      claim: shown(claim),
      note,
      others: others.map((other) => ({ ...other, claims: other.claims.map(shown) })),
    }),
  ].join("\n\n");
}
