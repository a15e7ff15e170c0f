/** Walks over 100 000 nodes: each ends, lists each node once, and keeps its bounds. */
import { describe, expect, test } from "vitest";
import { MAX_PAGE_NODES, MAX_WALK_NODES } from "./artifact-graph.ts";
import { aGraph, ids } from "./testing/builders.ts";
import { walk } from "./walk.ts";

const NODES = 100_000;
const name = (node: number) => `n${node}`;

/** A graph of 100 000 nodes with the arrows of each, from cause to effect. It is filled past `append`, which has tests of its own. */
function aLargeGraph(arrowsOf: (node: number) => readonly number[]) {
  const { graph, storage } = aGraph();
  const nodes = Array.from({ length: NODES }, (_, node) => node);
  const edges = nodes.flatMap((node) => arrowsOf(node).map((to) => [name(node), name(to)]));
  storage.sql.exec(
    `INSERT INTO nodes (id, type, namespace, parents, created_at, bytes, data)
     SELECT value, 'Finding', 'ward', '[]', 0, 2, '{}' FROM json_each(?)`,
    JSON.stringify(nodes.map(name)),
  );
  storage.sql.exec(
    `INSERT INTO edges (source, rel, target, props, created_at)
     SELECT json_extract(value, '$[0]'), 'led_to', json_extract(value, '$[1]'), '{}', 0 FROM json_each(?)`,
    JSON.stringify(edges),
  );
  return { graph, storage, edges: edges.length };
}

/** Each node leads to the next one and, across, to two farther on, the last ones to the first: cycles within cycles. */
const CYCLES = (node: number) => [1, 10, 100].map((step) => (node + step) % NODES);
/** Nodes between two corners of a diamond, and the corner that they lead to. */
const DIAMOND = 50;
/** A row of diamonds: a corner leads to 49 nodes and each of them to the next corner. There are 49 ^ 2000 ways through. */
const DIAMONDS = (node: number) => {
  const corner = node - (node % DIAMOND);
  const next = node === corner ? Array.from({ length: DIAMOND - 1 }, (_, place) => corner + place + 1) : [corner + DIAMOND];
  return next.filter((to) => to < NODES);
};
/** A tree of ten branches at each node, whose leaves lead to themselves and back into it. */
const BUSH = (node: number) =>
  node < NODES / 10 ? Array.from({ length: 10 }, (_, place) => node * 10 + place + 1).filter((to) => to < NODES) : [...new Set([node, (node * 7) % NODES])];

describe.each([
  ["with cycles", CYCLES],
  ["of diamonds", DIAMONDS],
  ["wide as a bush", BUSH],
])("a graph of 100 000 nodes %s", (_, arrowsOf) => {
  test("is walked whole, each node and edge once, nearest first", { timeout: 60_000 }, () => {
    const { graph, storage, edges } = aLargeGraph(arrowsOf);
    const all = walk(storage.sql, name(0), { forward: ["led_to"], backward: [] }, { nodes: NODES, edges: edges + 1, depth: Infinity });
    expect([all.distances.size, all.edges.length, all.truncated]).toEqual([NODES, edges, false]);
    expect(new Set(all.edges.map(({ position }) => position)).size).toBe(edges);
    const distances = [...all.distances.values()];
    expect(distances.every((distance, index) => index === 0 || distance >= (distances[index - 1] ?? 0))).toBe(true);

    const answer = graph.impact(name(0), { limit: MAX_WALK_NODES });
    expect([answer.nodes.length, new Set(ids(answer.nodes)).size, answer.truncated]).toEqual([MAX_WALK_NODES, MAX_WALK_NODES, true]);
    expect(ids(answer.nodes)).toEqual([...all.distances.keys()].slice(0, MAX_WALK_NODES));
    expect(answer.edges.length).toBeLessThanOrEqual(MAX_WALK_NODES * 10);

    const near = graph.impact(name(0), { depth: 3, limit: MAX_WALK_NODES });
    expect(near.nodes).toHaveLength(distances.filter((distance) => distance <= 3).length);
    expect(near.truncated).toBe(true);
    expect(graph.collectLineage(name(500), "led_to", { limit: 300 })).toMatchObject({ truncated: true });
    expect(
      graph.boundedPath(
        name(0),
        Array.from({ length: 12 }, () => ({ rel: "led_to" })),
      ).paths.length,
    ).toBeGreaterThan(0);
  });
});

test("a type of 100 000 nodes is paged through, each node once", { timeout: 60_000 }, () => {
  const { graph } = aLargeGraph(() => []);
  const seen = new Set<string>();
  let page = graph.byType("Finding", MAX_PAGE_NODES);
  while (page.length > 0) {
    for (const { id } of page) seen.add(id);
    page = graph.byType("Finding", MAX_PAGE_NODES, page.at(-1)?.id);
  }
  expect(seen.size).toBe(NODES);
});
