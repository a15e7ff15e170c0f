/** A small lineage as a session leaves it, and the registry that knows its assembly. */
import { artifactNode, claimNodeId, type ArtifactEdge, type ArtifactNode } from "@factory/schemas";

/** A lineage from a signal to a specification with two claims and a divergence on the first. */
export type Lineage = {
  readonly nodes: readonly ArtifactNode[];
  readonly edges: readonly ArtifactEdge[];
  readonly ids: { readonly [N in "signal" | "pressure" | "intent" | "specification" | "claim" | "second" | "divergence"]: string };
};

/** Builds it for an org; `title` makes it another one. */
export function aLineage(org: string, title = "Slugs"): Lineage {
  const lineage = { explicitness: "stated", rationale: "Taken from the order." };
  const signal = artifactNode("SIG", "Signal", org, { title, ...lineage }, []);
  const pressure = artifactNode("PRS", "Pressure", org, { title: `${title} are wanted`, ...lineage }, [signal.id]);
  const intent = artifactNode("IS", "IntentSpecification", org, { title: `Make ${title}`, ...lineage }, [pressure.id]);
  const specification = artifactNode("SPEC", "Specification", org, { title, version: 1, domain: "WO-1", ...lineage }, [intent.id, pressure.id]);
  const claims = ["C-1", "C-2"].map((claimId) => ({
    id: claimNodeId(specification.id, claimId),
    type: "Claim",
    data: { claimId, text: `${claimId} of ${title} holds` },
    parents: [specification.id],
  }));
  const [claim, second] = claims;
  if (claim === undefined || second === undefined) throw new Error("A specification of the test has two claims.");
  const divergence = artifactNode("DIV", "Divergence", org, { divergenceType: "atom-failure", claimId: "C-1", observed: "it does not" }, [specification.id]);
  const edge = (source: ArtifactNode, rel: string, target: ArtifactNode): ArtifactEdge => ({ source: source.id, rel, target: target.id });
  return {
    nodes: [signal, pressure, intent, specification, claim, second, divergence],
    edges: [
      edge(pressure, "source_ref", signal),
      edge(intent, "source_ref", pressure),
      edge(specification, "source_ref", intent),
      // A second way to the pressure: a diamond.
      edge(specification, "addresses", pressure),
      edge(specification, "composed_of", claim),
      edge(specification, "composed_of", second),
      edge(divergence, "concerns", claim),
    ],
    ids: {
      signal: signal.id,
      pressure: pressure.id,
      intent: intent.id,
      specification: specification.id,
      claim: claim.id,
      second: second.id,
      divergence: divergence.id,
    },
  };
}

/** Puts an org's assemblies where the registry's double finds them. */
export async function register(bucket: { put(key: string, value: string): Promise<unknown> }, org: string, assemblies: readonly string[]): Promise<void> {
  await bucket.put(`test-registry/${org}`, JSON.stringify(assemblies));
}
