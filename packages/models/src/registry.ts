/**
 * Aliases and what they stand for. Directives and passes name an alias; the environment says which model answers it.
 *
 * @see `contracts.md` 6
 */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModelV4 } from "@ai-sdk/provider";
import { FactoryError } from "@factory/schemas";
import { z } from "zod";
import { withFallback } from "./fallback.ts";
import { createOfflineModel } from "./offline/offline-model.ts";
import { readPrices } from "./prices.ts";
import type { PriceTable } from "./prices.ts";

/** Every alias there is. */
export const MODEL_ALIASES = ["factory/architect", "factory/coder", "factory/critic", "factory/fast", "factory/cheap", "local/embed"] as const;
export type ModelAlias = (typeof MODEL_ALIASES)[number];

/** The variables that choose models; empty means unset. */
export type ModelEnvironment = {
  readonly FACTORY_MODELS?: string;
  readonly FACTORY_MODEL_PRICES?: string;
  readonly MODEL_BASE_URL?: string;
  readonly MODEL_API_KEY?: string;
};

/** One model of a chain. Models of one family err alike, so a judge is taken from another one. */
export type ModelMember = { readonly provider: "offline" | "openai"; readonly modelId: string; readonly family: string };

export type ResolvedModel = {
  readonly alias: ModelAlias;
  readonly model: LanguageModelV4;
  /** In the order they are tried. */
  readonly members: readonly ModelMember[];
  /** What calls of the members cost, as far as the environment says it. */
  readonly prices: PriceTable;
};

const OFFLINE: ModelMember = { provider: "offline", modelId: "offline", family: "offline" };

const spec = z.string().regex(/^(offline|openai:.+)$/, "must be `offline` or `openai:<model>`");
const configuration = z.partialRecord(z.enum(MODEL_ALIASES), z.union([spec, z.array(spec).min(1).max(5)]));

/**
 * The model an alias stands for; an alias that FACTORY_MODELS does not name is the offline model.
 *
 * @throws FactoryError MODEL_CONFIG when the environment cannot be used; the message says what to set.
 */
export function resolveModel(alias: string, env: ModelEnvironment): ResolvedModel {
  const known = MODEL_ALIASES.find((name) => name === alias);
  if (known === undefined) throw configError(`There is no model alias ${JSON.stringify(alias)}. One of: ${MODEL_ALIASES.join(", ")}.`);
  const chosen = readConfiguration(env)[known] ?? "offline";
  const members = (typeof chosen === "string" ? [chosen] : chosen).map(memberOf);
  if (known === "local/embed" && members.some(({ provider }) => provider === "offline")) {
    throw configError('There is no offline embedding model. Name one in FACTORY_MODELS: {"local/embed":"openai:<model>"}.');
  }
  const models = members.map((member) => ({ member, model: connect(member, env) }));
  return { alias: known, model: withFallback(models), members, prices: readPrices(env.FACTORY_MODEL_PRICES) };
}

/**
 * Every alias with the models behind it, `provider:model` (or `offline`), in the order they are tried; an alias that nothing
 * answers is left out.
 *
 * @throws FactoryError MODEL_CONFIG when the environment cannot be used.
 */
export function configuredModels(env: ModelEnvironment): { readonly [alias: string]: readonly string[] } {
  const configured = readConfiguration(env);
  const chosen = MODEL_ALIASES.map((alias) => [alias, configured[alias] ?? (alias === "local/embed" ? [] : "offline")] as const);
  return Object.fromEntries(chosen.flatMap(([alias, models]) => (models.length === 0 ? [] : [[alias, typeof models === "string" ? [models] : models]])));
}

function readConfiguration(env: ModelEnvironment): z.infer<typeof configuration> {
  const text = env.FACTORY_MODELS ?? "";
  if (text.trim() === "") return {};
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (err) {
    throw configError(`FACTORY_MODELS is not JSON: ${err instanceof Error ? err.message : String(err)}`);
  }
  const parsed = configuration.safeParse(json);
  if (parsed.success) return parsed.data;
  throw configError(`FACTORY_MODELS is not usable. ${z.prettifyError(parsed.error)}`);
}

function memberOf(text: string): ModelMember {
  if (text === "offline") return OFFLINE;
  const modelId = text.slice("openai:".length);
  return { provider: "openai", modelId, family: familyOf(modelId) };
}

/** The leading word of a model's name: `gpt-5.5` and `gpt-4o` are one family, `org/qwen3-coder` is `qwen`. */
function familyOf(modelId: string): string {
  const name = modelId.split("/").at(-1) ?? modelId;
  return /^[a-z]+/i.exec(name)?.[0].toLowerCase() ?? name;
}

/** The family of what answers an alias, such as `qwen`, `gpt` or `offline`; of a chain all of them, joined by `+`. */
export function modelFamily({ members }: Pick<ResolvedModel, "members">): string {
  return familiesOf(members).join("+");
}

/**
 * The family that may judge an author's work: none of its models is of the author's families, and one that answers from
 * structure alone judges nothing.
 *
 * @returns undefined when the judge would err as the author does, or cannot judge
 */
export function judgingFamily(author: Pick<ResolvedModel, "members">, judge: Pick<ResolvedModel, "members">): string | undefined {
  const authors = familiesOf(author.members);
  const judges = familiesOf(judge.members);
  const independent = judges.length > 0 && judges.every((family) => family !== OFFLINE.family && !authors.includes(family));
  return independent ? judges.join("+") : undefined;
}

function familiesOf(members: readonly ModelMember[]): string[] {
  return [...new Set(members.map(({ family }) => family))];
}

function connect(member: ModelMember, env: ModelEnvironment): LanguageModelV4 {
  if (member.provider === "offline") return createOfflineModel();
  const baseURL = env.MODEL_BASE_URL ?? "";
  if (baseURL === "") throw configError(`FACTORY_MODELS names openai:${member.modelId}; set MODEL_BASE_URL to its server, such as http://127.0.0.1:11434/v1.`);
  const apiKey = env.MODEL_API_KEY ?? "";
  const provider = createOpenAICompatible({
    name: "openai",
    baseURL,
    ...(apiKey === "" ? {} : { apiKey }),
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  return provider.languageModel(member.modelId);
}

function configError(message: string): FactoryError {
  return new FactoryError("MODEL_CONFIG", message);
}
