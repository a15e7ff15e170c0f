/** How well code does on examples its author never saw, and how far that falls behind those it saw. */
import type { FirstVerdict } from "@factory/schemas/rpc";
import { absent, type OrAbsent } from "./tri-state.ts";

/** Tests that passed and failed. */
export type PassCounts = { readonly passed: number; readonly failed: number };

/** Rates from 0 to 1, rounded to four decimals. */
export type Overfit = {
  readonly visibleRate: number;
  readonly holdoutRate: number;
  /** Visible rate minus holdout rate: above 0 the code knows what it was shown better than what was asked. */
  readonly gap: number;
  /** Wilson score interval of the holdout rate at 95 %. */
  readonly interval: { readonly low: number; readonly high: number };
};

/** Quantile of the normal distribution that leaves 2.5 % on each side. */
const Z_95 = 1.959963984540054;

/**
 * Wilson score interval of a proportion at 95 %, without continuity correction.
 *
 * @returns bounds from 0 to 1; undefined without a single trial
 * @throws RangeError for counts that are no whole numbers with 0 <= passed <= total
 * @see Wilson, E. B. (1927), JASA 22; Newcombe, R. G. (1998), Statistics in Medicine 17, method 3
 */
export function wilsonInterval(passed: number, total: number): { readonly low: number; readonly high: number } | undefined {
  if (!Number.isInteger(passed) || !Number.isInteger(total) || passed < 0 || passed > total) throw new RangeError(`${passed} of ${total} is no proportion.`);
  if (total === 0) return undefined;
  const rate = passed / total;
  const square = Z_95 ** 2;
  const centre = rate + square / (2 * total);
  const margin = Z_95 * Math.sqrt((rate * (1 - rate)) / total + square / (4 * total ** 2));
  const scale = 1 + square / total;
  // At the ends the formula gives 0 and 1 up to rounding; the bound is exact there.
  return { low: passed === 0 ? 0 : (centre - margin) / scale, high: passed === total ? 1 : (centre + margin) / scale };
}

/** The rates of a run; absent without hidden examples: nothing is known of what nobody ran, least of all that it is 100 %. */
export function overfitOf(visible: PassCounts, holdouts: PassCounts): OrAbsent<Overfit> {
  const hidden = holdouts.passed + holdouts.failed;
  const shown = visible.passed + visible.failed;
  const interval = wilsonInterval(holdouts.passed, hidden);
  if (interval === undefined) return absent("no hidden example was run");
  if (shown === 0) return absent("no visible check was run");
  const visibleRate = visible.passed / shown;
  const holdoutRate = holdouts.passed / hidden;
  return {
    visibleRate: rounded(visibleRate),
    holdoutRate: rounded(holdoutRate),
    gap: rounded(visibleRate - holdoutRate),
    interval: { low: rounded(interval.low), high: rounded(interval.high) },
  };
}

function rounded(rate: number): number {
  return Math.round(rate * 10_000) / 10_000;
}

/** A rate as people read it, in percent. */
export function percent(rate: number): string {
  return `${Math.round(rate * 1_000) / 10} %`;
}

/** What one run verdict counted. */
export type VerdictCounts = { readonly checks: PassCounts; readonly holdouts: PassCounts };

/** A run's first verdict as it is reported: what was counted, and the rates that these counts give. */
export type FirstVerdictFacts = {
  /** How often the terminal outcome bead had been re-opened before. */
  readonly cycle: number;
  readonly checks: PassCounts;
  readonly holdouts: OrAbsent<PassCounts>;
  readonly holdoutsByClaim: ({ readonly claimId: string } & PassCounts)[];
  readonly overfit: OrAbsent<Overfit>;
};

/** Counts of a first verdict with their rates; absent where it was not kept. */
export function firstVerdictFacts(first: FirstVerdict | undefined): OrAbsent<FirstVerdictFacts> {
  if (first === undefined) return absent(NOT_KEPT);
  const { cycle, checks, holdouts, holdoutsByClaim } = first;
  return {
    cycle,
    checks: { passed: checks.passed, failed: checks.failed },
    holdouts: countsOrAbsent(holdouts),
    holdoutsByClaim: holdoutsByClaim.map(({ claimId, passed, failed }) => ({ claimId, passed, failed })),
    overfit: overfitOf(checks, holdouts),
  };
}

const NOT_KEPT = "it was not kept";

/** Hidden examples that passed and failed; absent where none was run. */
export function countsOrAbsent({ passed, failed }: PassCounts): OrAbsent<PassCounts> {
  return passed + failed === 0 ? absent("no hidden example was run") : { passed, failed };
}

/**
 * How code did on hidden examples when they were first run and how it does now, in one sentence: the latter alone is 100 %
 * of whatever was accepted.
 *
 * @param first - the run's first verdict; undefined where it was not kept
 */
export function overfitText(first: VerdictCounts | undefined, last: VerdictCounts): string {
  return `At the first verdict: ${first === undefined ? `absent (${NOT_KEPT})` : ratesText(first)}; in the end: ${ratesText(last)}.`;
}

function ratesText({ checks, holdouts }: VerdictCounts): string {
  const overfit = overfitOf(checks, holdouts);
  if ("absent" in overfit) return `absent (${overfit.absent})`;
  const { visibleRate, holdoutRate, gap, interval } = overfit;
  const counted = `${holdouts.passed} of ${holdouts.passed + holdouts.failed} hidden examples`;
  return `${counted}, holdout rate ${percent(holdoutRate)} (95 % interval ${percent(interval.low)} to ${percent(interval.high)}), visible rate ${percent(visibleRate)}, overfit gap ${percent(gap)}`;
}
