/** The path from an artifact to why it exists: over the nearest pressure to its signal. Pure. */
import type { LineageGraph, LineageNode } from "@factory/schemas/proto";
import { stepsOf, type Branch } from "./lineage-tree.ts";

/** One artifact of a path; `branch` is the relation that leads to it from the one before, absent for the first. */
export type PathStep = { readonly node: LineageNode; readonly branch?: Branch };

/** A shortest path from the first artifact of the causes to the nearest pressure and on to its nearest signal; where there is neither, to the farthest cause. */
export function whyPath(causes: LineageGraph): PathStep[] {
  const [start] = causes.nodes;
  if (start === undefined) return [];
  const nodes = new Map(causes.nodes.map((node) => [node.id, node]));
  const steps = stepsOf(causes, "causes");
  const walk = (from: LineageNode, isEnd: (node: LineageNode) => boolean): PathStep[] => shortest(from, nodes, steps, isEnd);
  const toPressure = walk(start, ({ type }) => type === "Pressure");
  const pressure = toPressure.at(-1)?.node ?? start;
  const toSignal = walk(pressure, ({ type }) => type === "Signal");
  const path = [...toPressure, ...toSignal];
  const farthest = causes.nodes.at(-1);
  return [{ node: start }, ...(path.length > 0 || farthest === undefined ? path : walk(start, ({ id }) => id === farthest.id))];
}

/** The steps of a shortest path after its start; empty when nothing ends it. */
function shortest(
  start: LineageNode,
  nodes: ReadonlyMap<string, LineageNode>,
  steps: ReturnType<typeof stepsOf>,
  isEnd: (node: LineageNode) => boolean,
): PathStep[] {
  const cameBy = new Map<string, { readonly step: PathStep; readonly from: string }>();
  const waiting = isEnd(start) ? [] : [start.id];
  for (const from of waiting) {
    for (const { to, branch } of steps.get(from) ?? []) {
      const node = nodes.get(to);
      if (node === undefined || to === start.id || cameBy.has(to)) continue;
      cameBy.set(to, { step: { node, branch }, from });
      if (isEnd(node)) return backFrom(to, cameBy);
      waiting.push(to);
    }
  }
  return [];
}

function backFrom(end: string, cameBy: ReadonlyMap<string, { readonly step: PathStep; readonly from: string }>): PathStep[] {
  const path: PathStep[] = [];
  for (let at = cameBy.get(end); at !== undefined; at = cameBy.get(at.from)) path.unshift(at.step);
  return path;
}
