import type { ArtifactEdge } from "@factory/schemas";
import type { Direction, PathStep, Subgraph } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_NODE_BYTES, MAX_PATH_STEPS, MAX_PAGE_NODES, MAX_WALK_NODES } from "./artifact-graph.ts";
import type { ArtifactGraph } from "./artifact-graph.ts";
import { aGraph, aNode, codeOf, edge, ids } from "./testing/builders.ts";

/** One arrow of a random graph: both ends in one namespace. */
type Arrow = { readonly namespace: "ward" | "clinic"; readonly from: number; readonly to: number; readonly rel: "led_to" | "rests_on" | "beside" };

const NODES = 9;
const place = fc.integer({ min: 0, max: NODES - 1 });
const anArrow: fc.Arbitrary<Arrow> = fc.record({
  namespace: fc.constantFrom("ward" as const, "clinic" as const),
  from: place,
  to: place,
  rel: fc.constantFrom("led_to" as const, "rests_on" as const, "beside" as const),
});

const idOf = (namespace: string, node: number) => `${namespace}-${node}`;
const edgeOf = ({ namespace, from, to, rel }: Arrow): ArtifactEdge => edge(idOf(namespace, from), rel, idOf(namespace, to));
const textOf = ({ source, rel, target }: ArtifactEdge) => `${source} ${rel} ${target}`;

/** Paths in an order that does not depend on how they were found. */
const sorted = (paths: readonly (readonly string[])[]) => paths.map((path) => path.join(" ")).toSorted();

/** Two namespaces in one store: the graphs of both, and their arrows. */
function twoNamespaces(arrows: readonly Arrow[]): Record<Arrow["namespace"], ArtifactGraph> {
  const { open } = aGraph();
  const graphs = { ward: open("ward"), clinic: open("clinic") };
  for (const namespace of ["ward", "clinic"] as const) {
    graphs[namespace].append(
      Array.from({ length: NODES }, (_, node) => aNode(idOf(namespace, node))),
      arrows.filter((arrow) => arrow.namespace === namespace).map(edgeOf),
    );
  }
  return graphs;
}

/** Distances of what `next` reaches from the start, as far as `depth`. */
function reached(start: string, next: (id: string) => readonly string[], depth: number): Map<string, number> {
  const distances = new Map([[start, 0]]);
  for (const [id, distance] of distances) {
    if (distance < depth) for (const other of next(id)) if (!distances.has(other)) distances.set(other, distance + 1);
  }
  return distances;
}

/** What a model of the graph says of a walk: distances, the edges between them, and whether anything lies beyond. */
function modelOf(start: string, arrows: readonly Arrow[], goes: (arrow: Arrow, way: "out" | "in") => boolean, depth: number) {
  const edges = arrows.map((arrow) => ({ arrow, ...edgeOf(arrow) }));
  const next = (id: string) =>
    edges.flatMap(({ arrow, source, target }) => [
      ...(source === id && goes(arrow, "out") ? [target] : []),
      ...(target === id && goes(arrow, "in") ? [source] : []),
    ]);
  const distances = reached(start, next, depth);
  const between = edges.filter(({ arrow, source, target }) => (goes(arrow, "out") || goes(arrow, "in")) && distances.has(source) && distances.has(target));
  const all = reached(start, next, Infinity);
  return { distances, edges: new Set(between.map(textOf)), truncated: all.size > distances.size };
}

/** The walk lists exactly what the model reaches, each node and edge once, nearest first. */
function expectWalk(answer: Subgraph, { distances, edges, truncated }: ReturnType<typeof modelOf>): void {
  const found = ids(answer.nodes);
  expect(new Set(found)).toEqual(new Set(distances.keys()));
  expect(found).toHaveLength(distances.size);
  const order = found.map((id) => distances.get(id) ?? -1);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(answer.edges.map(textOf).sort()).toEqual([...edges].sort());
  expect(answer.truncated).toBe(truncated);
}

const aDepth = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined });

