/** What mediation has written to the artifact graph when a run is seeded: ids follow from content, as in production. */
import { artifactNode, claimNodeId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, AtomDirective, Claim } from "@factory/schemas";
import type { SeedRequest } from "@factory/schemas/rpc";

/** Assembly of every run of these tests. */
export const ASSEMBLY = "pricing";

/** Nodes and edges of one append. */
export type Lineage = { readonly nodes: readonly ArtifactNode[]; readonly edges: readonly ArtifactEdge[] };

/** The first specification of a session's order. */
export function specificationNode(org: string, sessionId: string) {
  return artifactNode("SPEC", "Specification", org, { assembly: ASSEMBLY, domain: "WO-1", sessionId }, []);
}

/** What an agent of a run is directed by. */
export function directiveNode(org: string, { runId, title }: Pick<AtomDirective, "runId" | "title">) {
  return artifactNode("DIR", "AtomDirective", org, { runId, title }, []);
}

/** A specification with its claims, as an adopted amendment leaves one too. */
export function specifiedLineage(specification: ArtifactNode, claims: readonly Claim[]): Lineage {
  const nodes = claims.map(({ claimId, text }) => ({
    id: claimNodeId(specification.id, claimId),
    type: "Claim",
    data: { claimId, text },
    parents: [specification.id],
  }));
  return { nodes: [specification, ...nodes], edges: nodes.map(({ id }) => ({ source: specification.id, rel: "composed_of", target: id })) };
}

/** The specification of a seed with its claims, and the directives. */
export function compiledLineage({ org, sessionId, claims, beads }: Pick<SeedRequest, "org" | "sessionId" | "claims" | "beads">): Lineage {
  const specification = specificationNode(org, sessionId);
  const { nodes, edges } = specifiedLineage(specification, claims);
  const directives = beads.map(({ directive }) => directiveNode(org, directive));
  return {
    nodes: [...nodes, ...directives],
    edges: [...edges, ...directives.map(({ id }) => ({ source: id, rel: "source_ref", target: specification.id }))],
  };
}
