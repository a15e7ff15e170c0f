import type { NodeSqliteStorage } from "@factory/durable/testing";
import { describe, expect, test } from "vitest";
import { MAX_ANSWER_BYTES, MAX_APPEND_RECORDS, MAX_NODE_BYTES, MAX_PAGE_NODES, MAX_WALK_NODES } from "./artifact-graph.ts";
import { aGraph, aNode, codeOf, edge, ids, refusalOf } from "./testing/builders.ts";

const sizes = (storage: NodeSqliteStorage) =>
  storage.sql.exec<{ nodes: number; edges: number }>("SELECT (SELECT count(*) FROM nodes) AS nodes, (SELECT count(*) FROM edges) AS edges").toArray()[0];

describe("append", () => {
  test("nodes and edges come back as they were written", () => {
    const { graph } = aGraph();
    expect(
      graph.append([aNode("a", { data: { b: [1, { c: null }], a: "é" }, parents: ["z", "y", "z"] }), aNode("b")], [edge("a", "led_to", "b", { weight: 0.5 })]),
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
    graph.append([aNode("a", { data: { x: 1, y: { p: 1, q: 2 } }, parents: ["p", "q"] }), aNode("b")], [edge("a", "led_to", "b")]);
    const before = sizes(storage);
    expect(
      graph.append(
        [aNode("b"), aNode("a", { data: { y: { q: 2, p: 1 }, x: 1 }, parents: ["q", "p"] })],
        [edge("a", "led_to", "b", {}), edge("a", "led_to", "b")],
      ),
    ).toBe(0);
    expect(sizes(storage)).toEqual(before);
  });

  test("another content under a known id is INTEGRITY, at any depth and within one call", () => {
    const { graph } = aGraph();
    graph.append([aNode("a", { data: { x: { y: { z: 1 } } } }), aNode("b")], [edge("a", "led_to", "b", { n: 1 })]);
    expect(codeOf(() => graph.append([aNode("a", { data: { x: { y: { z: 2 } } } })], []))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append([aNode("b", { type: "Note" })], []))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append([aNode("b", { parents: ["a"] })], []))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append([], [edge("a", "led_to", "b", { n: 2 })]))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append([aNode("c"), aNode("c", { data: {} })], []))).toBe("INTEGRITY");
    expect(graph.get("c")).toBeNull();
  });

  test("an edge needs both its ends, which may come in the same call, and a refusal undoes the whole call", () => {
    const { graph, storage } = aGraph();
    expect(codeOf(() => graph.append([aNode("a")], [edge("a", "led_to", "nobody")]))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append([aNode("a")], [edge("nobody", "led_to", "a")]))).toBe("INTEGRITY");
    expect(sizes(storage)).toEqual({ nodes: 0, edges: 0 });
    graph.append([aNode("a"), aNode("b")], [edge("b", "led_to", "a")]);
    expect(graph.append([aNode("c")], [edge("c", "rests_on", "a")])).toBe(2);
  });

  test("types and relations that are not registered, inherited names included, are INVALID_ARGUMENT", () => {
    const { graph, open } = aGraph();
    graph.append([aNode("a"), aNode("b")], []);
    expect(codeOf(() => graph.append([aNode("x", { type: "Machine" })], []))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.append([], [edge("a", "hates", "b")]))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.append([], [edge("a", "toString", "b")]))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => open(""))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.append([aNode("x", { data: { n: Number.NaN } })], []))).toBe("INVALID_ARGUMENT");
  });

  test("a relation is refused between ends of the wrong type and in the wrong direction", () => {
    const { graph } = aGraph();
    const nodes = [aNode("S", { type: "Specification" }), aNode("E", { type: "Execution" }), aNode("T", { type: "ExecutionTrace" })];
    graph.append(nodes, [edge("S", "governs", "E"), edge("E", "produces", "T")]);
    expect(codeOf(() => graph.append([], [edge("E", "governs", "S")]))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.append([], [edge("S", "produces", "T")]))).toBe("INVALID_ARGUMENT");
  });

  test("an id that the domain finds wrong is INTEGRITY, and what an id requires has to be there or come along", () => {
    const { graph } = aGraph(({ id }) =>
      id.startsWith("bad") ? { ok: false, reason: "it is bad" } : { ok: true, requires: id.includes(".") ? [id.slice(0, id.indexOf("."))] : [] },
    );
    expect(codeOf(() => graph.append([aNode("bad-1")], []))).toBe("INTEGRITY");
    expect(codeOf(() => graph.append([aNode("s.1")], []))).toBe("INTEGRITY");
    expect(graph.append([aNode("s.1"), aNode("s")], [])).toBe(2);
    expect(graph.append([aNode("s.2")], [])).toBe(1);
  });

  test("a call and a node over their limits are TOO_LARGE", () => {
    const { graph } = aGraph();
    const many = Array.from({ length: MAX_APPEND_RECORDS + 1 }, (_, index) => aNode(`n${index}`));
    expect(codeOf(() => graph.append(many, []))).toBe("TOO_LARGE");
    expect(graph.append(many.slice(1), [])).toBe(MAX_APPEND_RECORDS);
    expect(codeOf(() => graph.append([aNode("big", { data: { text: "é".repeat(MAX_NODE_BYTES / 2) } })], []))).toBe("TOO_LARGE");
  });

  test("nodes and edges can be neither changed nor deleted, and foreign keys hold in the store", () => {
    const { graph, storage } = aGraph();
    graph.append([aNode("a"), aNode("b")], [edge("a", "led_to", "b")]);
    for (const statement of ["UPDATE nodes SET type = 'Note'", "DELETE FROM nodes", "UPDATE edges SET rel = 'beside'", "DELETE FROM edges"]) {
      expect(() => storage.sql.exec(statement)).toThrow(/append-only/);
    }
    expect(() => storage.sql.exec("INSERT INTO edges (source, rel, target, props, created_at) VALUES ('a', 'led_to', 'x', '{}', 0)")).toThrow(/FOREIGN KEY/);
  });
});