describe("on any two namespaces of one store", () => {
  test("why and impact list exactly what the model reaches, inside their namespace", () => {
    fc.assert(
      fc.property(fc.array(anArrow, { maxLength: 40 }), fc.constantFrom("ward" as const, "clinic" as const), aDepth, (arrows, namespace, depth) => {
        const graphs = twoNamespaces(arrows);
        const own = arrows.filter((arrow) => arrow.namespace === namespace);
        const start = idOf(namespace, 0);
        const bounds = depth === undefined ? {} : { depth };
        const toCause = ({ rel }: Arrow, way: "out" | "in") => (rel === "rests_on" && way === "out") || (rel === "led_to" && way === "in");
        const toEffect = ({ rel }: Arrow, way: "out" | "in") => (rel === "led_to" && way === "out") || (rel === "rests_on" && way === "in");
        expectWalk(graphs[namespace].why(start, bounds), modelOf(start, own, toCause, depth ?? Infinity));
        expectWalk(graphs[namespace].impact(start, bounds), modelOf(start, own, toEffect, depth ?? Infinity));
        const other = namespace === "ward" ? graphs.clinic : graphs.ward;
        expect(codeOf(() => other.why(start))).toBe("NOT_FOUND");
      }),
      { numRuns: 150 },
    );
  });

  test("walkLineage goes one way over one relation, and collectLineage joins both ways", () => {
    const aRelation = fc.constantFrom("led_to" as const, "rests_on" as const, "beside" as const);
    fc.assert(
      fc.property(fc.array(anArrow, { maxLength: 40 }), aRelation, aDepth, (arrows, rel, depth) => {
        const { ward } = twoNamespaces(arrows);
        const own = arrows.filter((arrow) => arrow.namespace === "ward");
        const start = idOf("ward", 0);
        const bounds = depth === undefined ? {} : { depth };
        const over = (way: "out" | "in") => modelOf(start, own, (arrow, one) => arrow.rel === rel && one === way, depth ?? Infinity);
        expectWalk(ward.walkLineage(start, rel, "forward", bounds), over("out"));
        expectWalk(ward.walkLineage(start, rel, "backward", bounds), over("in"));
        const [out, back] = [over("out"), over("in")];
        const least = new Map(out.distances);
        for (const [id, distance] of back.distances) least.set(id, Math.min(distance, least.get(id) ?? Infinity));
        const both = { distances: least, edges: new Set([...out.edges, ...back.edges]), truncated: out.truncated || back.truncated };
        expectWalk(ward.collectLineage(start, rel, bounds), both);
      }),
      { numRuns: 150 },
    );
  });

  test("a bounded path is every sequence of edges that fits the steps, newest end first", () => {
    const aStep = fc.record({ rel: fc.constantFrom("led_to", "rests_on"), direction: fc.constantFrom<Direction>("forward", "backward") });
    fc.assert(
      fc.property(fc.array(anArrow, { maxLength: 25 }), fc.array(aStep, { maxLength: 4 }), (arrows, steps) => {
        const { ward } = twoNamespaces(arrows);
        const edges = [...new Map(arrows.filter(({ namespace }) => namespace === "ward").map((arrow) => [textOf(edgeOf(arrow)), edgeOf(arrow)])).values()];
        let expected: string[][] = [[idOf("ward", 0)]];
        for (const { rel, direction } of steps) {
          expected = expected.flatMap((path) =>
            edges.flatMap(({ source, target, ...one }) => {
              const [from, to] = direction === "forward" ? [source, target] : [target, source];
              return one.rel === rel && from === path.at(-1) ? [[...path, to]] : [];
            }),
          );
        }
        const answer = ward.boundedPath(idOf("ward", 0), steps, MAX_PAGE_NODES);
        const found = answer.paths.map(({ nodes }) => ids(nodes));
        if (expected.length <= MAX_PAGE_NODES) expect([answer.truncated, sorted(found)]).toEqual([false, sorted(expected)]);
        const written = found.map((path) => Number(path.at(-1)?.slice("ward-".length)));
        expect(written).toEqual([...written].sort((a, b) => b - a));
        for (const { nodes, edges: walked } of answer.paths) {
          expect(walked.map(({ rel }) => rel)).toEqual(steps.map(({ rel }) => rel));
          for (const [at, { source, target }] of walked.entries()) expect(new Set([source, target])).toEqual(new Set([nodes[at]?.id, nodes[at + 1]?.id]));
        }
      }),
      { numRuns: 200 },
    );
  });

  test("a node, its edges and its type are seen by its own namespace only, and its id is nobody else's", () => {
    const { ward, clinic } = twoNamespaces([{ namespace: "ward", from: 0, to: 1, rel: "led_to" }]);
    expect(clinic.get("ward-0")).toBeNull();
    expect(clinic.getMany(["ward-0", "clinic-0"])).toMatchObject([{ id: "clinic-0", namespace: "clinic" }]);
    expect(clinic.edgesOf("ward-0")).toEqual({ out: [], in: [] });
    expect(ward.edgesOf("ward-0").out).toHaveLength(1);
    expect(ids(clinic.byType("Finding", 100))).toEqual(Array.from({ length: NODES }, (_, node) => idOf("clinic", node)));
    expect(codeOf(() => clinic.append([aNode("ward-0")], []))).toBe("INTEGRITY");
    expect(codeOf(() => clinic.append([], [edge("clinic-0", "led_to", "ward-0")]))).toBe("INTEGRITY");
    expect(codeOf(() => clinic.append([], [edge("ward-0", "led_to", "clinic-0")]))).toBe("INTEGRITY");
    expect(codeOf(() => clinic.impact("ward-0"))).toBe("NOT_FOUND");
    expect(codeOf(() => clinic.walkLineage("ward-0", "led_to", "forward"))).toBe("NOT_FOUND");
    expect(codeOf(() => clinic.collectLineage("ward-0", "led_to"))).toBe("NOT_FOUND");
    expect(codeOf(() => clinic.boundedPath("ward-0", [{ rel: "led_to" }]))).toBe("NOT_FOUND");
  });
});

