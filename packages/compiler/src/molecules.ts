/** Molecules: which atoms are judged together. Each ends in an outcome atom of its own. */
import type { FunctionPlan } from "./function-plans.ts";

/** Most functions that are put together because there is room. Functions that need each other are never taken apart. */
export const MAX_MOLECULE_CODERS = 8;

/**
 * Groups functions into molecules: the connected parts of what comes after what, merged in document order while they have
 * room. So no molecule of functions waits for another one.
 *
 * @returns groups of function names, each in document order
 */
export function groupFunctions(plans: readonly Pick<FunctionPlan, "block" | "after">[]): string[][] {
  const groups: string[][] = [];
  for (const part of connectedParts(plans)) {
    const last = groups.at(-1);
    if (last !== undefined && last.length + part.length <= MAX_MOLECULE_CODERS) last.push(...part);
    else groups.push([...part]);
  }
  const position = new Map(plans.map(({ block }, index) => [block.name, index]));
  return groups.map((group) => group.toSorted((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0)));
}

/** Connected parts in the order of their first functions. */
function connectedParts(plans: readonly Pick<FunctionPlan, "block" | "after">[]): string[][] {
  const neighbours = new Map<string, string[]>(plans.map(({ block }) => [block.name, []]));
  for (const { block, after } of plans) {
    for (const earlier of after) {
      neighbours.get(block.name)?.push(earlier);
      neighbours.get(earlier)?.push(block.name);
    }
  }
  const seen = new Set<string>();
  return plans.flatMap(({ block }) => {
    if (seen.has(block.name)) return [];
    const part = new Set([block.name]);
    // A set is walked while it grows.
    for (const name of part) for (const neighbour of neighbours.get(name) ?? []) part.add(neighbour);
    for (const name of part) seen.add(name);
    return [[...part]];
  });
}
