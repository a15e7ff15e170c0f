import { migrate } from "@factory/durable";
import type { SqlValue } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { FactoryError } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArtifactGraph, MAX_ANSWER_BYTES, MAX_APPEND_RECORDS, MAX_NODE_BYTES, MAX_PAGE_NODES, MAX_WALK_NODES } from "./artifact-graph.ts";
import type { VerifyId } from "./artifact-graph.ts";
import { CORE_REGISTRY } from "./core-registry.ts";
import { ARTIFACT_GRAPH_MIGRATIONS } from "./graph-schema.ts";
import { joinRegistries } from "./registry.ts";

/** A clinic's lineage: the kernel serves any domain. */
const REGISTRY = joinRegistries(CORE_REGISTRY, {
  types: ["Finding", "Note"],
  relations: { led_to: { cause: "source" }, rests_on: { cause: "target" }, beside: { cause: "none" } },
});

function aGraph(verifyId: VerifyId = () => ({ ok: true })) {
  const storage = new NodeSqliteStorage();
  migrate(storage, ARTIFACT_GRAPH_MIGRATIONS);
  let clock = 1_000;
  return { storage, graph: new ArtifactGraph({ storage, registry: REGISTRY, verifyId, now: () => (clock += 1) }) };
}

function aNode(id: string, overrides: Partial<ArtifactNode> = {}): ArtifactNode {
  return { id, type: "Finding", data: { text: id }, parents: [], ...overrides };
}

const edge = (source: string, rel: string, target: string, props?: ArtifactEdge["props"]): ArtifactEdge => ({
  source,
  rel,
  target,
  ...(props === undefined ? {} : { props }),
});

function codeOf(fn: () => unknown): string {
  try {
    fn();
  } catch (err) {
    if (err instanceof FactoryError) return err.code;
    throw err;
  }
  return "none";
}

const ids = (nodes: readonly { id: string }[]): string[] => nodes.map(({ id }) => id);
const sizes = (storage: NodeSqliteStorage) =>
  storage.sql.exec<{ nodes: number; edges: number }>("SELECT (SELECT count(*) FROM nodes) AS nodes, (SELECT count(*) FROM edges) AS edges").toArray()[0];