describe("a walk", () => {
  test("refuses a relation, a direction and bounds that are none", () => {
    const { graph } = aGraph();
    graph.append([aNode("a")], []);
    // The cast stands for what may come over RPC.
    const sideways = "sideways" as Direction;
    expect(codeOf(() => graph.walkLineage("a", "hates", "forward"))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.collectLineage("a", "toString"))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.walkLineage("a", "led_to", sideways))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.why("a", { depth: -1 }))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.why("a", { depth: 1.5 }))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.walkLineage("a", "led_to", "forward", { limit: 0 }))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.collectLineage("a", "led_to", { limit: MAX_WALK_NODES + 1 }))).toBe("TOO_LARGE");
  });

  test("of depth 0 is the node alone, and says whether there is more", () => {
    const { graph } = aGraph();
    graph.append([aNode("a"), aNode("b")], [edge("a", "led_to", "b")]);
    expect(graph.impact("a", { depth: 0 })).toMatchObject({ nodes: [{ id: "a" }], edges: [], truncated: true });
    expect(graph.impact("b", { depth: 0 })).toMatchObject({ nodes: [{ id: "b" }], truncated: false });
  });

  test("both ways is cut at the nearest nodes of both", () => {
    const { graph } = aGraph();
    const nodes = Array.from({ length: 21 }, (_, index) => aNode(`n${index}`));
    graph.append(
      nodes,
      nodes.slice(1).map(({ id }, index) => edge(`n${index}`, "beside", id)),
    );
    const answer = graph.collectLineage("n10", "beside", { limit: 5 });
    expect([new Set(ids(answer.nodes)), answer.edges.length, answer.truncated]).toEqual([new Set(["n10", "n9", "n11", "n8", "n12"]), 4, true]);
    expect(ids(answer.nodes)[0]).toBe("n10");
    expect(graph.collectLineage("n10", "beside", { limit: 21 })).toMatchObject({ truncated: false });
  });
});

