/** The models that a plan asks: the offline one, a cassette, or real ones whose answers are kept on a cassette. */
import {
  type Cassette,
  configuredModels,
  costOf,
  generateStructured,
  judgingFamily,
  modelFamily,
  playing,
  readPrices,
  recording,
  resolveModel,
  type ModelAlias,
  type ModelEnvironment,
  type ResolvedModel,
} from "@factory/models";
import { CRITIC_ALIAS, PLANNER_ALIAS } from "../aliases.ts";
import type { EstimateModel, EstimateModels } from "./estimate.ts";
import type { PlanModel } from "./passes.ts";
import type { SimulatedJudge } from "./review.ts";

/** Where the answers of a plan come from. */
export type PlanSource =
  | { readonly kind: "offline" }
  | { readonly kind: "cassette"; readonly cassette: Cassette }
  /** The models of the environment are asked, which spends; their answers are added to the cassette. */
  | { readonly kind: "record"; readonly cassette: Cassette };

/** What a simulation asks, and what it would cost with the models of the environment. */
export type PlanModels = {
  readonly ask: PlanModel;
  readonly judge: SimulatedJudge;
  readonly models: EstimateModels;
  readonly planningMs: () => number | null;
  /** Who answers, for a person. */
  readonly answeredBy: string;
};

/** Longest wait for one answer, in milliseconds. */
const ANSWER_TIMEOUT_MS = 4 * 60_000;
/** How `configuredModels` names a model that a server answers. */
const SERVED = "openai:";

/**
 * Prepares the models of a plan.
 *
 * @throws FactoryError MODEL_CONFIG when the environment cannot be used; the message says what to set.
 */
export function planModels(source: PlanSource, env: ModelEnvironment): PlanModels {
  const heard = { ms: 0, answers: 0 };
  const hear = ({ durationMs }: { readonly durationMs: number }): void => {
    heard.ms += durationMs;
    heard.answers += 1;
  };
  const model = (alias: ModelAlias): ResolvedModel => modelOf(source, alias, env, hear);
  const [author, judge] = [model(PLANNER_ALIAS), model(CRITIC_ALIAS)];
  const family = judgingFamily(author, judge);
  return {
    ask: planModel({ [PLANNER_ALIAS]: author, [CRITIC_ALIAS]: judge }),
    judge: family === undefined ? { ok: false, reason: noJudge(source, author) } : { ok: true, family },
    models: estimateModels(env),
    planningMs: () => (heard.answers === 0 ? null : heard.ms),
    answeredBy: answererOf(source, author),
  };
}

function modelOf(source: PlanSource, alias: ModelAlias, env: ModelEnvironment, hear: (answer: { readonly durationMs: number }) => void): ResolvedModel {
  switch (source.kind) {
    case "offline":
      // An empty environment names no server, so nothing is asked of one whatever is configured.
      return resolveModel(alias, {});
    case "cassette":
      return playing(alias, source.cassette, hear);
    case "record":
      return recording(resolveModel(alias, env), source.cassette);
    default:
      return source satisfies never;
  }
}

function planModel(resolvedBy: { readonly [alias: string]: ResolvedModel }): PlanModel {
  return async ({ alias, purpose, system, prompt, schema }) => {
    const resolved = resolvedBy[alias];
    if (resolved === undefined) throw new TypeError(`A plan asks no ${alias}.`);
    const result = await generateStructured({ resolved, purpose, system, prompt, schema, timeoutMs: ANSWER_TIMEOUT_MS });
    const modelCalls = result.calls.length;
    if (result.ok) return { ok: true, value: result.value, modelId: result.calls.at(-1)?.modelId ?? alias, repaired: result.repaired, modelCalls };
    const message = result.issues.join("; ");
    switch (result.code) {
      case "MODEL_CONFIG":
        return { ok: false, code: "MODEL_CONFIG", message, modelCalls };
      case "MODEL_UNAVAILABLE":
      case "DEADLINE_EXCEEDED":
        return { ok: false, code: "MODEL_UNAVAILABLE", message, modelCalls };
      case "MODEL_OUTPUT_INVALID":
      case "INTERNAL":
        return { ok: false, code: "MODEL_OUTPUT_INVALID", message, modelCalls };
      default:
        return result.code satisfies never;
    }
  };
}

function noJudge(source: PlanSource, author: ResolvedModel): string {
  if (source.kind === "offline") return "not judged: a plan by the offline model asks no judge";
  const where = source.kind === "cassette" ? "on the cassette" : `beside ${modelFamily(author)}; set ${CRITIC_ALIAS} in FACTORY_MODELS`;
  return `not judged: no second model family ${where}`;
}

function answererOf({ kind }: PlanSource, { members }: ResolvedModel): string {
  const names = members.map(({ modelId }) => modelId).join(", ");
  switch (kind) {
    case "offline":
      return "the offline model; nothing was spent";
    case "cassette":
      return `a cassette of ${names === "" ? "no model" : names}; nothing was spent`;
    case "record":
      return `${names}, recorded`;
    default:
      return kind satisfies never;
  }
}

/** The models of the environment with what they cost. */
function estimateModels(env: ModelEnvironment): EstimateModels {
  const configured = configuredModels(env);
  const prices = readPrices(env.FACTORY_MODEL_PRICES);
  return (alias) =>
    (configured[alias] ?? []).map((name): EstimateModel => {
      const modelId = name.startsWith(SERVED) ? name.slice(SERVED.length) : name;
      return { modelId, countsTokens: name.startsWith(SERVED), costUsd: (tokens) => costOf(modelId, tokens, prices) };
    });
}
