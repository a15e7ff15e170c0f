import { migrate } from "@factory/durable";
import type { SqlValue } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { digestOf } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { ArtifactGraph } from "./artifact-graph.ts";
import { ARTIFACT_GRAPH_MIGRATIONS, NAMESPACE_COMPONENT, namespaceMigrations } from "./graph-schema.ts";
import { aGraph, aNode, aSpecification, aVerdictOn, codeOf, edge, ids, REGISTRY } from "./testing/builders.ts";

const over = (storage: NodeSqliteStorage, namespace: string) =>
  new ArtifactGraph({ storage, namespace, registry: REGISTRY, verifyId: () => ({ ok: true }), now: () => 0 });

/** A database of the first schema, with a node of each kind that later schemas know more of. */
function ofFirstSchema(): NodeSqliteStorage {
  const storage = new NodeSqliteStorage();
  migrate(storage, ARTIFACT_GRAPH_MIGRATIONS.slice(0, 1));
  const rows: readonly (readonly [id: string, type: string, namespace: string, data: object])[] = [
    ["s1", "Specification", "visit 1", { domain: "triage" }],
    ["s2", "Specification", "visit 1", { domain: "triage" }],
    ["s3", "Specification", "visit 2", { domain: "triage" }],
    ["b1", "Specification", "visit 2", { domain: "billing" }],
    ["h1", "Hypothesis", "visit 1", { severity: "high" }],
    ["h2", "Hypothesis", "visit 2", {}],
    ["m", "Amendment", "visit 1", {}],
    ["p", "VerificationProcess", "visit 1", {}],
    ["v", "Verdict", "visit 1", { outcome: "favorable" }],
  ];
  for (const [id, type, namespace, data] of rows) {
    const text = JSON.stringify(data);
    storage.sql.exec(
      "INSERT INTO nodes (id, type, namespace, parents, created_at, bytes, data) VALUES (?, ?, ?, '[]', 0, ?, ?)",
      id,
      type,
      namespace,
      text.length,
      text,
    );
  }
  const edges = [
    edge("s2", "version_of", "s1"),
    edge("h1", "motivates", "m"),
    edge("m", "if_adopted_produces", "s2"),
    edge("m", "subject_to", "p"),
    edge("p", "produces_verdict", "v"),
  ];
  for (const { source, rel, target } of edges) {
    storage.sql.exec("INSERT INTO edges (source, rel, target, props, created_at) VALUES (?, ?, ?, '{}', 0)", source, rel, target);
  }
  return storage;
}

describe("the schema", () => {
  test("keeps its first migration as it was released", () => {
    expect(digestOf(ARTIFACT_GRAPH_MIGRATIONS[0]?.statements)).toBe("e6cf99ce38504256a4f290b68c414ff795cbe2ad9f1f2370e8ad7db2d8b02eb6");
  });

  test("finds what an older database holds: specifications in force and what became of hypotheses", () => {
    const storage = ofFirstSchema();
    expect(migrate(storage, ARTIFACT_GRAPH_MIGRATIONS)).toEqual(["0002-standings"]);
    const graph = over(storage, "visit 1");
    // Adopted by its verdict, which was written last.
    expect(graph.activeSpecification("triage")?.id).toBe("s2");
    expect(ids(over(storage, "visit 2").activeSpecifications())).toEqual(["b1", "s3"]);
    expect(graph.hypotheses().map(({ node, status, cycles }) => [node.id, status, cycles])).toEqual([["h1", "adopted", 0]]);
    expect(graph.surface("h1", "week 1", "ada")).toBe(1);
  });

  test("brings an older database into one namespace, whatever its name, and keeps nodes append-only", () => {
    const storage = ofFirstSchema();
    const namespace = "o'hara; DROP TABLE nodes";
    migrate(storage, ARTIFACT_GRAPH_MIGRATIONS);
    expect(migrate(storage, namespaceMigrations(namespace), NAMESPACE_COMPONENT)).toEqual(["0001-own-namespace"]);
    expect(migrate(storage, namespaceMigrations(namespace), NAMESPACE_COMPONENT)).toEqual([]);
    const graph = over(storage, namespace);
    expect(graph.get("s1")).toMatchObject({ namespace });
    expect(ids(graph.activeSpecifications())).toEqual(["s2", "b1"]);
    expect(graph.hypotheses({ status: "open" }).map(({ node }) => node.id)).toEqual(["h2"]);
    expect(() => storage.sql.exec("UPDATE nodes SET namespace = 'other'")).toThrow(/append-only/);
    expect(codeOf(() => graph.append([aSpecification("s4")], [edge("s4", "version_of", "s1")]))).toBe("STALE_TARGET");
  });
});

describe("every statement of a graph", () => {
  /** Statements that the calls run, each with its last bindings. */
  function recorded(storage: NodeSqliteStorage, calls: () => void): Map<string, SqlValue[]> {
    const statements = new Map<string, SqlValue[]>();
    const run = storage.sql.exec;
    storage.sql.exec = (query, ...bindings) => {
      statements.set(query, bindings);
      return run(query, ...bindings);
    };
    calls();
    storage.sql.exec = run;
    return statements;
  }

  test("goes through an index and sorts nothing it reads", () => {
    const { graph, storage } = aGraph();
    const verdict = aVerdictOn("m", "favorable");
    const statements = recorded(storage, () => {
      graph.append(
        [aNode("a"), aNode("b"), aSpecification("s1"), aNode("h", { type: "Hypothesis", data: { severity: "high" } }), aNode("m", { type: "Amendment" })],
        [edge("a", "led_to", "b"), edge("h", "motivates", "m"), edge("m", "if_adopted_produces", "s1")],
      );
      graph.append([aSpecification("s2"), ...verdict.nodes], [edge("s2", "version_of", "s1"), edge("a", "led_to", "b"), ...verdict.edges]);
      graph.get("a");
      graph.getMany(["a", "b"]);
      graph.edgesOf("a");
      graph.why("b", { depth: 10 });
      graph.collectLineage("b", "led_to");
      graph.boundedPath("a", [{ rel: "led_to" }, { rel: "led_to", direction: "backward", targetType: "Finding" }]);
      graph.byType("Finding", 10, "a");
      graph.surface("h", "week 1", "ada");
      graph.hypotheses();
      graph.hypotheses({ status: "open" });
      graph.hypotheses({ status: "open", severity: "high", surfaced: true, beforeId: "h" });
      graph.hypotheses({ carriedOver: 2 });
      graph.activeSpecification("triage");
      graph.activeSpecifications();
    });
    expect(statements.size).toBeGreaterThan(30);
    for (const [query, bindings] of statements) {
      const plan = storage.sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...bindings)
        .toArray()
        .map(({ detail }) => detail);
      // A few values at once may be scanned: a parameter's, and what a common table expression makes of them.
      const scans = plan.filter(
        (step) => step.startsWith("SCAN ") && !/^SCAN (?:one|at|pair|triple|judged|moved|all_moved|leaves|reaches|json_each|CONSTANT ROW)\b/.test(step),
      );
      // A search for nodes by nothing but their namespace reads all of them.
      const wide = plan.filter((step) => step.includes("nodes_by_type (namespace=?)"));
      // What is sorted is what an append has just touched, and the verdicts on one hypothesis's amendments: a few each.
      const sorts = plan.filter((step) => step.includes("USE TEMP B-TREE FOR ORDER BY") && !/^WITH |judged_hypotheses/.test(query));
      expect([query, scans, wide, sorts]).toEqual([query, [], [], []]);
    }
  });
});