describe("a bounded path", () => {
  test("keeps to the types that its steps arrive at", () => {
    const { graph } = aGraph();
    graph.append(
      [aNode("a"), aNode("b"), aNode("c", { type: "Note" }), aNode("d")],
      [edge("a", "led_to", "b"), edge("a", "led_to", "c"), edge("d", "rests_on", "c"), edge("d", "rests_on", "b")],
    );
    const steps = (targetType: string): PathStep[] => [
      { rel: "led_to", targetType },
      { rel: "rests_on", direction: "backward" },
    ];
    const pathsOf = (one: PathStep[]) => graph.boundedPath("a", one).paths.map(({ nodes }) => ids(nodes));
    expect(pathsOf(steps("Note"))).toEqual([["a", "c", "d"]]);
    expect(pathsOf(steps("Finding"))).toEqual([["a", "b", "d"]]);
    expect(pathsOf([{ rel: "led_to" }])).toEqual([
      ["a", "c"],
      ["a", "b"],
    ]);
    expect(pathsOf([])).toEqual([["a"]]);
    expect(codeOf(() => graph.boundedPath("a", [{ rel: "led_to", targetType: "Machine" }]))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.boundedPath("a", [{ rel: "hates" }]))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.boundedPath("nobody", []))).toBe("NOT_FOUND");
  });

  test("over a cycle passes nodes again and ends with its steps, of which there are not more than so many", () => {
    const { graph } = aGraph();
    graph.append([aNode("a"), aNode("b")], [edge("a", "led_to", "b"), edge("b", "led_to", "a")]);
    const steps = (count: number): PathStep[] => Array.from({ length: count }, () => ({ rel: "led_to" }));
    expect(ids(graph.boundedPath("a", steps(3)).paths[0]?.nodes ?? [])).toEqual(["a", "b", "a", "b"]);
    expect(graph.boundedPath("a", steps(MAX_PATH_STEPS)).paths).toHaveLength(1);
    expect(codeOf(() => graph.boundedPath("a", steps(MAX_PATH_STEPS + 1)))).toBe("TOO_LARGE");
    expect(codeOf(() => graph.boundedPath("a", steps(1), 0))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.boundedPath("a", steps(1), MAX_PAGE_NODES + 1))).toBe("TOO_LARGE");
  });

  test("through diamonds in a row costs no more than the paths asked for, of the billions that there are", () => {
    const { graph } = aGraph();
    const layers = Array.from({ length: MAX_PATH_STEPS + 1 }, (_, layer) => Array.from({ length: 4 }, (_unused, at) => aNode(`l${layer}-${at}`)));
    const between = layers.slice(1).flatMap((layer, index) => layer.flatMap(({ id }) => (layers[index] ?? []).map((before) => edge(before.id, "led_to", id))));
    graph.append(layers.flat(), between);
    const answer = graph.boundedPath(
      "l0-0",
      Array.from({ length: MAX_PATH_STEPS }, () => ({ rel: "led_to" })),
      7,
    );
    expect([answer.paths.length, answer.truncated]).toEqual([7, true]);
    expect(new Set(answer.paths.map(({ nodes }) => nodes.at(-1)?.id))).toEqual(new Set(["l16-3"]));
  });

  test("from a hub is cut at the bound of edges, and one with large nodes by bytes, with the first path whole", () => {
    const { graph } = aGraph();
    const leaves = Array.from({ length: MAX_WALK_NODES + 10 }, (_, index) => aNode(`leaf${index}`));
    for (let from = 0; from < leaves.length; from += 2_000) {
      const some = leaves.slice(from, from + 2_000);
      graph.append(
        from === 0 ? [aNode("hub"), ...some] : some,
        some.map(({ id }) => edge("hub", "led_to", id)),
      );
    }
    expect(graph.boundedPath("hub", [{ rel: "led_to" }], 10)).toMatchObject({ truncated: true });
    const large = Array.from({ length: MAX_PATH_STEPS + 1 }, (_, index) => aNode(`big${index}`, { data: { text: "x".repeat(MAX_NODE_BYTES - 100), index } }));
    for (const node of large) graph.append([node], []);
    graph.append(
      [],
      large.slice(1).map(({ id }, index) => edge(`big${index}`, "led_to", id)),
    );
    const steps = large.slice(1).map(() => ({ rel: "led_to" }));
    expect(graph.boundedPath("big0", steps).paths[0]?.nodes).toHaveLength(MAX_PATH_STEPS + 1);
  });
});
