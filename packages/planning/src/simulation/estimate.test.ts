import { describe, expect, it } from "vitest";
import { estimatePlan, type EstimateInput, type EstimateModel } from "./estimate.ts";

const PRICED: EstimateModel = { modelId: "big", countsTokens: true, costUsd: ({ input, output }) => (input * 2 + output * 10) / 1_000_000 };
const FREE: EstimateModel = { modelId: "offline", countsTokens: false, costUsd: () => 0 };
const UNPRICED: EstimateModel = { modelId: "secret", countsTokens: true, costUsd: () => undefined };

const bead = (changes: Partial<EstimateInput["directives"][number]> = {}): EstimateInput["directives"][number] => ({
  instructions: "x".repeat(400),
  retryPolicy: { maxAttempts: 3, backoffMs: 0 },
  budgetUsd: 0.5,
  model: { alias: "factory/coder", thinking: "low" },
  ...changes,
});
const estimate = (members: readonly EstimateModel[], changes: Partial<EstimateInput> = {}) =>
  estimatePlan({ questions: [], atoms: [], directives: [bead()], models: () => members, planningMs: null, ...changes });

describe("estimatePlan", () => {
  it("ranges from one attempt that goes well to every attempt that spends its directive's budget", () => {
    // At least: two calls with the 100 tokens of the instructions, 30 tokens of answer each.
    const { costUsd, modelCalls, tokens } = estimate([PRICED]);
    expect(costUsd).toEqual({ min: (200 * 2 + 60 * 10) / 1_000_000, max: 1.5 });
    expect(modelCalls).toEqual({ min: 2, max: 3 * 41 });
    // Three times half a dollar buys no more than this at the lower of both prices.
    expect(tokens).toEqual({ min: 260, max: 750_000 });
  });

  it("counts a question with its repair", () => {
    const { costUsd, modelCalls } = estimate([PRICED], { directives: [], questions: [{ alias: "factory/architect", promptChars: 4_000, answerChars: 400 }] });
    expect(modelCalls).toEqual({ min: 1, max: 2 });
    expect(costUsd).toEqual({ min: (1_000 * 2 + 100 * 10) / 1_000_000, max: (18_000 * 2 + 32_000 * 10) / 1_000_000 });
  });

  it("says nothing of cost when one price is not known, whatever the others are, and names the model", () => {
    const aliases: { readonly [alias: string]: readonly EstimateModel[] } = { "factory/coder": [PRICED], "factory/fast": [UNPRICED] };
    const mixed = estimate([], {
      directives: [bead(), bead({ model: { alias: "factory/fast", thinking: "none" } })],
      models: (alias) => aliases[alias] ?? [],
    });
    expect(mixed.costUsd).toBeNull();
    expect(mixed.unpriced).toEqual(["secret"]);
    expect(mixed.tokens).toMatchObject({ max: null });
    expect(mixed.models).toEqual({ "factory/coder": ["big"], "factory/fast": ["secret"] });
  });

  it("is zero only for models that are known to cost nothing", () => {
    expect(estimate([FREE])).toMatchObject({ costUsd: { min: 0, max: 0 }, tokens: { min: 0, max: 0 }, unpriced: [] });
    expect(estimate([{ ...UNPRICED, countsTokens: false }]).costUsd).toBeNull();
  });

  it("takes the cheapest member of a chain for the lower bound and the dearest for the upper one", () => {
    const cheap: EstimateModel = { ...PRICED, modelId: "small", costUsd: ({ input, output }) => (input + output) / 1_000_000 };
    const question = { alias: "factory/architect", promptChars: 4_000, answerChars: 400 };
    const { costUsd } = estimate([PRICED, cheap], { directives: [], questions: [question] });
    expect(costUsd).toEqual({ min: 1_100 / 1_000_000, max: (18_000 * 2 + 32_000 * 10) / 1_000_000 });
    expect(estimate([PRICED, UNPRICED]).costUsd).toBeNull();
  });

  it("is never below its lower bound, however small a directive's budget is", () => {
    const { costUsd } = estimate([PRICED], { directives: [bead({ budgetUsd: 0 })] });
    expect(costUsd).toEqual({ min: 0.001, max: 0.001 });
  });
});