describe("reading by type", () => {
  test("pages of a namespace, oldest first, continue strictly after an id", () => {
    const { graph, open } = aGraph();
    graph.append(
      Array.from({ length: 5 }, (_, index) => aNode(`n${index}`)),
      [],
    );
    open("other").append([aNode("o1"), aNode("note", { type: "Note" })], []);
    expect(ids(graph.byType("Finding", 2))).toEqual(["n0", "n1"]);
    expect(ids(graph.byType("Finding", 10, "n1"))).toEqual(["n2", "n3", "n4"]);
    expect(graph.byType("Note", 10)).toEqual([]);
    expect(codeOf(() => graph.byType("Finding", 10, "o1"))).toBe("NOT_FOUND");
    expect(codeOf(() => graph.byType("Finding", 10, "nobody"))).toBe("NOT_FOUND");
    expect(codeOf(() => graph.byType("Finding", MAX_PAGE_NODES + 1))).toBe("TOO_LARGE");
    expect(codeOf(() => graph.byType("Finding", 0))).toBe("INVALID_ARGUMENT");
  });

  test("a page of large nodes is cut by bytes and still moves on", () => {
    const { graph } = aGraph();
    const text = "x".repeat(MAX_NODE_BYTES - 100);
    const count = MAX_ANSWER_BYTES / MAX_NODE_BYTES + 2;
    for (let index = 0; index < count; index++) graph.append([aNode(`n${index}`, { data: { text, index } })], []);
    const page = ids(graph.byType("Finding", 100));
    expect(page.length).toBeLessThan(count);
    expect(ids(graph.byType("Finding", 100, page.at(-1)))[0]).toBe(`n${page.length}`);
  });
});

