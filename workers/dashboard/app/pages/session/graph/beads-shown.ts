/** Which beads a list shows, and in which order. */
import type { BeadState } from "@factory/schemas";
import type { ModelBead } from "../session-model.ts";
import type { DrawnGraph } from "./drawn-graph.ts";

export type BeadFilter = { readonly states: readonly BeadState[]; /** In the title, the team or the id, whatever the case. */ readonly text: string };

/** Ids of beads from left to right of the graph, and from top to bottom: the order stays while states change. */
export function beadsShown({ beads, layout }: DrawnGraph, standing: ReadonlyMap<string, ModelBead>, { states, text }: BeadFilter): string[] {
  const wanted = text.trim().toLowerCase();
  const isShown = (id: string): boolean => {
    const bead = standing.get(id);
    if (states.length > 0 && (bead === undefined || !states.includes(bead.state))) return false;
    return wanted === "" || [id, bead?.title ?? "", bead?.team ?? ""].some((part) => part.toLowerCase().includes(wanted));
  };
  const placeOf = (id: string) => layout.places.get(id) ?? { x: 0, y: 0 };
  return beads
    .map(({ id }) => id)
    .filter(isShown)
    .toSorted((one, other) => placeOf(one).x - placeOf(other).x || placeOf(one).y - placeOf(other).y);
}
