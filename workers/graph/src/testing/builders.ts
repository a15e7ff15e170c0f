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

/** A hypothesis of a severity. */
export function aHypothesis(org: string, severity: string) {
  return artifactNode("HYP", "Hypothesis", org, { severity, explanation: "it was not stated" }, []);
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

/** That the agent of a role set out under its policy and trust; `nonce` tells two apart. */
export function anExecution(org: string, { policy, trust }: { policy: KnowingStateBead; trust: KnowingStateBead }, nonce: string): KnowingStateBead {
  const content = {
    subject_id: trust.content["subject_id"],
    action: "execute",
    autonomy_level: "EXECUTE_BOUNDED",
    policy_bead_id: policy.id,
    trust_bead_id: trust.id,
    rationale: "",
    nonce,
  };
  return aBead(org, "execution", content);
}

/** A proposed change of a specification, or with what it supersedes its decision. */
export function anAmendment(org: string, targetId: string, status = "PROPOSED", supersedes?: string): KnowingStateBead {
  const content = { target_id: targetId, target_type: "specification", proposed_change: {}, rationale: "", triggered_by: "human", status };
  return aBead(org, "amendment", content, supersedes);
}

/** That a person has to look at a bead, or with what it supersedes that one has. */
export function anEscalation(org: string, trigger: KnowingStateBead, supersedes?: string): KnowingStateBead {
  const resolved = supersedes === undefined ? {} : { resolved_at: "2026-01-02T00:00:00Z", resolution: "it is fine" };
  return aBead(org, "escalation", { trigger_bead_id: trigger.id, reason: "unclear", escalated_to: "person:ada", ...resolved }, supersedes);
}
