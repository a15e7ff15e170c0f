/** What BP1 and BP2 leave in both graphs before an agent works, and what a person writes to change how far it is trusted. */
import { knowingStateBeadId } from "@factory/bead-graph";
import { agentIdOf } from "@factory/gears";
import { agentNode, knowingStateNode } from "@factory/loop-closure";
import type { Autonomy, Role } from "@factory/schemas";
import type { BeadLine, BeadOutcome, ClaimedBead, KnowingState, KnowingStateBead } from "@factory/schemas/rpc";
import type { Lineage } from "./lineage.ts";

/** Trust scores that give a level and no more. */
const SCORES: { readonly [A in Autonomy]: number } = { SUGGEST: 0.2, PROPOSE: 0.6, EXECUTE_BOUNDED: 0.8, EXECUTE_FULL: 0.95 };

/** The most an operative's session allows. */
export const SESSION_CEILING: Autonomy = "EXECUTE_BOUNDED";

/** How far an agent is trusted, or that it is no longer. */
export type Standing = Autonomy | "REVOKED";

/** What an operative has of BP1 and BP2 when it begins. */
export type Begun = Pick<BeadOutcome, "executionId" | "executionBeadId" | "knowingStateId" | "headsDigest" | "autonomy">;

/** What an operative knows by then, and what it has to write first: nothing where it may not begin. */
export type Beginning = { readonly begun: Begun; readonly lineage: Lineage; readonly beads: readonly KnowingStateBead[] };

/** The line of beads that says how far the agent of a role is trusted. */
export function trustLine(role: Role): BeadLine {
  return { type: "trust", subject: agentIdOf(role) };
}

/** The next bead of such a line. @throws Error when there is none before it. */
export function trustBead(org: string, head: KnowingStateBead | null, given: Standing, now: number): KnowingStateBead {
  if (head === null) throw new Error("There is no trust to change.");
  const standing = given === "REVOKED" ? { status: "REVOKED" } : { status: "APPROVED", trust_score: SCORES[given] };
  const content = { ...head.content, ...standing, rationale: `${given} at ${now}` };
  return { ...aBead(org, "trust", content, [head.id], now), supersedes: head.id };
}

/**
 * BP1 and BP2 of an operative that was given a bead and has retrieved `state`; below its level without leave it has only
 * retrieved.
 *
 * @param trust - the last bead of its trust, in force or not
 */
export function beginningOf(org: string, bead: ClaimedBead, state: KnowingState, trust: KnowingStateBead | null, now: number): Beginning {
  const { role, directiveId } = bead.directive;
  const { headsDigest, autonomy } = state;
  const governing = knowingStateNode(org, state);
  const executionId = `EXE-${bead.beadId.slice(5, 26)}${String(bead.epoch).padStart(5, "0")}`;
  const begun = { executionId, knowingStateId: governing.id, headsDigest, autonomy };
  if (autonomy === "SUGGEST" && bead.approval === undefined) {
    return { begun: { ...begun, executionBeadId: null }, lineage: { nodes: [], edges: [] }, beads: [] };
  }
  const agent = agentNode(org, { role, agentId: agentIdOf(role) });
  const execution = { id: executionId, type: "Execution", data: { beadId: bead.beadId, level: autonomy }, parents: [directiveId] };
  const record = executionBead(org, bead, { executionId, state, trust, now });
  return {
    begun: { ...begun, executionBeadId: record.id },
    lineage: {
      nodes: [agent, governing, execution],
      edges: [
        { source: executionId, rel: "instantiates", target: directiveId },
        { source: executionId, rel: "governed_by", target: bead.specificationId },
        { source: executionId, rel: "created_by", target: agent.id },
        { source: executionId, rel: "source_ref", target: governing.id },
      ],
    },
    beads: [record],
  };
}

type Recorded = { readonly executionId: string; readonly state: KnowingState; readonly trust: KnowingStateBead | null; readonly now: number };

function executionBead(org: string, bead: ClaimedBead, { executionId, state, trust, now }: Recorded): KnowingStateBead {
  // Where a trust is not in force, a person has decided in spite of it, and the bead names it.
  const trustId = state.trust.beadId ?? trust?.id;
  const policyId = state.policy.beadId;
  if (policyId === null || trustId === undefined) throw new Error("An execution bead names a policy and a trust.");
  const content = {
    subject_id: state.subjectId,
    role: state.role,
    action: "execute",
    autonomy_level: state.autonomy,
    policy_bead_id: policyId,
    trust_bead_id: trustId,
    rationale: bead.directive.title,
    nonce: executionId,
    ...(bead.approval === undefined ? {} : { approval_id: bead.approval.requestId }),
    artifact_graph_execution_id: executionId,
  };
  return aBead(org, "execution", content, [policyId, trustId], now);
}

function aBead(
  org: string,
  type: KnowingStateBead["type"],
  content: KnowingStateBead["content"],
  parents: readonly string[],
  writtenAt: number,
): KnowingStateBead {
  return { id: knowingStateBeadId(org, type, content, parents), type, content, parents, writtenBy: "test", writtenAt };
}
