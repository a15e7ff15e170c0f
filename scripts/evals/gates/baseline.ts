/** What the gates have to hold, and what they held when the baseline was committed. */
import { z } from "zod";
import { percent, share } from "./rates.ts";
import type { Rate } from "./rates.ts";

/** Least shares that are ever acceptable, whatever the baseline says. */
export const MUST_HOLD = { specifications: 0.95, code: 0.8 } as const;

const rate = z.strictObject({ seeded: z.number().int().nonnegative(), killed: z.number().int().nonnegative() });
const group = z.strictObject({ total: rate, operators: z.record(z.string(), rate) });

/** The committed figures. */
export const baselineSchema = z.strictObject({
  /** Seed of the sample that the figures are of. */
  seed: z.string(),
  specifications: group,
  code: group.extend({ visibleOnly: rate }),
});
export type Baseline = z.infer<typeof baselineSchema>;
/** What one evaluation measured; the same shape, so that it can become the baseline. A part that did not run is absent. */
export type Figures = Pick<Baseline, "seed"> & Partial<Pick<Baseline, "specifications" | "code">>;

/**
 * Why figures do not hold, in words; empty when they do. With a baseline of the same seed, no operator may kill a smaller
 * share than there, nor may one be gone.
 */
export function shortfalls(figures: Figures, baseline: Baseline | undefined): string[] {
  const compared = baseline?.seed === figures.seed ? baseline : undefined;
  return (["specifications", "code"] as const).flatMap((part) => {
    const now = figures[part];
    if (now === undefined) return [];
    const least = MUST_HOLD[part];
    const before = compared?.[part];
    return [
      ...(share(now.total) >= least ? [] : [`${part}: ${percent(now.total)} of the seeded defects are killed; at least ${least * 100} % have to be.`]),
      ...(before === undefined ? [] : [...fallen(`${part}, total`, now.total, before.total), ...fallenOperators(part, now.operators, before.operators)]),
    ];
  });
}

type Rates = { readonly [operator: string]: Rate };

function fallenOperators(part: string, now: Rates, before: Rates): string[] {
  return Object.entries(before).flatMap(([name, then]) => {
    const current = now[name];
    return current === undefined ? [`${part}: the operator ${name} seeds nothing any more.`] : fallen(`${part}, ${name}`, current, then);
  });
}

function fallen(what: string, now: Rate, before: Rate): string[] {
  return share(now) >= share(before) ? [] : [`${what}: ${percent(now)} are killed; the baseline has ${percent(before)}.`];
}
