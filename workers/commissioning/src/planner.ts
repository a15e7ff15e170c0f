/** The planning model behind its alias. */
import { generateStructured } from "@factory/models";
import type { ResolvedModel } from "@factory/models";
import { FactoryError } from "@factory/schemas";
import type { PlanAnswer, Planner, PlanQuestion } from "./context.ts";

/** Longest wait for one answer, in milliseconds; two turns of it stay under the time an alarm has. */
const ANSWER_TIMEOUT_MS = 4 * 60_000;

/**
 * A planner over a model. It never throws for what a model, its server or the configuration does.
 *
 * @param resolve - the model as it is configured now; may throw FactoryError MODEL_CONFIG
 */
export function createPlanner(resolve: () => ResolvedModel): Planner {
  return async (question) => {
    const resolved = configured(resolve);
    if (resolved instanceof FactoryError) return { ok: false, code: "MODEL_CONFIG", message: resolved.message, calls: [] };
    return ask(resolved, question);
  };
}

function configured(resolve: () => ResolvedModel): ResolvedModel | FactoryError {
  try {
    return resolve();
  } catch (err) {
    if (err instanceof FactoryError && err.code === "MODEL_CONFIG") return err;
    throw err;
  }
}

async function ask<T>(resolved: ResolvedModel, { purpose, system, prompt, schema, signal }: PlanQuestion<T>): Promise<PlanAnswer<T>> {
  const result = await generateStructured({ resolved, purpose, system, prompt, schema, abortSignal: signal, timeoutMs: ANSWER_TIMEOUT_MS });
  const { calls } = result;
  if (result.ok) return { ok: true, value: result.value, modelId: calls.at(-1)?.modelId ?? resolved.alias, repaired: result.repaired, calls };
  const message = result.issues.join("; ");
  switch (result.code) {
    case "MODEL_CONFIG":
      return { ok: false, code: "MODEL_CONFIG", message, calls };
    case "MODEL_UNAVAILABLE":
    case "DEADLINE_EXCEEDED":
      return { ok: false, code: "MODEL_UNAVAILABLE", message, calls };
    // A failure nobody has a name for does not mend itself: a person sees it.
    case "MODEL_OUTPUT_INVALID":
    case "INTERNAL":
      return { ok: false, code: "MODEL_OUTPUT_INVALID", message, calls };
    default:
      return result.code satisfies never;
  }
}
