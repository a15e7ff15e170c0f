/**
 * What a bridge point writes, as data. A bridge point first decides everything, then its writes are carried out in
 * order, at least once; every id follows from content, so a write that is repeated after a crash changes nothing.
 */
import { contentId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";

/** One write to one of the two graphs. The artifact graph comes first: a knowing-state bead refers to what is there. */
export type BridgeWrite =
  | { readonly kind: "artifacts"; readonly nodes: readonly ArtifactNode[]; readonly edges: readonly ArtifactEdge[] }
  | { readonly kind: "bead"; readonly bead: KnowingStateBead };

/** Who loop closure writes as. */
export const LOOP_CLOSURE_ACTOR = "loop-closure";

/** A knowing-state bead whose id follows from its content; `writtenAt` (epoch milliseconds) is not part of it. */
export function knowingStateBead(bead: Omit<KnowingStateBead, "id" | "writtenBy">, org: string): KnowingStateBead {
  const id = contentId("KSB", { kind: bead.type, org, content: bead.content, parents: bead.parents });
  return { id, ...bead, writtenBy: LOOP_CLOSURE_ACTOR };
}
