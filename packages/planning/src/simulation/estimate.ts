/** What a plan is going to take: model calls, tokens and money as ranges that follow from directives, policies and prices. */
import { ATTEMPT_BOUNDS } from "@factory/gears";
import type { AtomDirective } from "@factory/schemas";
import type { PlanEstimate, PlannedAtom, Range } from "./plan.ts";

/** One model that may answer for an alias. */
export type EstimateModel = {
  readonly modelId: string;
  /** False for a model that works without tokens. */
  readonly countsTokens: boolean;
  /** US dollars; undefined when the price is not known. */
  readonly costUsd: (tokens: { readonly input: number; readonly output: number }) => number | undefined;
};

/** The models behind an alias, in the order they are tried; empty when nothing answers for it. */
export type EstimateModels = (alias: string) => readonly EstimateModel[];

/** One question that a run asks beside its beads, as it was asked in the simulation. */
export type AskedQuestion = { readonly alias: string; readonly promptChars: number; readonly answerChars: number };

/** What an estimate is made from. */
export type EstimateInput = {
  readonly questions: readonly AskedQuestion[];
  readonly atoms: readonly PlannedAtom[];
  /** The directives of the beads that a model works on. */
  readonly directives: readonly Pick<AtomDirective, "instructions" | "retryPolicy" | "budgetUsd" | "model">[];
  readonly models: EstimateModels;
  readonly planningMs: number | null;
};

/** Characters of English text and code that one token stands for, on average. */
const CHARS_PER_TOKEN = 4;
/** Turns of a question: the answer, and one repair. */
const MOST_TURNS = 2;
/** Calls of an attempt that goes well: one that writes, one that reports. */
const LEAST_CALLS = 2;
/** Tokens of the shortest answer that is of use: a call of a tool with a file of one line. */
const LEAST_OUTPUT_TOKENS = 30;
/** Tokens that a price is asked for. */
const MILLION = 1_000_000;

/** The estimate of a plan. */
export function estimatePlan({ questions, atoms, directives, models, planningMs }: EstimateInput): PlanEstimate {
  const parts = [...questions.map((question) => questionPart(question, models)), ...directives.map((directive) => beadPart(directive, models))];
  const aliases = [...new Set([...questions.map(({ alias }) => alias), ...directives.map(({ model }) => model.alias)])].sort();
  const unpriced = [...new Set(parts.flatMap((part) => part.unpriced))].sort();
  return {
    beads: atoms.length,
    verifiedBeads: atoms.length - directives.length,
    modelCalls: sum(parts.map(({ calls }) => calls)),
    tokens: sum(parts.map(({ tokens }) => tokens)),
    costUsd: unpriced.length > 0 ? null : sum(parts.map(({ costUsd }) => costUsd)),
    unpriced,
    models: Object.fromEntries(aliases.map((alias) => [alias, models(alias).map(({ modelId }) => modelId)])),
    planningMs,
    longestChain: Math.max(0, ...atoms.map(({ level }) => level)),
    basis: [
      `At least: every question is answered at once, and every bead is done in its first attempt with ${LEAST_CALLS} calls; ${CHARS_PER_TOKEN} characters are taken for a token.`,
      `At most: one repair of each answer, all attempts of each retry policy with ${ATTEMPT_BOUNDS.steps} steps each, and each attempt spends the budget of its directive.`,
      "Not counted: amendments, molecules that are judged again, what a judge is asked after planning, and what a model's server repeats.",
    ],
  };
}

type Part = { readonly calls: Range; readonly tokens: Range; readonly costUsd: Range; readonly unpriced: readonly string[] };
type Tokens = { readonly input: number; readonly output: number };

function questionPart({ alias, promptChars, answerChars }: AskedQuestion, models: EstimateModels): Part {
  const input = tokensOf(promptChars);
  const least = { input, output: tokensOf(answerChars) };
  const most = { input: MOST_TURNS * input + ATTEMPT_BOUNDS.outputTokens, output: MOST_TURNS * ATTEMPT_BOUNDS.outputTokens };
  const members = models(alias);
  const counted = members.some(({ countsTokens }) => countsTokens);
  const dearest = costs(members, most);
  return {
    calls: { min: 1, max: MOST_TURNS },
    tokens: counted ? { min: least.input + least.output, max: most.input + most.output } : { min: 0, max: 0 },
    costUsd: { min: Math.min(...costs(members, least)), max: Math.max(...dearest) },
    unpriced: unpricedOf(members),
  };
}

function beadPart({ instructions, retryPolicy, budgetUsd, model }: EstimateInput["directives"][number], models: EstimateModels): Part {
  const members = models(model.alias);
  const { maxAttempts } = retryPolicy;
  const least = { input: LEAST_CALLS * tokensOf(instructions.length), output: LEAST_CALLS * LEAST_OUTPUT_TOKENS };
  const min = Math.min(...costs(members, least));
  // An attempt is stopped after the call by which it spends more than its directive's budget; what costs nothing spends none.
  const free = Math.max(...costs(members, { input: MILLION, output: MILLION })) === 0;
  return {
    calls: { min: LEAST_CALLS, max: maxAttempts * (ATTEMPT_BOUNDS.steps + 1) },
    tokens: members.some(({ countsTokens }) => countsTokens)
      ? { min: least.input + least.output, max: boughtTokens(members, maxAttempts * budgetUsd) }
      : { min: 0, max: 0 },
    costUsd: { min, max: free ? 0 : Math.max(min, maxAttempts * budgetUsd) },
    unpriced: unpricedOf(members),
  };
}

const tokensOf = (chars: number): number => Math.ceil(chars / CHARS_PER_TOKEN);

/** Known costs of a chain's members; of none known, nothing: the part is then unpriced and its cost is not used. */
function costs(members: readonly EstimateModel[], tokens: Tokens): number[] {
  const known = members.flatMap(({ costUsd }) => costUsd(tokens) ?? []);
  return known.length === 0 ? [0] : known;
}

function unpricedOf(members: readonly EstimateModel[]): string[] {
  return members.filter(({ costUsd }) => costUsd({ input: MILLION, output: MILLION }) === undefined).map(({ modelId }) => modelId);
}

/** How many tokens money buys at the lowest price; null when that price is zero or not known. */
function boughtTokens(members: readonly EstimateModel[], usd: number): number | null {
  const prices = members.flatMap(({ costUsd }) => [costUsd({ input: MILLION, output: 0 }), costUsd({ input: 0, output: MILLION })]);
  const lowest = Math.min(...prices.map((price) => price ?? 0));
  return lowest > 0 ? Math.ceil((usd / lowest) * MILLION) : null;
}

/** Both bounds added up; without an upper bound where one part has none. */
function sum(ranges: readonly Range[]): Range {
  return {
    min: ranges.reduce((total, { min }) => total + min, 0),
    max: ranges.reduce<number | null>((total, { max }) => (total === null || max === null ? null : total + max), 0),
  };
}
