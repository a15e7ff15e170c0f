/**
 * Breadth-first walks over the edges of an artifact graph. Each node is visited once, so a walk ends on any graph, and
 * the nodes and edges it looks at and the distance it goes are bounded.
 */
import type { SqlPort } from "@factory/durable";
import type { EdgeRow } from "./node-rows.ts";

/** Which edges a walk follows: relations from source to target, and relations from target to source. */
export interface Follow {
  readonly forward: readonly string[];
  readonly backward: readonly string[];
}

/** Bounds of one walk. */
export interface WalkLimits {
  readonly nodes: number;
  /** Edges looked at, those to nodes beyond a bound included. */
  readonly edges: number;
  /** Edges between the start and any node of the walk. */
  readonly depth: number;
}

/** Ids with their distance from the start, the start first and nearer ones before farther ones, and the edges between them. */
export interface Walked {
  readonly distances: ReadonlyMap<string, number>;
  readonly edges: readonly EdgeRow[];
  /** Whether a bound kept something out. */
  readonly truncated: boolean;
}

/** Nodes expanded by one statement: a parameter of some 15 KB. */
const FRONTIER_CHUNK = 500;

/** Walks from `start`, nearest first: one statement for each 500 nodes of a distance. The caller has checked that it exists. */
export function walk(sql: SqlPort, start: string, follow: Follow, limits: WalkLimits): Walked {
  const distances = new Map([[start, 0]]);
  const edges = new Map<number, EdgeRow>();
  let truncated = false;
  let full = false;
  let frontier = [start];
  for (let distance = 1; frontier.length > 0 && !full; distance++) {
    const next: string[] = [];
    for (let from = 0; from < frontier.length && !full; from += FRONTIER_CHUNK) {
      const left = limits.edges - edges.size;
      const rows = edgesAt(sql, frontier.slice(from, from + FRONTIER_CHUNK), follow, left + 1);
      full = rows.length > left;
      for (const row of rows.slice(0, left)) {
        edges.set(row.position, row);
        for (const id of [row.source, row.target]) {
          if (distances.has(id)) continue;
          // What lies beyond the depth is looked at, so that `truncated` says whether there is anything.
          if (distance > limits.depth) truncated = true;
          else if (distances.size >= limits.nodes) full = true;
          else {
            distances.set(id, distance);
            next.push(id);
          }
        }
      }
    }
    frontier = next;
  }
  const between = [...edges.values()].filter(({ source, target }) => distances.has(source) && distances.has(target));
  return { distances, edges: between, truncated: truncated || full };
}

/**
 * Edges that leave the given nodes in the followed directions, at most `limit`. Index look-ups only. The names of the
 * followed relations are searched as quoted text: as rows they would be read again for each distance.
 */
function edgesAt(sql: SqlPort, ids: readonly string[], follow: Follow, limit: number): EdgeRow[] {
  return sql
    .exec<EdgeRow>(
      `WITH RECURSIVE ${relationsAt("leaves", "source", "?1")}, ${relationsAt("reaches", "target", "?3")}
       SELECT e.position, e.source, e.rel, e.target, e.props, e.created_at FROM leaves
         CROSS JOIN edges AS e ON e.source = leaves.node AND e.rel = leaves.rel
         WHERE instr(?2, json_quote(leaves.rel)) > 0
       UNION ALL
       SELECT e.position, e.source, e.rel, e.target, e.props, e.created_at FROM reaches
         CROSS JOIN edges AS e ON e.target = reaches.node AND e.rel = reaches.rel
         WHERE instr(?4, json_quote(reaches.rel)) > 0
       LIMIT ?5`,
      JSON.stringify(follow.forward.length === 0 ? [] : ids),
      JSON.stringify(follow.forward),
      JSON.stringify(follow.backward.length === 0 ? [] : ids),
      JSON.stringify(follow.backward),
      limit,
    )
    .toArray();
}

/**
 * A table of the relations that edges of some nodes have at one end, each found by one look-up behind the one before: a
 * node has a few of them, a domain dozens, and one that is not followed may have any number of edges.
 *
 * @param ids - the parameter with the nodes
 */
function relationsAt(name: string, end: "source" | "target", ids: string): string {
  return `${name} (node, rel) AS (
    SELECT at.value, (SELECT min(e.rel) FROM edges AS e WHERE e.${end} = at.value) FROM json_each(${ids}) AS at
    UNION ALL SELECT ${name}.node, (SELECT min(e.rel) FROM edges AS e WHERE e.${end} = ${name}.node AND e.rel > ${name}.rel)
      FROM ${name} WHERE ${name}.rel IS NOT NULL)`;
}

/**
 * Two walks from one start as one: nearest first over both, each id and edge once, at most `nodes` ids.
 */
export function joinWalks(one: Walked, other: Walked, nodes: number): Walked {
  const byDistance = [...one.distances, ...other.distances].sort(([, a], [, b]) => a - b);
  const all = new Map<string, number>();
  for (const [id, distance] of byDistance) if (!all.has(id)) all.set(id, distance);
  const distances = new Map([...all].slice(0, nodes));
  const edges = new Map([...one.edges, ...other.edges].map((row) => [row.position, row]));
  return {
    distances,
    edges: [...edges.values()].filter(({ source, target }) => distances.has(source) && distances.has(target)),
    truncated: one.truncated || other.truncated || distances.size < all.size,
  };
}
