/** The records of a decision in the assembly's lineage: the disposition event, and why it was decided so. Pure. */
import { artifactNode } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { EscalationBinding } from "@factory/schemas/rpc";
import { selectedOption } from "./proposal.ts";
import type { Approver, Decision } from "./proposal.ts";

/** What is appended in one transaction, and the id of the record that says why. */
export type DecisionRecord = { readonly reasonId: string; readonly nodes: readonly ArtifactNode[]; readonly edges: readonly ArtifactEdge[] };

/**
 * The disposition event: who decided what, on which exact action, by which comments. It holds no time of this machine and no
 * parents, so the same comments make the same event in whichever order they arrive.
 */
export function dispositionEvent({ disposition, approvers }: Decision, binding: EscalationBinding): ArtifactNode {
  const { org, escalationId, sessionId, reviewId, matter, action, actionDigest, issueId } = binding;
  const data = { disposition: disposition.verb, fields: disposition, escalationId, sessionId, reviewId, matter, action, actionDigest, issueId, approvers };
  return artifactNode("DSP", "DispositionEvent", org, data, []);
}

/**
 * The nodes and edges of a decision.
 *
 * @param subjects - ids of nodes that are in the graph: what the review is about
 */
export function decisionRecord(decision: Decision, binding: EscalationBinding, subjects: readonly [string, ...string[]]): DecisionRecord {
  const event = dispositionEvent(decision, binding);
  const reason = decision.disposition.verb === "reject" ? rejection(decision, binding, event.id, subjects) : elucidation(decision, binding, event.id, subjects);
  const refs = (source: string): ArtifactEdge[] => subjects.map((target) => ({ source, rel: "source_ref", target }));
  const own: ArtifactEdge[] = [
    { source: reason.id, rel: "source_ref", target: event.id },
    ...(reason.type === "RejectionRecord"
      ? []
      : [
          { source: reason.id, rel: "produced_at", target: event.id },
          { source: reason.id, rel: "records_selected_option", target: subjects[0] },
        ]),
  ];
  return { reasonId: reason.id, nodes: [event, reason], edges: [...refs(event.id), ...refs(reason.id), ...own] };
}

function elucidation(decision: Decision, binding: EscalationBinding, eventId: string, subjects: readonly string[]): ArtifactNode {
  const { disposition, approvers } = decision;
  if (disposition.verb === "reject") throw new Error("A rejection has a record of its own.");
  const data = {
    disposition: disposition.verb,
    selectedOption: selectedOption(disposition, binding),
    rationale: disposition.rationale,
    considered: disposition.considered,
    rejectedOptions: disposition.rejected,
    assumptions: [],
    risksAccepted: [],
    ...decidedBy(approvers),
    ...about(binding, eventId),
    explicitness: "stated",
  };
  return artifactNode("ELC", "ElucidationArtifact", binding.org, data, subjects);
}

function rejection(decision: Decision, binding: EscalationBinding, eventId: string, subjects: readonly string[]): ArtifactNode {
  const { disposition, approvers } = decision;
  if (disposition.verb !== "reject") throw new Error("Only a rejection has a rejection record.");
  const data = { reason: disposition.reason, action: binding.action, ...decidedBy(approvers), ...about(binding, eventId), explicitness: "stated" };
  return artifactNode("REJ", "RejectionRecord", binding.org, data, [eventId, ...subjects]);
}

function decidedBy(approvers: readonly Approver[]) {
  return { decidedBy: approvers.map(({ member }) => member).join(", "), approvers };
}

function about({ escalationId, sessionId, reviewId, actionDigest, issueId }: EscalationBinding, dispositionEventId: string) {
  return { escalationId, sessionId, reviewId, actionDigest, issueId, dispositionEventId };
}
