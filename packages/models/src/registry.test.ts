import { FactoryError } from "@factory/schemas";
import { expect, test } from "vitest";
import { costOf, judgingFamily, MODEL_ALIASES, modelFamily, readPrices, resolveModel } from "./index.ts";

const errorOf = (run: () => unknown): FactoryError => {
  try {
    run();
  } catch (err) {
    if (err instanceof FactoryError) return err;
    throw err;
  }
  throw new Error("It did not throw.");
};

test("an alias that nothing names is the offline model", () => {
  for (const alias of MODEL_ALIASES.filter((name) => name !== "local/embed")) {
    const { model, members } = resolveModel(alias, {});
    expect(members).toEqual([{ provider: "offline", modelId: "offline", family: "offline" }]);
    expect([model.provider, model.modelId]).toEqual(["offline", "offline"]);
  }
});

test("a list is a chain whose members keep their order and know their families", () => {
  const env = {
    FACTORY_MODELS: JSON.stringify({ "factory/coder": ["openai:org/qwen3-coder:30b", "openai:gpt-5.5", "offline"] }),
    MODEL_BASE_URL: "http://127.0.0.1:9/v1",
  };
  expect(resolveModel("factory/coder", env).members).toEqual([
    { provider: "openai", modelId: "org/qwen3-coder:30b", family: "qwen" },
    { provider: "openai", modelId: "gpt-5.5", family: "gpt" },
    { provider: "offline", modelId: "offline", family: "offline" },
  ]);
});

test.each([
  ["an alias that does not exist", "factory/poet", {}, "factory/architect"],
  ["text that is not JSON", "factory/coder", { FACTORY_MODELS: "gpt" }, "FACTORY_MODELS is not JSON"],
  ["an alias that does not exist in the table", "factory/coder", { FACTORY_MODELS: '{"factory/poet":"offline"}' }, "FACTORY_MODELS is not usable"],
  ["a provider that does not exist", "factory/coder", { FACTORY_MODELS: '{"factory/coder":"acme:large"}' }, "openai:<model>"],
  ["an empty chain", "factory/coder", { FACTORY_MODELS: '{"factory/coder":[]}' }, "FACTORY_MODELS is not usable"],
  ["a server without an address", "factory/coder", { FACTORY_MODELS: '{"factory/coder":"openai:gpt-5.5"}' }, "set MODEL_BASE_URL"],
  ["embeddings without a server", "local/embed", {}, "no offline embedding model"],
])("%s is refused with what to set", (_, alias, env, text) => {
  const error = errorOf(() => resolveModel(alias, env));
  expect(error.code).toBe("MODEL_CONFIG");
  expect(error.message).toContain(text);
});

test("the price of an unknown model is unknown, the offline model costs nothing", () => {
  expect(costOf("offline", {})).toBe(0);
  expect(costOf("some-model", { input: 1_000, output: 1_000 })).toBeUndefined();
  const table = [{ pattern: /^some-/, inputUsd: 2, outputUsd: 10 }];
  expect(costOf("some-model", { input: 500_000, output: 100_000 }, table)).toBe(2);
  expect(costOf("some-model", { input: 500_000 }, table)).toBeUndefined();
});

test("prices come from the environment: the first name that matches holds, and a star stands for any text", () => {
  const table = readPrices('{"gpt-5.5":{"input":1.25,"output":10},"gpt-*":{"input":2,"output":4},"org/qwen3.*":{"input":0,"output":0}}');
  const million = { input: 1_000_000, output: 1_000_000 };
  expect(costOf("gpt-5.5", million, table)).toBe(11.25);
  expect(costOf("gpt-4o", million, table)).toBe(6);
  expect(costOf("org/qwen3.coder", {}, table)).toBe(0);
  // A dot is a dot, and nothing before or after a name is read over.
  expect(costOf("gpt-5x5-", million, readPrices('{"gpt-5.5":{"input":1,"output":1}}'))).toBeUndefined();
  expect(costOf("my-gpt-5.5", million, table)).toBeUndefined();
  expect([readPrices(undefined), readPrices(" ")]).toEqual([[], []]);
  expect(resolveModel("factory/coder", { FACTORY_MODEL_PRICES: '{"offline":{"input":1,"output":1}}' }).prices).toHaveLength(1);
});

test.each([
  ["no JSON", "{", "is not JSON"],
  ["a price below zero", '{"gpt":{"input":-1,"output":1}}', "FACTORY_MODEL_PRICES is not usable"],
  ["half a price", '{"gpt":{"input":1}}', "FACTORY_MODEL_PRICES is not usable"],
  ["a list", "[]", "FACTORY_MODEL_PRICES is not usable"],
])("prices with %s are refused with what to mend", (_, text, message) => {
  const error = errorOf(() => readPrices(text));
  expect(error.code).toBe("MODEL_CONFIG");
  expect(error.message).toContain(message);
});

test("a judge comes from a family that wrote nothing of what it judges, and the offline model is none", () => {
  const env = {
    FACTORY_MODELS: JSON.stringify({
      "factory/architect": ["openai:qwen3:30b", "openai:gpt-5.5"],
      "factory/critic": "openai:llama-4",
      "factory/coder": "openai:gpt-5.5-codex",
      "factory/fast": ["openai:llama-4", "offline"],
    }),
    MODEL_BASE_URL: "http://127.0.0.1:9/v1",
  };
  const [architect, critic, coder, mixed, offline] = ["factory/architect", "factory/critic", "factory/coder", "factory/fast", "factory/cheap"].map((alias) =>
    resolveModel(alias, env),
  );
  if (architect === undefined || critic === undefined || coder === undefined || mixed === undefined || offline === undefined)
    throw new Error("No alias resolves.");
  expect([architect, critic, mixed, offline].map(modelFamily)).toEqual(["qwen+gpt", "llama", "llama+offline", "offline"]);
  expect(judgingFamily(architect, critic)).toBe("llama");
  expect(judgingFamily(architect, coder)).toBeUndefined();
  expect(judgingFamily(architect, offline)).toBeUndefined();
  expect(judgingFamily(architect, mixed)).toBeUndefined();
  expect(judgingFamily(offline, critic)).toBe("llama");
});
