/** Calls to other objects, a few at a time: a Worker may have six connections open. */

/** Calls of one operation at once. */
export const PARALLEL_CALLS = 6;

/** What the work makes of each item, in the order of the items. */
export async function inLanes<I, O>(items: readonly I[], work: (item: I) => Promise<O>): Promise<O[]> {
  const made: O[] = [];
  const waiting = [...items.entries()];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, item] = next;
      made[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_CALLS }, lane));
  return made;
}
