/** What calls cost. A model that is not in the table has an unknown price, never a price of zero. */

type Price = { readonly pattern: RegExp; readonly inputUsd: number; readonly outputUsd: number };

/** US dollars per million tokens; the first pattern that matches the model's name holds. */
const PRICES: readonly Price[] = [{ pattern: /^offline$/, inputUsd: 0, outputUsd: 0 }];

const MILLION = 1_000_000;

/**
 * Cost of a call in US dollars, or undefined when the model's price or the token counts are not known.
 *
 * @param table - prices to use before the built-in ones
 */
export function costOf(
  modelId: string,
  tokens: { readonly input?: number | undefined; readonly output?: number | undefined },
  table: readonly Price[] = [],
): number | undefined {
  const price = [...table, ...PRICES].find(({ pattern }) => pattern.test(modelId));
  if (price === undefined) return undefined;
  if (price.inputUsd === 0 && price.outputUsd === 0) return 0;
  if (tokens.input === undefined || tokens.output === undefined) return undefined;
  return (tokens.input * price.inputUsd + tokens.output * price.outputUsd) / MILLION;
}
