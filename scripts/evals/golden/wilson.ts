/** The interval in which a rate lies that was measured on few trials. */

/** Standard normal quantile of a two-sided interval of 95 %. */
const Z_95 = 1.959963984540054;

/**
 * The Wilson score interval of a rate at 95 %, each bound from 0 to 1.
 *
 * @throws RangeError when there was no trial, or more successes than trials
 * @see https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval
 */
export function wilsonInterval(successes: number, trials: number): { readonly low: number; readonly high: number } {
  if (!(trials > 0) || successes < 0 || successes > trials) throw new RangeError(`${successes} of ${trials} is no rate.`);
  const rate = successes / trials;
  const square = Z_95 ** 2;
  const centre = rate + square / (2 * trials);
  const spread = Z_95 * Math.sqrt((rate * (1 - rate)) / trials + square / (4 * trials ** 2));
  const scale = 1 + square / trials;
  // Rounding may carry a bound a hair over an end that it touches.
  return { low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) };
}
