/** Nodes and edges as they are stored, and reading nodes without a larger answer than a call may have. */
import type { SqlPort } from "@factory/durable";
import type { StoredEdge, StoredNode } from "@factory/schemas/rpc";

/** An edge as it is stored. */
export type EdgeRow = { position: number; source: string; rel: string; target: string; props: string; created_at: number };

/** Data of the nodes in one answer, in bytes: a quarter of the 32 MiB of an RPC message. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** Nodes read by one statement: with the largest nodes that is 16 MiB. */
const READ_CHUNK = 16;

type NodeRow = { id: string; type: string; namespace: string; parents: string; created_at: number; bytes: number; data: string };

/**
 * The nodes of the ids, in their order, as far as one answer has room for them; ids that do not exist are left out.
 *
 * @param always - so many of them are there whatever their size
 * @returns `cut` says that there was no room for all
 */
export function readNodes(sql: SqlPort, namespace: string, ids: readonly string[], always = 1): { readonly nodes: StoredNode[]; readonly cut: boolean } {
  const nodes: StoredNode[] = [];
  let bytes = 0;
  for (let from = 0; from < ids.length; from += READ_CHUNK) {
    const chunk = ids.slice(from, from + READ_CHUNK);
    const rows = sql
      .exec<NodeRow>(
        // The order of a CROSS JOIN is kept: each id is one look-up, where `id IN` would go through the whole namespace.
        `SELECT n.id, n.type, n.namespace, n.parents, n.created_at, n.bytes, n.data FROM json_each(?) AS one
         CROSS JOIN nodes AS n ON n.id = one.value WHERE n.namespace = ?`,
        JSON.stringify(chunk),
        namespace,
      )
      .toArray();
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const id of chunk) {
      const row = byId.get(id);
      if (row === undefined) continue;
      bytes += row.bytes;
      if (bytes > MAX_ANSWER_BYTES && nodes.length >= always) return { nodes, cut: true };
      nodes.push(toNode(row));
    }
  }
  return { nodes, cut: false };
}

function toNode(row: NodeRow): StoredNode {
  // The casts hold: only `appendRecords` writes these texts, from values of these shapes.
  return {
    id: row.id,
    type: row.type,
    data: JSON.parse(row.data) as StoredNode["data"],
    parents: JSON.parse(row.parents) as string[],
    namespace: row.namespace,
    createdAt: row.created_at,
  };
}

/** The edge of a row. */
export function toEdge(row: EdgeRow): StoredEdge {
  // The cast holds: only `appendRecords` writes this text, from a value of this shape.
  return { source: row.source, rel: row.rel, target: row.target, props: JSON.parse(row.props) as StoredEdge["props"], createdAt: row.created_at };
}
