/** The judge of what models have written: which model may judge, and what it is asked. */
import { RetryableError } from "@factory/durable";
import { judgingFamily, modelFamily } from "@factory/models";
import type { ModelAlias, ResolvedModel } from "@factory/models";
import { CRITIC_ALIAS } from "@factory/planning";
import { FactoryError } from "@factory/schemas";
import type { PlanQuestion, SessionContext } from "./context.ts";
import { MAX_FRUITLESS_ATTEMPTS } from "./pass-attempts.ts";
import type { JudgingRow } from "./planning-store.ts";

/** Whether there is a model that may judge an author, and why not. */
export type JudgeChoice = { readonly ok: true; readonly family: string } | { readonly ok: false; readonly reason: string };

/**
 * What came of asking: an answer that fits its schema, nobody to ask, a judge that gave no usable answer, or one that never
 * gave any. Only the first is a judgement, and only where nobody can be asked does work go on without one.
 */
export type Judgement<T> =
  | { readonly kind: "judged"; readonly family: string; readonly value: T }
  | { readonly kind: "not-judged"; readonly reason: string }
  | { readonly kind: "unusable"; readonly family: string; readonly reason: string }
  | { readonly kind: "unanswered"; readonly family: string; readonly reason: string };

/** The critic judges only what models of another family have written: a family overlooks its own errors. */
export function chooseJudge(author: ModelAlias, resolve: (alias: string) => ResolvedModel): JudgeChoice {
  try {
    const writer = resolve(author);
    const family = judgingFamily(writer, resolve(CRITIC_ALIAS));
    if (family !== undefined) return { ok: true, family };
    return { ok: false, reason: `not judged: no second model family beside ${modelFamily(writer)}; set ${CRITIC_ALIAS} in FACTORY_MODELS` };
  } catch (err) {
    if (err instanceof FactoryError && err.code === "MODEL_CONFIG") return { ok: false, reason: `not judged: ${err.message}` };
    throw err;
  }
}

/**
 * Asks the critic about what the models behind an alias have written, as the next attempt at this question. Its calls are
 * events whatever comes of it. After a bounded number of attempts without an answer it is asked no more: a person is to be.
 *
 * @param subject - what is judged: with the question's purpose it says which attempts count together
 * @throws RetryableError when the critic did not answer and may still be asked; calling again asks again.
 */
export async function askJudge<T>(context: SessionContext, author: ModelAlias, question: PlanQuestion<T>, subject: string): Promise<Judgement<T>> {
  const { store, planning, ledger, deps } = context;
  const { purpose } = question;
  const choice = deps.judgeOf(author);
  if (!choice.ok) return { kind: "not-judged", reason: choice.reason };
  const unanswered = (): Judgement<T> => ({ kind: "unanswered", family: choice.family, reason: silence(planning.judging(purpose, subject)) });
  if (planning.judging(purpose, subject).attempts >= MAX_FRUITLESS_ATTEMPTS) return unanswered();
  planning.beginJudging(purpose, subject);
  const answer = await deps.critic(question);
  const unavailable = !answer.ok && answer.code === "MODEL_UNAVAILABLE";
  const mayAskAgain = planning.judging(purpose, subject).attempts < MAX_FRUITLESS_ATTEMPTS;
  store.transaction(() => {
    for (const call of answer.calls) ledger.event("MODEL_CALLED", call);
    if (unavailable) planning.judgeWasSilent(purpose, subject, answer.message);
    if (unavailable && mayAskAgain) store.patch({ stuck: `${purpose}: ${answer.message} It is tried again.` }, deps.now());
  });
  if (answer.ok) return { kind: "judged", family: choice.family, value: answer.value };
  if (!unavailable) return { kind: "unusable", family: choice.family, reason: answer.message };
  if (!mayAskAgain) return unanswered();
  throw new RetryableError(answer.message, answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs });
}

function silence({ attempts, said }: JudgingRow): string {
  return `the judge did not answer in ${attempts} attempts: ${said ?? "the object that asked it went away each time"}`;
}
