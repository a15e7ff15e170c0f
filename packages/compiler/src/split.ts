/** Which examples of a claim are hidden. Decided by the order's content alone, before any operative exists. */
import { digestOf, sha256Hex } from "@factory/schemas";
import type { Example, WorkOrder } from "@factory/schemas";

export type ExampleSplit = { readonly visible: readonly Example[]; readonly holdout: readonly Example[] };

/** How many of `count` examples are hidden: none below 3, one for 3 to 5, a third from 6 on. See `domain.md` 9. */
export function holdoutCount(count: number): number {
  if (count < 3) return 0;
  return count < 6 ? 1 : Math.floor(count / 3);
}

/** Digest of an order; the same order has the same digest everywhere. */
export function orderDigest(order: WorkOrder): string {
  return digestOf(order);
}

/**
 * Splits examples into visible and hidden ones, both in document order. The hidden ones are those whose hash of
 * `(order digest, line)` is lowest, so that no one who writes or reads the order picks them.
 */
export function splitExamples(digest: string, examples: readonly Example[]): ExampleSplit {
  const ranked = examples
    .map((example, index) => ({ index, rank: sha256Hex(`${digest}:${example.line}`) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.index - b.index));
  const hidden = new Set(ranked.slice(0, holdoutCount(examples.length)).map(({ index }) => index));
  return { visible: examples.filter((_, index) => !hidden.has(index)), holdout: examples.filter((_, index) => hidden.has(index)) };
}
