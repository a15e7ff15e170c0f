/** A clinic's lineage for the tests: the kernel serves any domain. */
import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { FactoryError } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import { ArtifactGraph } from "../artifact-graph.ts";
import type { VerifyId } from "../artifact-graph.ts";
import { CORE_REGISTRY } from "../core-registry.ts";
import { ARTIFACT_GRAPH_MIGRATIONS } from "../graph-schema.ts";
import { joinRegistries } from "../registry.ts";

/** The core types and relations, and one relation of each cause. */
export const REGISTRY = joinRegistries(CORE_REGISTRY, {
  types: ["Finding", "Note"],
  relations: { led_to: { cause: "source" }, rests_on: { cause: "target" }, beside: { cause: "none" } },
});

/** A graph of the namespace "ward" over storage of its own; `open` gives others over the same. The clock ticks with each reading. */
export function aGraph(verifyId: VerifyId = () => ({ ok: true })) {
  const storage = new NodeSqliteStorage();
  migrate(storage, ARTIFACT_GRAPH_MIGRATIONS);
  let clock = 1_000;
  const open = (namespace: string) => new ArtifactGraph({ storage, namespace, registry: REGISTRY, verifyId, now: () => (clock += 1) });
  return { storage, open, graph: open("ward") };
}

/** A finding whose text is its id. */
export function aNode(id: string, overrides: Partial<ArtifactNode> = {}): ArtifactNode {
  return { id, type: "Finding", data: { text: id }, parents: [], ...overrides };
}

/** A specification of a domain. */
export function aSpecification(id: string, domain: string = "triage"): ArtifactNode {
  return aNode(id, { type: "Specification", data: { domain, id } });
}

/** An edge. */
export function edge(source: string, rel: string, target: string, props?: ArtifactEdge["props"]): ArtifactEdge {
  return { source, rel, target, ...(props === undefined ? {} : { props }) };
}

/** An amendment's way to a verdict: process, verdict and the edges to them; ids follow from the amendment's. */
export function aVerdictOn(amendment: string, outcome: "favorable" | "unfavorable", name = "1") {
  const [process, verdict] = [`${amendment}-vp${name}`, `${amendment}-vdt${name}`];
  return {
    nodes: [aNode(process, { type: "VerificationProcess" }), aNode(verdict, { type: "Verdict", data: { outcome } })],
    edges: [edge(amendment, "subject_to", process), edge(process, "produces_verdict", verdict)],
  };
}

/** Code of the refusal that a call throws, "none" when it throws nothing. */
export function codeOf(fn: () => unknown): string {
  return refusalOf(fn)?.code ?? "none";
}

/** The refusal that a call throws. */
export function refusalOf(fn: () => unknown): FactoryError | undefined {
  try {
    fn();
  } catch (err) {
    if (err instanceof FactoryError) return err;
    throw err;
  }
  return undefined;
}

/** Ids in order. */
export const ids = (nodes: readonly { readonly id: string }[]): string[] => nodes.map(({ id }) => id);