describe("append", () => {
  test("nodes and edges come back as they were written", () => {
    const { graph } = aGraph();
    expect(
      graph.append(
        "ward",
        [aNode("a", { data: { b: [1, { c: null }], a: "é" }, parents: ["z", "y", "z"] }), aNode("b")],
        [edge("a", "led_to", "b", { weight: 0.5 })],
      ),
    ).toBe(3);
    expect(graph.get("a")).toEqual({
      id: "a",
      type: "Finding",
      data: { a: "é", b: [1, { c: null }] },
      parents: ["y", "z"],
      namespace: "ward",
      createdAt: 1_001,
    });
    expect(graph.edgesOf("a")).toEqual({ out: [{ source: "a", rel: "led_to", target: "b", props: { weight: 0.5 }, createdAt: 1_001 }], in: [] });
    expect(graph.edgesOf("b").in).toHaveLength(1);
    expect(graph.get("nobody")).toBeNull();
  });

  test("a repeat writes nothing, whatever the order of its keys, parents and records", () => {
    const { graph, storage } = aGraph();
    graph.append("ward", [aNode("a", { data: { x: 1, y: { p: 1, q: 2 } }, parents: ["p", "q"] }), aNode("b")], [edge("a", "led_to", "b")]);
    const before = sizes(storage);
    expect(
      graph.append(
        "ward",
        [aNode("b"), aNode("a", { data: { y: { q: 2, p: 1 }, x: 1 }, parents: ["q", "p"] })],
        [edge("a", "led_to", "b", {}), edge("a", "led_to", "b")],
      ),
    ).toBe(0);
    expect(sizes(storage)).toEqual(before);
  });

  test("another content under a known id is INTEGRITY, at any depth and within one call", () => {
    const { graph } = aGraph();
    graph.append("ward", [aNode("a", { data: { x: { y: { z: 1 } } } }), aNode("b")], [edge("a", "led_to", "b", { n: 1 })]);
    expect(codeOf(() => graph.append("ward", [aNode("a", { data: { x: { y: { z: 2 } } } })], []))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append("ward", [aNode("b", { type: "Note" })], []))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append("ward", [aNode("b", { parents: ["a"] })], []))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append("ward", [], [edge("a", "led_to", "b", { n: 2 })]))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append("ward", [aNode("c"), aNode("c", { data: {} })], []))).toBe("INTEGRITY");
    expect(graph.get("c")).toBeNull();
  });

  test("an edge needs both its ends, which may come in the same call, and a refusal undoes the whole call", () => {
    const { graph, storage } = aGraph();
    expect(codeOf(() => graph.append("ward", [aNode("a")], [edge("a", "led_to", "nobody")]))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append("ward", [aNode("a")], [edge("nobody", "led_to", "a")]))).toBe("INTEGRITY");
    expect(sizes(storage)).toEqual({ nodes: 0, edges: 0 });
    graph.append("ward", [aNode("a"), aNode("b")], [edge("b", "led_to", "a")]);
    expect(graph.append("ward", [aNode("c")], [edge("c", "rests_on", "a")])).toBe(2);
  });

  test("types and relations that are not registered, inherited names included, are INVALID_ARGUMENT", () => {
    const { graph } = aGraph();
    graph.append("ward", [aNode("a"), aNode("b")], []);
    expect(codeOf(() => graph.append("ward", [aNode("x", { type: "Machine" })], []))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.append("ward", [], [edge("a", "hates", "b")]))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.append("ward", [], [edge("a", "toString", "b")]))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.append("", [aNode("x")], []))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.append("ward", [aNode("x", { data: { n: Number.NaN } })], []))).toBe("INVALID_ARGUMENT");
  });

  test("a relation is refused between ends of the wrong type and in the wrong direction", () => {
    const { graph } = aGraph();
    const nodes = [aNode("S", { type: "Specification" }), aNode("E", { type: "Execution" }), aNode("T", { type: "ExecutionTrace" })];
    graph.append("ward", nodes, [edge("S", "governs", "E"), edge("E", "produces", "T")]);
    expect(codeOf(() => graph.append("ward", [], [edge("E", "governs", "S")]))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.append("ward", [], [edge("S", "produces", "T")]))).toBe("INVALID_ARGUMENT");
  });

  test("an id that the domain finds wrong is INTEGRITY, and what an id requires has to be there or come along", () => {
    const { graph } = aGraph(({ id }) =>
      id.startsWith("bad") ? { ok: false, reason: "it is bad" } : { ok: true, requires: id.includes(".") ? [id.slice(0, id.indexOf("."))] : [] },
    );
    expect(codeOf(() => graph.append("ward", [aNode("bad-1")], []))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append("ward", [aNode("s.1")], []))).toBe("INTEGRITY");
    expect(graph.append("ward", [aNode("s.1"), aNode("s")], [])).toBe(2);
    expect(graph.append("ward", [aNode("s.2")], [])).toBe(1);
  });

  test("a call and a node over their limits are TOO_LARGE", () => {
    const { graph } = aGraph();
    const many = Array.from({ length: MAX_APPEND_RECORDS + 1 }, (_, index) => aNode(`n${index}`));
    expect(codeOf(() => graph.append("ward", many, []))).toBe("TOO_LARGE");
    expect(graph.append("ward", many.slice(1), [])).toBe(MAX_APPEND_RECORDS);
    expect(codeOf(() => graph.append("ward", [aNode("big", { data: { text: "é".repeat(MAX_NODE_BYTES / 2) } })], []))).toBe("TOO_LARGE");
  });

  test("nodes and edges can be neither changed nor deleted, and foreign keys hold in the store", () => {
    const { graph, storage } = aGraph();
    graph.append("ward", [aNode("a"), aNode("b")], [edge("a", "led_to", "b")]);
    for (const statement of ["UPDATE nodes SET type = 'Note'", "DELETE FROM nodes", "UPDATE edges SET rel = 'beside'", "DELETE FROM edges"]) {
      expect(() => storage.sql.exec(statement)).toThrow(/append-only/);
    }
    expect(() => storage.sql.exec("INSERT INTO edges (source, rel, target, props, created_at) VALUES ('a', 'led_to', 'x', '{}', 0)")).toThrow(/FOREIGN KEY/);
  });
});

