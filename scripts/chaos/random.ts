/** Random numbers that a seed replays: one stream a fault site, so that what one site draws never moves another. */

/** Draws a number from 0 (inclusive) to 1 (exclusive). */
export type Draw = () => number;

/** FNV-1a over the UTF-16 units of a text: 32 bits that differ for texts that differ a little. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/**
 * The stream of a site: the same seed and name give the same numbers, on every machine.
 *
 * @see https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32
 */
export function drawsOf(seed: number, site: string): Draw {
  let state = hash32(`${seed}/${site}`);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** A whole number from `from` to `to`, both included. */
export function between(draw: Draw, from: number, to: number): number {
  return from + Math.floor(draw() * (to - from + 1));
}

/** A copy in another order. */
export function shuffled<T>(draw: Draw, items: readonly T[]): T[] {
  const left = [...items];
  const taken: T[] = [];
  while (left.length > 0) taken.push(...left.splice(between(draw, 0, left.length - 1), 1));
  return taken;
}
