/** Lineages for tests of how they are shown. */
import { create } from "@bufbuild/protobuf";
import { CausalEnd, LineageGraphSchema, type LineageGraph } from "@factory/schemas/proto";

/** An edge: source, relation, target, and which end is the cause. */
export type AnEdge = readonly [source: string, rel: string, target: string, cause: "source" | "target" | "none"];

const ENDS = { source: CausalEnd.SOURCE, target: CausalEnd.TARGET, none: CausalEnd.UNSPECIFIED } as const;
/** Types by the letters an id begins with. */
const TYPES: { readonly [prefix: string]: string } = { SIG: "Signal", PRS: "Pressure", IS: "IntentSpecification", SPEC: "Specification", C: "Claim" };

/** A walk's answer; ids in the order in which it found them. */
export function aGraph(ids: readonly string[], edges: readonly AnEdge[], truncated = false): LineageGraph {
  return create(LineageGraphSchema, {
    nodes: ids.map((id) => ({ id, type: TYPES[id.replace(/-.*/, "")] ?? "Thing", title: `title of ${id}` })),
    edges: edges.map(([source, rel, target, cause]) => ({ source, rel, target, cause: ENDS[cause] })),
    truncated,
  });
}

/** The causes of a claim: its specification, the intent, and the pressure in two ways, down to the signal. */
export function causesOfAClaim(): LineageGraph {
  return aGraph(
    ["C-1", "SPEC-1", "IS-1", "PRS-1", "SIG-1"],
    [
      ["SPEC-1", "composed_of", "C-1", "source"],
      ["SPEC-1", "source_ref", "IS-1", "target"],
      ["SPEC-1", "addresses", "PRS-1", "target"],
      ["IS-1", "source_ref", "PRS-1", "target"],
      ["PRS-1", "source_ref", "SIG-1", "target"],
    ],
  );
}