describe("why and impact", () => {
  test("why walks to causes and impact away from them, whichever end of a relation the cause is", () => {
    const { graph } = aGraph();
    graph.append(
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
      chain,
      chain.slice(1).map((node, index) => edge(`n${index}`, "led_to", node.id)),
    );
    expect(graph.impact("n0", { limit: 10 })).toMatchObject({ truncated: true });
    expect(ids(graph.impact("n0", { limit: 10 }).nodes)).toEqual(ids(chain.slice(0, 10)));
    expect(graph.impact("n0", { limit: 50 })).toMatchObject({ truncated: false });
    expect(codeOf(() => graph.impact("n0", { limit: 0 }))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.impact("n0", { limit: MAX_WALK_NODES + 1 }))).toBe("TOO_LARGE");
  });

  test("a node with very many neighbours costs no more than the bound", () => {
    const { graph } = aGraph();
    const leaves = Array.from({ length: 2_000 }, (_, index) => aNode(`leaf${index}`));
    graph.append(
      [aNode("hub"), ...leaves],
      leaves.map(({ id }) => edge("hub", "led_to", id)),
    );
    const answer = graph.impact("hub", { limit: 20 });
    expect([answer.nodes.length, answer.edges.length, answer.truncated]).toEqual([20, 19, true]);
  });

  test("a graph dense with edges is cut at the bound of edges and says so", () => {
    const { graph } = aGraph();
    const nodes = Array.from({ length: 30 }, (_, index) => aNode(`n${index}`));
    const arrows = nodes.flatMap(({ id: from }) => nodes.flatMap(({ id: to }) => (from === to ? [] : [edge(from, "led_to", to)])));
    graph.append(nodes, arrows);
    const answer = graph.impact("n0", { limit: 30 });
    expect([answer.nodes.length, answer.edges.length, answer.truncated]).toEqual([30, 300, true]);
    expect(graph.impact("n0", { limit: 87 })).toMatchObject({ truncated: false });
    expect(graph.impact("n0", { limit: 87 }).edges).toHaveLength(30 * 29);
  });

  test("an answer whose data would be too large is cut and says so", () => {
    const { graph } = aGraph();
    const count = MAX_ANSWER_BYTES / MAX_NODE_BYTES + 2;
    const chain = Array.from({ length: count }, (_, index) => aNode(`n${index}`, { data: { text: "x".repeat(MAX_NODE_BYTES - 100), index } }));
    for (const node of chain) graph.append([node], []);
    graph.append(
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

  test("a long chain is walked to its bound", () => {
    const { graph } = aGraph();
    const length = MAX_WALK_NODES;
    for (let from = 0; from < length; from += 2_000)
      graph.append(
        Array.from({ length: 2_000 }, (_, index) => aNode(`n${from + index}`)),
        [],
      );
    for (let from = 1; from < length; from += 2_000) {
      graph.append(
        [],
        Array.from({ length: Math.min(2_000, length - from) }, (_, index) => edge(`n${from + index}`, "rests_on", `n${from + index - 1}`)),
      );
    }
    const { nodes, truncated } = graph.why(`n${length - 1}`, { limit: MAX_WALK_NODES });
    expect([nodes.length, truncated, nodes.at(-1)?.id]).toEqual([length, false, "n0"]);
  });
});

describe("many nodes at once", () => {
  test("come in the order of their ids, and those that do not exist are left out", () => {
    const { graph, open } = aGraph();
    graph.append(
      Array.from({ length: 40 }, (_, index) => aNode(`n${index}`)),
      [],
    );
    open("other").append([aNode("theirs")], []);
    expect(graph.getMany([])).toEqual([]);
    expect(ids(graph.getMany(["n7", "nobody", "n39", "theirs", "n0", "n7"]))).toEqual(["n7", "n39", "n0", "n7"]);
    expect(codeOf(() => graph.getMany(Array.from({ length: MAX_PAGE_NODES + 1 }, () => "n0")))).toBe("TOO_LARGE");
  });

  test("that do not fit one answer are refused, with how many do", () => {
    const { graph } = aGraph();
    const count = MAX_ANSWER_BYTES / MAX_NODE_BYTES + 2;
    const nodes = Array.from({ length: count }, (_, index) => aNode(`n${index}`, { data: { text: "x".repeat(MAX_NODE_BYTES - 100), index } }));
    for (const node of nodes) graph.append([node], []);
    const refusal = refusalOf(() => graph.getMany(ids(nodes)));
    expect([refusal?.code, refusal?.details]).toEqual(["TOO_LARGE", { fit: count - 2 }]);
    expect(graph.getMany(ids(nodes.slice(0, count - 2)))).toHaveLength(count - 2);
  });
});