describe("reading by type", () => {
  test("pages of a namespace, oldest first, continue strictly after an id", () => {
    const { graph } = aGraph();
    graph.append(
      "ward",
      Array.from({ length: 5 }, (_, index) => aNode(`n${index}`)),
      [],
    );
    graph.append("other", [aNode("o1"), aNode("note", { type: "Note" })], []);
    expect(ids(graph.byType("ward", "Finding", 2))).toEqual(["n0", "n1"]);
    expect(ids(graph.byType("ward", "Finding", 10, "n1"))).toEqual(["n2", "n3", "n4"]);
    expect(graph.byType("ward", "Note", 10)).toEqual([]);
    expect(codeOf(() => graph.byType("ward", "Finding", 10, "nobody"))).toBe("NOT_FOUND");
    expect(codeOf(() => graph.byType("ward", "Finding", MAX_PAGE_NODES + 1))).toBe("TOO_LARGE");
    expect(codeOf(() => graph.byType("ward", "Finding", 0))).toBe("INVALID_ARGUMENT");
  });

  test("a page of large nodes is cut by bytes and still moves on", () => {
    const { graph } = aGraph();
    const text = "x".repeat(MAX_NODE_BYTES - 100);
    const count = MAX_ANSWER_BYTES / MAX_NODE_BYTES + 2;
    for (let index = 0; index < count; index++) graph.append("ward", [aNode(`n${index}`, { data: { text, index } })], []);
    const page = ids(graph.byType("ward", "Finding", 100));
    expect(page.length).toBeLessThan(count);
    expect(ids(graph.byType("ward", "Finding", 100, page.at(-1)))[0]).toBe(`n${page.length}`);
  });
});

