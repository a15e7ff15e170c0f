/** Kill rates, counted. */

/** How many of some defects were killed. */
export type Rate = { readonly seeded: number; readonly killed: number };

/** Counts what a predicate holds for. */
export function rateOf<T>(items: readonly T[], isKilled: (item: T) => boolean): Rate {
  return { seeded: items.length, killed: items.filter(isKilled).length };
}

/** Rates of the groups of some items, by name and in order of it. */
export function ratesBy<T>(items: readonly T[], nameOf: (item: T) => string, isKilled: (item: T) => boolean): { readonly [name: string]: Rate } {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(nameOf(item), [...(groups.get(nameOf(item)) ?? []), item]);
  return Object.fromEntries([...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, group]) => [name, rateOf(group, isKilled)]));
}

/** The share that was killed, 0 to 1; 0 where nothing was seeded, since an empty set proves nothing. */
export function share({ seeded, killed }: Rate): number {
  return seeded === 0 ? 0 : killed / seeded;
}

/** A share for people: percent with one digit, never rounded up to what it is not. */
export function percent(rate: Rate): string {
  return `${(Math.floor(share(rate) * 1_000) / 10).toFixed(1)} %`;
}
