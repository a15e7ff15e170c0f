/** Artifacts and knowing-state beads for the tests of this Worker. */
import { artifactNode, claimNodeId, contentId } from "@factory/schemas";
import type { ArtifactNode } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";

/** A pressure; `title` tells them apart. */
export function aPressure(org: string, title: string, parents: readonly string[] = []) {
  return artifactNode("PRS", "Pressure", org, { title }, parents);
}

/** A specification of the software domain. */
export function aSpecification(org: string, assembly: string, version = 1, parents: readonly string[] = []) {
  return artifactNode("SPEC", "Specification", org, { assembly, domain: "software", version }, parents);
}

/** The first claim of a specification. */
export function aClaim(specificationId: string): ArtifactNode {
  return { id: claimNodeId(specificationId, "C-1"), type: "Claim", data: { claimId: "C-1", text: "it holds" }, parents: [specificationId] };
}

/** A bead with the id that its content has; what it supersedes is among its parents. */
export function aBead(org: string, type: KnowingStateBead["type"], content: KnowingStateBead["content"], supersedes?: string): KnowingStateBead {
  const parents = supersedes === undefined ? [] : [supersedes];
  return {
    id: contentId("KSB", { kind: type, org, content, parents }),
    type,
    content,
    parents,
    ...(supersedes === undefined ? {} : { supersedes }),
    writtenBy: "person:ada",
    writtenAt: 1,
  };
}

/** Policy, trust and consent of one role. */
export function aKnowingState(org: string, role: string): { policy: KnowingStateBead; trust: KnowingStateBead; consent: KnowingStateBead } {
  return {
    policy: aBead(org, "policy", { scope: `role:${role}`, rules: {}, autonomy: "EXECUTE_BOUNDED", effective_at: "2020-01-01T00:00:00Z" }),
    trust: aBead(org, "trust", {
      subject_id: `agent:${role}`,
      subject_type: "agent",
      status: "APPROVED",
      trust_score: 0.8,
      rationale: "checked",
      evidence_refs: [],
    }),
    consent: aBead(org, "consent", { role_id: role, grants: ["read_file"], status: "ACTIVE", granted_by: "person:ada", granted_at: "2020-01-01T00:00:00Z" }),
  };
}