describe("why and impact", () => {
  test("why walks to causes and impact away from them, whichever end of a relation the cause is", () => {
    const { graph } = aGraph();
    graph.append(
      "ward",
      ["cause", "middle", "effect", "aside"].map((id) => aNode(id)),
      [edge("cause", "led_to", "middle"), edge("effect", "rests_on", "middle"), edge("aside", "beside", "middle")],
    );
    expect(ids(graph.why("effect").nodes)).toEqual(["effect", "middle", "cause"]);
    expect(ids(graph.impact("cause").nodes)).toEqual(["cause", "middle", "effect"]);
    expect(ids(graph.why("cause").nodes)).toEqual(["cause"]);
    expect(ids(graph.why("aside").nodes)).toEqual(["aside"]);
    expect(graph.why("effect").edges.map(({ source, rel, target }) => [source, rel, target])).toEqual([
      ["effect", "rests_on", "middle"],
      ["cause", "led_to", "middle"],
    ]);
    expect(codeOf(() => graph.why("nobody"))).toBe("NOT_FOUND");
  });

  test("a bound cuts the walk at the nearest nodes and says so; the exact size does not", () => {
    const { graph } = aGraph();
    const chain = Array.from({ length: 50 }, (_, index) => aNode(`n${index}`));
    graph.append(
      "ward",
      chain,
      chain.slice(1).map((node, index) => edge(`n${index}`, "led_to", node.id)),
    );
    expect(graph.impact("n0", 10)).toMatchObject({ truncated: true });
    expect(ids(graph.impact("n0", 10).nodes)).toEqual(ids(chain.slice(0, 10)));
    expect(graph.impact("n0", 50)).toMatchObject({ truncated: false });
    expect(codeOf(() => graph.impact("n0", 0))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.impact("n0", MAX_WALK_NODES + 1))).toBe("TOO_LARGE");
  });

  test("a node with very many neighbours costs no more than the bound", () => {
    const { graph } = aGraph();
    const leaves = Array.from({ length: 2_000 }, (_, index) => aNode(`leaf${index}`));
    graph.append(
      "ward",
      [aNode("hub"), ...leaves],
      leaves.map(({ id }) => edge("hub", "led_to", id)),
    );
    const answer = graph.impact("hub", 20);
    expect([answer.nodes.length, answer.edges.length, answer.truncated]).toEqual([20, 19, true]);
  });

  test("a graph dense with edges is cut at the bound of edges and says so", () => {
    const { graph } = aGraph();
    const nodes = Array.from({ length: 30 }, (_, index) => aNode(`n${index}`));
    const arrows = nodes.flatMap(({ id: from }) => nodes.flatMap(({ id: to }) => (from === to ? [] : [edge(from, "led_to", to)])));
    graph.append("ward", nodes, arrows);
    const answer = graph.impact("n0", 30);
    expect([answer.nodes.length, answer.edges.length, answer.truncated]).toEqual([30, 300, true]);
    expect(graph.impact("n0", 87)).toMatchObject({ truncated: false });
    expect(graph.impact("n0", 87).edges).toHaveLength(30 * 29);
  });

  test("an answer whose data would be too large is cut and says so", () => {
    const { graph } = aGraph();
    const count = MAX_ANSWER_BYTES / MAX_NODE_BYTES + 2;
    const chain = Array.from({ length: count }, (_, index) => aNode(`n${index}`, { data: { text: "x".repeat(MAX_NODE_BYTES - 100), index } }));
    for (const node of chain) graph.append("ward", [node], []);
    graph.append(
      "ward",
      [],
      chain.slice(1).map((node, index) => edge(`n${index}`, "led_to", node.id)),
    );
    const answer = graph.impact("n0");
    expect(answer.truncated).toBe(true);
    expect(answer.nodes.length).toBeLessThan(count);
    expect(answer.edges).toHaveLength(answer.nodes.length - 1);
  });

  test("a cycle and a diamond list each node once and end", () => {
    const { graph } = aGraph();
    graph.append(
      "ward",
      ["a", "b", "c", "d"].map((id) => aNode(id)),
      [
        edge("a", "led_to", "b"),
        edge("a", "led_to", "c"),
        edge("b", "led_to", "d"),
        edge("c", "led_to", "d"),
        edge("d", "led_to", "a"),
        edge("a", "led_to", "a"),
      ],
    );
    expect(ids(graph.impact("a").nodes)).toEqual(["a", "b", "c", "d"]);
    expect(ids(graph.why("a").nodes).sort()).toEqual(["a", "b", "c", "d"]);
    expect(graph.impact("a").edges).toHaveLength(6);
    expect(graph.impact("a").truncated).toBe(false);
  });

  test("on any graph a walk lists exactly the reachable nodes, each once, by distance, with every edge between them", () => {
    const arrow = fc.record({ from: fc.integer({ min: 0, max: 9 }), to: fc.integer({ min: 0, max: 9 }), rel: fc.constantFrom("led_to", "rests_on", "beside") });
    fc.assert(
      fc.property(fc.array(arrow, { maxLength: 30 }), fc.boolean(), (arrows, up) => {
        const { graph } = aGraph();
        graph.append(
          "ward",
          Array.from({ length: 10 }, (_, index) => aNode(`n${index}`)),
          arrows.map(({ from, to, rel }) => edge(`n${from}`, rel, `n${to}`)),
        );
        // From cause to effect, as pairs.
        const caused = arrows.flatMap(({ from, to, rel }) => (rel === "beside" ? [] : [rel === "led_to" ? [from, to] : [to, from]]) as [number, number][]);
        const steps = up ? caused.map(([cause, effect]) => [effect, cause] as const) : caused;
        const distance = new Map([[0, 0]]);
        for (const at of distance.keys()) for (const [a, b] of steps) if (a === at && !distance.has(b)) distance.set(b, (distance.get(at) ?? 0) + 1);
        const answer = up ? graph.why("n0") : graph.impact("n0");
        const reached = answer.nodes.map(({ id }) => Number(id.slice(1)));
        expect(new Set(reached)).toEqual(new Set(distance.keys()));
        expect(reached).toHaveLength(distance.size);
        const distances = reached.map((node) => distance.get(node) ?? -1);
        expect(distances).toEqual([...distances].sort((a, b) => a - b));
        const between = new Set(
          arrows.filter(({ from, to, rel }) => rel !== "beside" && distance.has(from) && distance.has(to)).map(({ from, to, rel }) => `n${from} ${rel} n${to}`),
        );
        expect(new Set(answer.edges.map(({ source, rel, target }) => `${source} ${rel} ${target}`))).toEqual(between);
        expect(answer.edges).toHaveLength(between.size);
      }),
      { numRuns: 200 },
    );
  });

  test("a long chain is walked to its bound", () => {
    const { graph } = aGraph();
    const length = MAX_WALK_NODES;
    for (let from = 0; from < length; from += 2_000)
      graph.append(
        "ward",
        Array.from({ length: 2_000 }, (_, index) => aNode(`n${from + index}`)),
        [],
      );
    for (let from = 1; from < length; from += 2_000) {
      graph.append(
        "ward",
        [],
        Array.from({ length: Math.min(2_000, length - from) }, (_, index) => edge(`n${from + index}`, "rests_on", `n${from + index - 1}`)),
      );
    }
    const { nodes, truncated } = graph.why(`n${length - 1}`, MAX_WALK_NODES);
    expect([nodes.length, truncated, nodes.at(-1)?.id]).toEqual([length, false, "n0"]);
  });

  test("every statement goes through an index", () => {
    const { graph, storage } = aGraph();
    const statements = new Map<string, SqlValue[]>();
    const run = storage.sql.exec;
    storage.sql.exec = (query, ...bindings) => {
      statements.set(query, bindings);
      return run(query, ...bindings);
    };
    graph.append("ward", [aNode("a"), aNode("b")], [edge("a", "led_to", "b")]);
    graph.edgesOf("a");
    graph.why("b");
    graph.byType("ward", "Finding", 10, "a");
    graph.activeSpecification("triage", { ward: "north" });
    storage.sql.exec = run;
    expect(statements.size).toBeGreaterThan(10);
    for (const [query, bindings] of statements) {
      const plan = run<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...bindings)
        .toArray()
        .map(({ detail }) => detail);
      expect([query, plan.filter((step) => /SCAN (?:n|e|nodes|edges)\b/.test(step))]).toEqual([query, []]);
    }
  });
});

