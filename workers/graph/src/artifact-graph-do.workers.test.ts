import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { ARTIFACT_GRAPH_MIGRATIONS } from "@factory/artifact-graph";
import { objectName } from "@factory/schemas";
import { artifactGraphOf, sourceGraphOf } from "@factory/schemas/rpc";
import type { ObjectHealthRpc } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { aClaim, aHypothesis, aPressure, aSpecification } from "./testing/builders.ts";

/** A graph of its own: the assembly's name is the test's. */
function aGraph(assembly: string, org = "acme") {
  return { org, assembly, stub: env.ARTIFACT_GRAPHS.getByName(objectName.artifactGraph(org, assembly)), graph: artifactGraphOf(env, org, assembly) };
}

/** The stub's promise pipelines whatever property is read of it; a plain promise is what an assertion may look at. */
const called = async <T>(call: () => Promise<T>): Promise<T> => await call();

describe("ArtifactGraphDO", () => {
  test("concurrent appends of one lineage are each taken once, and a bad one leaves its neighbours", async () => {
    const { graph, org } = aGraph("concurrent");
    const root = aPressure(org, "root");
    const nodes = Array.from({ length: 60 }, (_, index) => aPressure(org, `p${index}`, [root.id]));
    const append = (node: (typeof nodes)[number]) => graph.append([root, node], [{ source: node.id, rel: "source_ref", target: root.id }]);
    const answers = await Promise.all([...nodes, ...nodes.slice(0, 20)].map(append).concat(graph.append([{ ...root, data: { title: "forged" } }], [])));
    expect(answers.slice(0, 80).every(({ ok }) => ok)).toBe(true);
    expect(answers[80]).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(answers.reduce((sum, answer) => sum + (answer.ok ? answer.written : 0), 0)).toBe(1 + 60 * 2);
    const impact = await graph.impact(root.id);
    expect(impact.ok && [impact.nodes.length, impact.edges.length, impact.truncated]).toEqual([61, 60, false]);
    expect(await graph.byType("Pressure", 3)).toMatchObject([{ id: root.id }, { id: nodes[0]?.id }, { id: nodes[1]?.id }]);
  });

  test("its health tells its storage and the schema of its own tables", async () => {
    const { graph, org, stub } = aGraph("health");
    await graph.append([aPressure(org, "root")], []);
    // The generated binding does not name the class that this Worker exports.
    const health = await (stub as unknown as ObjectHealthRpc).objectHealth();
    expect(health).toMatchObject({ state: null, outbox: null, schemaVersion: ARTIFACT_GRAPH_MIGRATIONS.at(-1)?.id });
    expect(health.storageBytes).toBeGreaterThan(0);
  });

  test("ids are recomputed under the object's own org", async () => {
    const { graph } = aGraph("own org");
    expect(await graph.append([aPressure("other", "theirs")], [])).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(await graph.append([{ ...aPressure("acme", "ours"), type: "Machine" }], [])).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
  });

  test("a claim needs its specification, and a successor is the active specification", async () => {
    const { graph, org, assembly } = aGraph("specified");
    const first = aSpecification(org, assembly);
    const claim = aClaim(first.id);
    const composed = { source: first.id, rel: "composed_of", target: claim.id };
    expect(await graph.append([claim], [])).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(await graph.append([first, claim], [composed])).toEqual({ ok: true, written: 3 });
    expect(await graph.getActiveSpecification("software")).toMatchObject({ id: first.id });
    expect(await graph.getActiveSpecification("other")).toBeNull();
    const second = aSpecification(org, assembly, 2, [first.id]);
    await graph.append([second], [{ source: second.id, rel: "version_of", target: first.id }]);
    expect(await graph.getActiveSpecification("software")).toMatchObject({ id: second.id });
    expect(await graph.why(second.id)).toMatchObject({ ok: true, nodes: [{ id: second.id }, { id: first.id }] });
    expect(await graph.edgesOf(first.id)).toMatchObject({ out: [{ rel: "composed_of" }], in: [{ rel: "version_of" }] });
  });

  test("an unknown node is NOT_FOUND for why and impact, null for get", async () => {
    const { graph } = aGraph("empty");
    expect(await graph.why("PRS-0")).toMatchObject({ ok: false, code: "NOT_FOUND" });
    expect(await graph.impact("PRS-0")).toMatchObject({ ok: false, code: "NOT_FOUND" });
    expect(await graph.get("PRS-0")).toBeNull();
  });

  test("after an eviction everything is there and a repeat writes nothing", async () => {
    const { graph, org, stub } = aGraph("evicted");
    const node = aPressure(org, "kept");
    await graph.append([node], []);
    await evictDurableObject(stub);
    expect(await graph.get(node.id)).toMatchObject({ id: node.id, data: { title: "kept" }, namespace: "evicted" });
    expect(await graph.append([node], [])).toEqual({ ok: true, written: 0 });
  });

  test("the schema is applied once with foreign keys on, and an object whose record was tampered with refuses to run", async () => {
    const { graph, org, stub } = aGraph("migrated");
    await graph.append([aPressure(org, "a")], []);
    await evictDurableObject(stub);
    await runInDurableObject(stub, (_, { storage }) => {
      expect(storage.sql.exec("SELECT component, id FROM durable_migrations ORDER BY component, position").toArray()).toEqual([
        { component: "artifact-namespace", id: "0001-own-namespace" },
        { component: "object", id: "0001-artifact-graph" },
        { component: "object", id: "0002-standings" },
      ]);
      expect(storage.sql.exec("PRAGMA foreign_keys").one()).toEqual({ foreign_keys: 1 });
      expect(() => storage.sql.exec("INSERT INTO edges (source, rel, target, props, created_at) VALUES ('a', 'x', 'b', '{}', 0)")).toThrow(/FOREIGN KEY/);
      expect(() => storage.sql.exec("DELETE FROM nodes")).toThrow(/append-only/);
      expect(() => storage.sql.exec("UPDATE nodes SET namespace = 'other'")).toThrow(/append-only/);
      storage.sql.exec("UPDATE durable_migrations SET digest = 'tampered' WHERE component = 'object'");
    });
    await evictDurableObject(stub);
    await expect(called(() => graph.get("x"))).rejects.toThrow(/changed after it was applied/);
  });

  test("an object of the first schema is brought to the present one with what it holds, under its own namespace", async () => {
    const { graph, org, assembly, stub } = aGraph("grown");
    const first = aSpecification(org, assembly);
    const second = aSpecification(org, assembly, 2, [first.id]);
    await graph.append([first, second], [{ source: second.id, rel: "version_of", target: first.id }]);
    await runInDurableObject(stub, (_, { storage }) => backToFirstSchema(storage, "SES-1"));
    await evictDurableObject(stub);
    expect(await graph.get(first.id)).toMatchObject({ id: first.id, namespace: assembly });
    expect(await graph.getActiveSpecification("software")).toMatchObject({ id: second.id });
    expect(await graph.activeSpecifications()).toMatchObject([{ id: second.id }]);
    expect(await graph.why(second.id)).toMatchObject({ ok: true, nodes: [{ id: second.id }, { id: first.id }] });
    const third = aSpecification(org, assembly, 3, [first.id]);
    expect(await graph.append([third], [{ source: third.id, rel: "version_of", target: first.id }])).toMatchObject({
      ok: false,
      code: "STALE_TARGET",
      details: { successor: second.id },
    });
  });

  test("of two successors that arrive together one is taken, and nothing of the other is stored", async () => {
    const { graph, org, assembly } = aGraph("raced");
    const first = aSpecification(org, assembly);
    await graph.append([first], []);
    const rivals = [2, 3].map((version) => aSpecification(org, assembly, version, [first.id]));
    const answers = await Promise.all(
      rivals.map((rival) => graph.append([rival, aClaim(rival.id)], [{ source: rival.id, rel: "version_of", target: first.id }])),
    );
    expect(answers).toMatchObject([
      { ok: true, written: 3 },
      { ok: false, code: "STALE_TARGET", details: { target: first.id, successor: rivals[0]?.id } },
    ]);
    expect(await graph.getMany(rivals.flatMap(({ id }) => [id, aClaim(id).id]))).toMatchObject({ ok: true, nodes: [{ id: rivals[0]?.id }, { type: "Claim" }] });
    expect(await graph.getActiveSpecification("software")).toMatchObject({ id: rivals[0]?.id });
  });

  test("a hypothesis is surfaced, and stays so after an eviction", async () => {
    const { graph, org, stub } = aGraph("surfaced");
    const hypothesis = aHypothesis(org, "high");
    await graph.append([hypothesis], []);
    expect(await graph.surface(hypothesis.id, "week 1", "ada")).toEqual({ ok: true, cycles: 1 });
    expect(await graph.surface(hypothesis.id, "week 1", "ada")).toEqual({ ok: true, cycles: 1 });
    expect(await graph.surface(hypothesis.id, "week 2", "ada")).toEqual({ ok: true, cycles: 2 });
    expect(await graph.surface("HYP-0", "week 2", "ada")).toMatchObject({ ok: false, code: "NOT_FOUND" });
    await evictDurableObject(stub);
    expect(await graph.hypotheses({ carriedOver: 2, severity: "high" })).toMatchObject({
      ok: true,
      hypotheses: [{ node: { id: hypothesis.id }, status: "open", cycles: 2 }],
    });
    expect(await graph.hypotheses({ limit: 0 })).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    await runInDurableObject(stub, (_, { storage }) => {
      expect(() => storage.sql.exec("UPDATE surfacings SET cycle = 'week 9'")).toThrow(/append-only/);
      expect(() => storage.sql.exec("DELETE FROM surfacings")).toThrow(/append-only/);
    });
  });

  test("walks over one relation and paths of steps are answered, and refused as data", async () => {
    const { graph, org } = aGraph("walked");
    const root = aPressure(org, "root");
    const leaf = aPressure(org, "leaf", [root.id]);
    await graph.append([root, leaf], [{ source: leaf.id, rel: "source_ref", target: root.id }]);
    const both = { ok: true, nodes: [{ id: root.id }, { id: leaf.id }], edges: [{ rel: "source_ref" }], truncated: false };
    expect(await graph.walkLineage(root.id, "source_ref", "backward")).toMatchObject(both);
    expect(await graph.collectLineage(root.id, "source_ref", { depth: 1 })).toMatchObject(both);
    expect(await graph.boundedPath(leaf.id, [{ rel: "source_ref", targetType: "Pressure" }])).toMatchObject({
      ok: true,
      paths: [{ nodes: [{ id: leaf.id }, { id: root.id }], edges: [{ source: leaf.id }] }],
    });
    expect(await graph.walkLineage(root.id, "hates", "forward")).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(await graph.boundedPath(root.id, [{ rel: "hates" }])).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(await graph.getMany(Array.from({ length: 1_001 }, () => root.id))).toMatchObject({ ok: false, code: "TOO_LARGE" });
  });

  test("the sources of an org are a graph of their own", async () => {
    const sources = sourceGraphOf(env, "acme");
    const node = aPressure("acme", "source");
    await sources.append([node], []);
    expect(await sources.get(node.id)).toMatchObject({ namespace: "sources" });
    expect(await aGraph("sources").graph.get(node.id)).toBeNull();
  });

  test.each([objectName.beadGraph("acme"), "artifacts:acme", "artifacts:acme:", "artifacts:acme:pricing:more", "sources:acme:pricing", "artifacts"])(
    "an object reached by the name %s refuses",
    async (name) => {
      const wrong = env.ARTIFACT_GRAPHS.getByName(name);
      await expect(called(async () => await wrong.get("x"))).rejects.toThrow(/reached by the name of its artifacts or sources/);
    },
  );
});

/** The object's database as the first release left it: its tables and rows, under a namespace that the writer chose. */
function backToFirstSchema({ sql }: DurableObjectStorage, namespace: string): void {
  for (const view of ["judged_hypotheses", "live_specifications", "adopted_specifications"]) sql.exec(`DROP VIEW ${view}`);
  for (const table of ["surfacings", "hypothesis_standings", "specification_standings"]) sql.exec(`DROP TABLE ${table}`);
  sql.exec("CREATE INDEX specifications_by_domain ON nodes (json_extract(data, '$.domain'), position) WHERE type = 'Specification'");
  const { trigger } = sql.exec<{ trigger: string }>("SELECT sql AS trigger FROM sqlite_schema WHERE name = 'nodes_never_change'").one();
  sql.exec("DROP TRIGGER nodes_never_change");
  sql.exec("UPDATE nodes SET namespace = ?", namespace);
  sql.exec(trigger);
  sql.exec("DELETE FROM durable_migrations WHERE component = 'artifact-namespace' OR id = '0002-standings'");
}
