/**
 * Breadth-first walks over the edges of an artifact graph. Each node is visited once, so a walk ends on any graph, and
 * both the nodes and the edges it looks at are bounded.
 */
import type { SqlPort } from "@factory/durable";

/** Which edges a walk follows: relations from source to target, and relations from target to source. */
export interface Follow {
  readonly forward: readonly string[];
  readonly backward: readonly string[];
}

/** Bounds of one walk. */
export interface WalkBounds {
  readonly nodes: number;
  /** Edges looked at, those to nodes beyond the bound included. */
  readonly edges: number;
}

/** An edge as it is stored. */
export type EdgeRow = { position: number; source: string; rel: string; target: string; props: string; created_at: number };

/** Ids in order of distance, the start first, and the edges walked between them. */
export interface Walked {
  readonly ids: readonly string[];
  readonly edges: readonly EdgeRow[];
  readonly truncated: boolean;
}

/** Nodes expanded by one statement: a parameter of some 15 KB. */
const FRONTIER_CHUNK = 500;

/** Walks from `start`, nearest first. The caller has checked that it exists. */
export function walk(sql: SqlPort, start: string, follow: Follow, bounds: WalkBounds): Walked {
  const visited = new Set([start]);
  const edges = new Map<number, EdgeRow>();
  let truncated = false;
  let frontier = [start];
  while (frontier.length > 0 && !truncated) {
    const next: string[] = [];
    for (let from = 0; from < frontier.length && !truncated; from += FRONTIER_CHUNK) {
      const left = bounds.edges - edges.size;
      const rows = edgesAt(sql, frontier.slice(from, from + FRONTIER_CHUNK), follow, left + 1);
      truncated = rows.length > left;
      for (const row of rows.slice(0, left)) {
        edges.set(row.position, row);
        for (const id of [row.source, row.target]) {
          if (visited.has(id)) continue;
          if (visited.size >= bounds.nodes) {
            truncated = true;
            continue;
          }
          visited.add(id);
          next.push(id);
        }
      }
    }
    frontier = next;
  }
  const between = [...edges.values()].filter(({ source, target }) => visited.has(source) && visited.has(target));
  return { ids: [...visited], edges: between, truncated };
}

/** Edges that leave the given nodes in the followed directions, at most `limit`. Index look-ups only. */
function edgesAt(sql: SqlPort, ids: readonly string[], follow: Follow, limit: number): EdgeRow[] {
  return sql
    .exec<EdgeRow>(
      `SELECT e.position, e.source, e.rel, e.target, e.props, e.created_at FROM json_each(?1) AS at
         CROSS JOIN edges AS e ON e.source = at.value AND e.rel IN (SELECT value FROM json_each(?2))
       UNION ALL
       SELECT e.position, e.source, e.rel, e.target, e.props, e.created_at FROM json_each(?1) AS at
         CROSS JOIN edges AS e ON e.target = at.value AND e.rel IN (SELECT value FROM json_each(?3))
       LIMIT ?4`,
      JSON.stringify(ids),
      JSON.stringify(follow.forward),
      JSON.stringify(follow.backward),
      limit,
    )
    .toArray();
}
