/** What calls cost. A model that is not in the table has an unknown price, never a price of zero. */
import { FactoryError } from "@factory/schemas";
import { z } from "zod";

/** US dollars per million tokens of the models whose name the pattern matches. */
export type Price = { readonly pattern: RegExp; readonly inputUsd: number; readonly outputUsd: number };

/** The first price whose pattern matches the model's name holds. */
export type PriceTable = readonly Price[];

const PRICES: PriceTable = [{ pattern: /^offline$/, inputUsd: 0, outputUsd: 0 }];

const MILLION = 1_000_000;

const usdPerMillion = z.number().nonnegative().max(1_000_000);
const configuration = z.record(z.string().min(1).max(128), z.strictObject({ input: usdPerMillion, output: usdPerMillion }));

/**
 * Cost of a call in US dollars, or undefined when the model's price or the token counts are not known.
 *
 * @param table - prices to use before the built-in ones
 */
export function costOf(
  modelId: string,
  tokens: { readonly input?: number | undefined; readonly output?: number | undefined },
  table: PriceTable = [],
): number | undefined {
  const price = [...table, ...PRICES].find(({ pattern }) => pattern.test(modelId));
  if (price === undefined) return undefined;
  if (price.inputUsd === 0 && price.outputUsd === 0) return 0;
  if (tokens.input === undefined || tokens.output === undefined) return undefined;
  return (tokens.input * price.inputUsd + tokens.output * price.outputUsd) / MILLION;
}

/**
 * Reads FACTORY_MODEL_PRICES: a JSON object from model names to US dollars per million tokens; `*` in a name stands for any
 * text. The first entry that matches holds. Empty means that no price is known.
 *
 * @throws FactoryError MODEL_CONFIG when it cannot be used; the message says what is wrong.
 * @example readPrices('{"gpt-5.5": {"input": 1.25, "output": 10}, "qwen*": {"input": 0, "output": 0}}')
 */
export function readPrices(text: string | undefined): PriceTable {
  if (text === undefined || text.trim() === "") return [];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (err) {
    throw new FactoryError("MODEL_CONFIG", `FACTORY_MODEL_PRICES is not JSON: ${err instanceof Error ? err.message : String(err)}`);
  }
  const parsed = configuration.safeParse(json);
  if (!parsed.success) throw new FactoryError("MODEL_CONFIG", `FACTORY_MODEL_PRICES is not usable. ${z.prettifyError(parsed.error)}`);
  return Object.entries(parsed.data).map(([name, { input, output }]) => ({ pattern: patternOf(name), inputUsd: input, outputUsd: output }));
}

function patternOf(name: string): RegExp {
  const literal = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  return new RegExp(`^${name.split("*").map(literal).join(".*")}$`);
}
