import { ArtifactGraph, ARTIFACT_GRAPH_MIGRATIONS } from "@factory/artifact-graph";
import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { artifactNode, claimNodeId, CONTENT_PREFIXES, ulidId } from "@factory/schemas";
import type { ArtifactNode } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FACTORY_REGISTRY } from "./factory-registry.ts";
import { factoryIds, NODE_PREFIXES } from "./node-ids.ts";

const verify = factoryIds("acme");
const aSpecification = (data: Record<string, unknown> = { assembly: "pricing", domain: "software" }) => artifactNode("SPEC", "Specification", "acme", data, []);

function aClaim(specificationId: string, claimId = "C-1", overrides: Partial<ArtifactNode> = {}): ArtifactNode {
  return { id: claimNodeId(specificationId, claimId), type: "Claim", data: { claimId, text: "it holds" }, parents: [specificationId], ...overrides };
}

/** The causes that `domain.md` 3 gives, relation by relation. */
const CAUSES = {
  source: [
    "composed_of",
    "governs",
    "produces",
    "evidences",
    "evidence_for",
    "motivates",
    "if_adopted_produces",
    "subject_to",
    "produces_verdict",
    "informs",
    "compiles_to",
    "dispatched_as",
    "produced_trace",
    "gate_result",
  ],
  target: [
    "version_of",
    "formalizes",
    "governed_by",
    "concerns",
    "explains",
    "proposes_modification_of",
    "corrects",
    "source_ref",
    "derived_from",
    "addresses",
    "instantiates",
  ],
  none: ["diverges_from", "borne_by", "produced_at", "records_candidate_set", "records_selected_option", "created_by"],
};

describe("the factory's registry", () => {
  test("every relation has the cause that the domain gives it", () => {
    const expected = Object.entries(CAUSES).flatMap(([cause, names]) => names.map((name) => [name, cause]));
    expect(Object.fromEntries(Object.entries(FACTORY_REGISTRY.relations).map(([name, { cause }]) => [name, cause]))).toEqual(Object.fromEntries(expected));
  });

  test("every type but the claim has a prefix of its own", () => {
    expect(Object.keys(NODE_PREFIXES).sort()).toEqual(FACTORY_REGISTRY.types.filter((type) => type !== "Claim").sort());
    expect(new Set(Object.values(NODE_PREFIXES)).size).toBe(Object.keys(NODE_PREFIXES).length);
  });
});

describe("a node's id", () => {
  test("follows from type, org, content and parents, whatever their order", () => {
    const node = artifactNode("PRS", "Pressure", "acme", { a: 1, b: { c: 2, d: 3 } }, ["y", "x"]);
    expect(verify(node)).toEqual({ ok: true });
    expect(verify({ ...node, data: { b: { d: 3, c: 2 }, a: 1 }, parents: ["x", "y"] })).toEqual({ ok: true });
  });

  test("any change of content at any depth, of parents, type or org is found", () => {
    const node = artifactNode("PRS", "Pressure", "acme", { a: { b: { c: 1 } } }, ["xy"]);
    expect(verify({ ...node, data: { a: { b: { c: 2 } } } }).ok).toBe(false);
    expect(verify({ ...node, parents: ["x", "y"] }).ok).toBe(false);
    expect(verify({ ...node, type: "Capability" }).ok).toBe(false);
    expect(factoryIds("other")(node).ok).toBe(false);
  });

  test("has the prefix of its type", () => {
    const asWorkGraph = artifactNode("WG", "Pressure", "acme", {}, []);
    expect(verify(asWorkGraph)).toMatchObject({ ok: false, reason: "its type has PRS ids" });
    expect(verify({ id: ulidId("EXE"), type: "Execution", data: { any: 1 }, parents: [] })).toEqual({ ok: true });
    expect(verify({ id: "EXE-1", type: "Execution", data: {}, parents: [] }).ok).toBe(false);
  });

  test("of a claim is its specification's and its number, and needs the specification", () => {
    const specification = aSpecification();
    expect(verify(aClaim(specification.id, "C-12"))).toEqual({ ok: true, requires: [specification.id] });
    expect(verify(aClaim(specification.id, "C-1", { data: { claimId: "C-2" } })).ok).toBe(false);
    expect(verify(aClaim("SPEC-1")).ok).toBe(false);
    expect(verify({ ...aClaim(specification.id), id: specification.id }).ok).toBe(false);
    expect(verify({ ...aClaim(specification.id), type: "Specification" }).ok).toBe(false);
  });

  test("of generated content is accepted as made and refused when one character of it differs", () => {
    const types = Object.entries(NODE_PREFIXES).filter(([, prefix]) => (CONTENT_PREFIXES as readonly string[]).includes(prefix));
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.dictionary(fc.string(), fc.jsonValue()), fc.integer({ min: 0, max: 25 }), ([type, prefix], data, at) => {
        const node = artifactNode(prefix as (typeof CONTENT_PREFIXES)[number], type, "acme", data, []);
        expect(verify(node)).toEqual({ ok: true });
        const body = node.id.slice(prefix.length + 1);
        const changed = body.slice(0, at) + (body[at] === "0" ? "1" : "0") + body.slice(at + 1);
        expect(verify({ ...node, id: `${prefix}-${changed}` }).ok).toBe(false);
      }),
    );
  });
});

