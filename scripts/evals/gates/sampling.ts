/** A choice that is the same on every machine: ranked by hash, so that one more candidate moves no other. */
import { sha256Hex } from "@factory/schemas";

/**
 * At most `count` of the items, those whose hash of seed and key is lowest, in their own order.
 *
 * @param keyOf - a key that is unique among the items and says nothing of their place
 */
export function sample<T>(items: readonly T[], keyOf: (item: T) => string, seed: string, count: number): T[] {
  if (items.length <= count) return [...items];
  const ranked = items
    .map((item, index) => ({ index, rank: sha256Hex(`${seed}\0${keyOf(item)}`) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.index - b.index));
  const chosen = new Set(ranked.slice(0, count).map(({ index }) => index));
  return items.filter((_, index) => chosen.has(index));
}