describe("the active specification", () => {
  const aSpecification = (id: string, domain = "triage", ward = "north") => aNode(id, { type: "Specification", data: { domain, ward, id } });

  test("is the one written last for the domain and fields that nothing supersedes, or none", () => {
    const { graph } = aGraph();
    expect(graph.activeSpecification("triage")).toBeNull();
    graph.append("ward", [aSpecification("s1")], []);
    graph.append("ward", [aSpecification("other", "billing"), aSpecification("south", "triage", "south")], []);
    expect(graph.activeSpecification("triage", { ward: "north" })?.id).toBe("s1");
    expect(graph.activeSpecification("triage")?.id).toBe("south");
    graph.append("ward", [aSpecification("s2")], [edge("s2", "version_of", "s1")]);
    expect(graph.activeSpecification("triage", { ward: "north" })?.id).toBe("s2");
    expect(graph.activeSpecification("nothing")).toBeNull();
  });

  test("a superseded one is never active, not even when its successor is of another domain or is corrected away", () => {
    const { graph } = aGraph();
    graph.append("ward", [aSpecification("s1"), aSpecification("s2", "billing")], [edge("s2", "version_of", "s1")]);
    expect(graph.activeSpecification("triage")).toBeNull();
    graph.append("ward", [aSpecification("c1", "other")], [edge("c1", "corrects", "s2")]);
    expect(graph.activeSpecification("billing")).toBeNull();
  });

  test("a proposed amendment does not change what is active; only its successor does", () => {
    const { graph } = aGraph();
    graph.append("ward", [aSpecification("s1"), aNode("m", { type: "Amendment" })], [edge("m", "proposes_modification_of", "s1")]);
    expect(graph.activeSpecification("triage")?.id).toBe("s1");
  });
});

describe("a registry", () => {
  test("may be joined with others, but a relation is declared once and names declared types", () => {
    expect(() => joinRegistries(CORE_REGISTRY, { types: [], relations: { produces: { cause: "none" } } })).toThrow(/twice/);
    expect(() => joinRegistries(CORE_REGISTRY, { types: [], relations: { heals: { cause: "none", to: ["Patient"] } } })).toThrow(/Patient/);
  });
});