describe("the factory's graph", () => {
  function aGraph(): ArtifactGraph {
    const storage = new NodeSqliteStorage();
    migrate(storage, ARTIFACT_GRAPH_MIGRATIONS);
    return new ArtifactGraph({ storage, namespace: "pricing", registry: FACTORY_REGISTRY, verifyId: verify, now: () => 0 });
  }

  test("a claim without its specification is refused and accepted together with it", () => {
    const graph = aGraph();
    const specification = aSpecification();
    expect(() => graph.append([aClaim(specification.id)], [])).toThrow(/do not exist/);
    expect(
      graph.append([aClaim(specification.id), specification], [{ source: specification.id, rel: "composed_of", target: claimNodeId(specification.id, "C-1") }]),
    ).toBe(3);
  });

  test("why leads from a verdict of a directive's trace back to the pressure, and impact the other way", () => {
    const graph = aGraph();
    const node = (prefix: (typeof CONTENT_PREFIXES)[number], type: string, parents: string[]) => artifactNode(prefix, type, "acme", { title: type }, parents);
    const signal = node("SIG", "Signal", []);
    const pressure = node("PRS", "Pressure", [signal.id]);
    const intent = node("IS", "IntentSpecification", [pressure.id]);
    const workGraph = node("WG", "WorkGraph", [intent.id]);
    const atom = node("ATOM", "RequirementAtom", [workGraph.id]);
    const directive = node("DIR", "AtomDirective", [atom.id]);
    const trace = node("ET", "ExecutionTrace", [directive.id]);
    graph.append(
      [signal, pressure, intent, workGraph, atom, directive, trace],
      [
        { source: pressure.id, rel: "derived_from", target: signal.id },
        { source: intent.id, rel: "source_ref", target: pressure.id },
        { source: intent.id, rel: "compiles_to", target: workGraph.id },
        { source: atom.id, rel: "source_ref", target: workGraph.id },
        { source: atom.id, rel: "dispatched_as", target: directive.id },
        { source: directive.id, rel: "produced_trace", target: trace.id },
      ],
    );
    const types = (answer: { nodes: { type: string }[] }) => answer.nodes.map(({ type }) => type);
    const order = ["Signal", "Pressure", "IntentSpecification", "WorkGraph", "RequirementAtom", "AtomDirective", "ExecutionTrace"];
    expect(types(graph.impact(signal.id))).toEqual(order);
    expect(types(graph.why(trace.id))).toEqual([...order].reverse());
  });
});
