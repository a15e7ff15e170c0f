/** A walk over the artifact graph as the API shows it: titles for people, content within bounds, causes named. */
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { artifactTitle, FACTORY_REGISTRY } from "@factory/factory-graph";
import { canonicalJson } from "@factory/schemas";
import { CausalEnd, type LineageGraphSchema, type LineageNodeSchema, type LineageRelationSchema } from "@factory/schemas/proto";
import type { StoredEdge, StoredNode, Subgraph } from "@factory/schemas/rpc";

/** Largest content of one artifact in an answer, as canonical JSON in bytes: 16 KiB. */
export const MAX_NODE_DATA_BYTES = 16_384;
/** Content of all artifacts of one walk, in bytes: 2 MiB. */
export const MAX_WALK_DATA_BYTES = 2 * 1_048_576;

/** A walk's nodes and edges, in their order. */
export function lineageGraph({ nodes, edges, truncated }: Subgraph): MessageInitShape<typeof LineageGraphSchema> {
  let left = MAX_WALK_DATA_BYTES;
  const shown = nodes.map((node) => {
    const bytes = Buffer.byteLength(canonicalJson(node.data), "utf8");
    const carried = bytes <= MAX_NODE_DATA_BYTES && bytes <= left;
    if (carried) left -= bytes;
    return lineageNode(node, bytes, carried);
  });
  return { nodes: shown, edges: edges.map(lineageRelation), truncated };
}

function lineageNode({ id, type, data, createdAt }: StoredNode, bytes: number, carried: boolean): MessageInitShape<typeof LineageNodeSchema> {
  const node = { id, type, title: artifactTitle(type, data), createdAt: timestampFromMs(createdAt), dataBytes: bytes };
  // The cast holds: the graph stores JSON and nothing else.
  return carried ? { ...node, data: data as JsonObject } : node;
}

function lineageRelation({ source, rel, target, createdAt }: StoredEdge): MessageInitShape<typeof LineageRelationSchema> {
  return { source, rel, target, createdAt: timestampFromMs(createdAt), cause: causalEnd(rel) };
}

function causalEnd(rel: string): CausalEnd {
  const cause = Object.hasOwn(FACTORY_REGISTRY.relations, rel) ? FACTORY_REGISTRY.relations[rel]?.cause : undefined;
  switch (cause) {
    case "source":
      return CausalEnd.SOURCE;
    case "target":
      return CausalEnd.TARGET;
    case "none":
    case undefined:
      return CausalEnd.UNSPECIFIED;
    default:
      return cause satisfies never;
  }
}
