import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { objectName } from "@factory/schemas";
import { artifactGraphOf } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { aClaim, aPressure, aSpecification } from "./testing/builders.ts";

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
    const append = (node: (typeof nodes)[number]) => graph.append("ns", [root, node], [{ source: node.id, rel: "source_ref", target: root.id }]);
    const answers = await Promise.all([...nodes, ...nodes.slice(0, 20)].map(append).concat(graph.append("ns", [{ ...root, data: { title: "forged" } }], [])));
    expect(answers.slice(0, 80).every(({ ok }) => ok)).toBe(true);
    expect(answers[80]).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(answers.reduce((sum, answer) => sum + (answer.ok ? answer.written : 0), 0)).toBe(1 + 60 * 2);
    const impact = await graph.impact(root.id);
    expect(impact.ok && [impact.nodes.length, impact.edges.length, impact.truncated]).toEqual([61, 60, false]);
    expect(await graph.byType("ns", "Pressure", 3)).toMatchObject([{ id: root.id }, { id: nodes[0]?.id }, { id: nodes[1]?.id }]);
  });

  test("ids are recomputed under the object's own org", async () => {
    const { graph } = aGraph("own org");
    expect(await graph.append("ns", [aPressure("other", "theirs")], [])).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(await graph.append("ns", [{ ...aPressure("acme", "ours"), type: "Machine" }], [])).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
  });

  test("a claim needs its specification, and a successor is the active specification", async () => {
    const { graph, org, assembly } = aGraph("specified");
    const first = aSpecification(org, assembly);
    const claim = aClaim(first.id);
    const composed = { source: first.id, rel: "composed_of", target: claim.id };
    expect(await graph.append("ns", [claim], [])).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(await graph.append("ns", [first, claim], [composed])).toEqual({ ok: true, written: 3 });
    expect(await graph.getActiveSpecification(assembly, "software")).toMatchObject({ id: first.id });
    expect(await graph.getActiveSpecification(assembly, "other")).toBeNull();
    const second = aSpecification(org, assembly, 2, [first.id]);
    await graph.append("ns", [second], [{ source: second.id, rel: "version_of", target: first.id }]);
    expect(await graph.getActiveSpecification(assembly, "software")).toMatchObject({ id: second.id });
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
    await graph.append("ns", [node], []);
    await evictDurableObject(stub);
    expect(await graph.get(node.id)).toMatchObject({ id: node.id, data: { title: "kept" }, namespace: "ns" });
    expect(await graph.append("ns", [node], [])).toEqual({ ok: true, written: 0 });
  });

  test("the schema is applied once with foreign keys on, and an object whose record was tampered with refuses to run", async () => {
    const { graph, org, stub } = aGraph("migrated");
    await graph.append("ns", [aPressure(org, "a")], []);
    await evictDurableObject(stub);
    await runInDurableObject(stub, (_, { storage }) => {
      expect(storage.sql.exec("SELECT id FROM durable_migrations WHERE component = 'object'").toArray()).toEqual([{ id: "0001-artifact-graph" }]);
      expect(storage.sql.exec("PRAGMA foreign_keys").one()).toEqual({ foreign_keys: 1 });
      expect(() => storage.sql.exec("INSERT INTO edges (source, rel, target, props, created_at) VALUES ('a', 'x', 'b', '{}', 0)")).toThrow(/FOREIGN KEY/);
      expect(() => storage.sql.exec("DELETE FROM nodes")).toThrow(/append-only/);
      storage.sql.exec("UPDATE durable_migrations SET digest = 'tampered' WHERE component = 'object'");
    });
    await evictDurableObject(stub);
    await expect(called(() => graph.get("x"))).rejects.toThrow(/changed after it was applied/);
  });

  test("an object reached by another class's name refuses", async () => {
    const wrong = env.ARTIFACT_GRAPHS.getByName(objectName.beadGraph("acme"));
    await expect(called(async () => await wrong.get("x"))).rejects.toThrow(/reached by the name of its artifacts/);
  });
});
