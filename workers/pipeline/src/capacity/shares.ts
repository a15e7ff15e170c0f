/**
 * How an org's operative slots are shared among its runs: pure arithmetic on what each run wants. Everybody gets one slot
 * before anybody gets a second; whose turn comes first follows from how long a run has waited and from its priority.
 */
import { PRIORITIES } from "@factory/schemas";
import type { Priority } from "@factory/schemas";
import { rankOf } from "../rank.ts";

/** A run that wants slots. */
export type Demand = {
  readonly runId: string;
  readonly want: number;
  readonly priority: Priority;
  /** Since when it waits for its turn, in epoch milliseconds. */
  readonly since: number;
};

/** Who comes first: less is earlier. A demand never gets later, so age wins against any priority in the end. */
export function byRank(a: Pick<Demand, "since" | "priority">, b: Pick<Demand, "since" | "priority">): number {
  return rankOf(a.since, a.priority) - rankOf(b.since, b.priority);
}

/**
 * The share of each run: no more than it wants, and all of them no more than `bound`. One slot each in the order of rank;
 * what is left goes slot by slot to whoever has least for its priority, so that an urgent run has four where one of low
 * priority has one.
 *
 * @param bound - slots of the org
 * @returns shares by run; a run that wants nothing is left out
 */
export function sharesOf(demands: readonly Demand[], bound: number): Map<string, number> {
  const queue = demands.filter(({ want }) => want > 0).toSorted((a, b) => byRank(a, b) || (a.runId < b.runId ? -1 : 1));
  const shares = queue.map((demand, place) => ({ demand, weight: PRIORITIES.indexOf(demand.priority) + 1, share: place < bound ? 1 : 0 }));
  for (let left = bound - Math.min(bound, shares.length); left > 0; left--) {
    const [next] = shares.filter(({ demand, share }) => share < demand.want).toSorted((a, b) => a.share / a.weight - b.share / b.weight);
    if (next === undefined) break;
    next.share += 1;
  }
  return new Map(shares.map(({ demand, share }) => [demand.runId, share]));
}
