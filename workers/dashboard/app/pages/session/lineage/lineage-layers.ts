/** A walk through lineage as layers: what is one relation away, what is two, and by which relation. */
import type { LineageGraph } from "./lineage-query.ts";

type Node = LineageGraph["nodes"][number];
type Relation = LineageGraph["relations"][number];

/** How an artifact is joined to one of the layer before it, in words that read from the artifact itself. */
export type Joint = { readonly rel: string; readonly toId: string; readonly toTitle: string };

/** An artifact of a layer with every relation to the layer before. */
export type LayerNode = Node & { readonly joints: readonly Joint[] };

/** What is `distance` relations away from where the walk began. */
export type Layer = { readonly distance: number; readonly nodes: readonly LayerNode[] };

/**
 * The layers of a walk, the nearest first, without the artifact it began at. Each artifact is in one layer. Artifacts that the walk
 * names but whose relations it left out come in a layer of their own at the end, with no joints.
 *
 * @param direction - which end of a relation is a step away: the cause, or the effect
 */
export function layersOf({ nodes, relations }: LineageGraph, startId: string, direction: "causes" | "effects"): Layer[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const steps = Map.groupBy(
    relations.flatMap((relation) => stepsOf(relation, direction)),
    ({ fromId }) => fromId,
  );
  const seen = new Set([startId]);
  const layers: Layer[] = [];
  let edge: readonly string[] = [startId];
  while (edge.length > 0) {
    const joints = new Map<string, Joint[]>();
    for (const fromId of edge) {
      for (const { toId, rel } of steps.get(fromId) ?? []) {
        if (seen.has(toId) || !byId.has(toId)) continue;
        const known = joints.get(toId) ?? [];
        joints.set(toId, [...known, { rel, toId: fromId, toTitle: byId.get(fromId)?.title ?? fromId }]);
      }
    }
    for (const id of joints.keys()) seen.add(id);
    const found = nodes.flatMap((node) => {
      const own = joints.get(node.id);
      return own === undefined ? [] : [{ ...node, joints: own }];
    });
    if (found.length > 0) layers.push({ distance: layers.length + 1, nodes: found });
    edge = found.map(({ id }) => id);
  }
  const rest = nodes.filter(({ id }) => !seen.has(id)).map((node) => ({ ...node, joints: [] }));
  return rest.length === 0 ? layers : [...layers, { distance: layers.length + 1, nodes: rest }];
}

type Step = { readonly fromId: string; readonly toId: string; readonly rel: string };

/** The step of a relation in a direction; none of one that is not causal. */
function stepsOf({ source, target, rel, cause }: Relation, direction: "causes" | "effects"): Step[] {
  if (cause === null) return [];
  const isTargetAhead = (cause === "TARGET") === (direction === "causes");
  return [isTargetAhead ? { fromId: source, toId: target, rel } : { fromId: target, toId: source, rel }];
}

/** "if_adopted_produces" as "if adopted produces". */
export const relationWords = (rel: string): string => rel.replaceAll("_", " ");

/** "IntentSpecification" as "Intent specification". */
export function typeWords(type: string): string {
  const words = type.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
