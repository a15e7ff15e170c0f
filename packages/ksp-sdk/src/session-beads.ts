/** The beads a session writes, formed from what it retrieved. Pure: the caller of the SDK never names what governs it. */
import { knowingStateBeadId, subjectOf, typedContent } from "@factory/bead-graph";
import type { BeadContent } from "@factory/bead-graph";
import { digestOf, FactoryError } from "@factory/schemas";
import type { Autonomy, Json } from "@factory/schemas";
import type { KnowingState, KnowingStateBead } from "@factory/schemas/rpc";
import type { KspSession } from "./session-store.ts";

/** What an agent sets out to do. */
export type ExecutionRequest = {
  readonly action: string;
  /** The level it acts at; refused above the session's ceiling. */
  readonly level: Autonomy;
  readonly rationale: string;
  /** Stored by the caller before the call: a retry keeps it, another execution has another. */
  readonly nonce: string;
  /** A person's leave, where the level is SUGGEST. */
  readonly approvalId?: string;
  /** Bridge to the execution's node in an artifact graph. */
  readonly artifactGraphExecutionId?: string;
  /** What the domain adds. */
  readonly details?: { readonly [key: string]: Json };
};

/** A change that an outcome asks for, of what governs the session. It is proposed and never takes effect by itself. */
export type Proposal = {
  readonly target: "policy" | "trust";
  /** Fields of the bead's content with their new values; at least one has to differ. */
  readonly change: { readonly [field: string]: Json };
  readonly rationale: string;
};

/** How an execution ended. */
export type OutcomeRequest = {
  readonly status: BeadContent<"outcome">["status"];
  readonly summary: string;
  readonly metrics?: { readonly [name: string]: Json };
  readonly triggersAmendment: boolean;
  /** Bridge to a divergence's node in an artifact graph. */
  readonly artifactGraphDivergenceId?: string;
  /** Only where the outcome triggers an amendment. */
  readonly proposal?: Proposal;
};

/** Whose beads they are, and when they are written in epoch milliseconds; the time is not part of an id. */
export type Writer = { readonly org: string; readonly session: KspSession; readonly writtenAt: number };

/** The policy and the trust that an execution rests on: what is in force, or with a person's leave what was the last. */
export type Ground = { readonly policyBeadId: string; readonly trustBeadId: string };

/** The execution bead under what the session retrieved. @throws FactoryError INVALID_ARGUMENT */
export function executionBead(writer: Writer, knowingState: KnowingState, { policyBeadId, trustBeadId }: Ground, request: ExecutionRequest): KnowingStateBead {
  const { session } = writer;
  const { consent } = knowingState;
  const content = {
    ...request.details,
    subject_id: session.agentId,
    role: session.role,
    session_id: session.sessionId,
    knowing_state_id: knowingState.knowingStateId,
    action: request.action,
    autonomy_level: request.level,
    policy_bead_id: policyBeadId,
    trust_bead_id: trustBeadId,
    rationale: request.rationale,
    nonce: request.nonce,
    ...(request.approvalId === undefined ? {} : { approval_id: request.approvalId }),
    ...(request.artifactGraphExecutionId === undefined ? {} : { artifact_graph_execution_id: request.artifactGraphExecutionId }),
  };
  return bead(writer, "execution", content, [policyBeadId, trustBeadId, ...(consent.beadId === null ? [] : [consent.beadId])]);
}

/** The outcome bead of an execution. @throws FactoryError INVALID_ARGUMENT */
export function outcomeBead(writer: Writer, executionBeadId: string, request: OutcomeRequest): KnowingStateBead {
  const content = {
    execution_bead_id: executionBeadId,
    session_id: writer.session.sessionId,
    status: request.status,
    summary: request.summary,
    triggers_amendment: request.triggersAmendment,
    ...(request.metrics === undefined ? {} : { metrics: request.metrics }),
    ...(request.artifactGraphDivergenceId === undefined ? {} : { artifact_graph_divergence_id: request.artifactGraphDivergenceId }),
  };
  return bead(writer, "outcome", content, [executionBeadId]);
}

/**
 * The amendment bead that an outcome asks for, of the present head.
 *
 * @throws FactoryError INVALID_ARGUMENT when the change changes nothing, is of another subject, or would not give content
 *   of the target's type
 */
export function amendmentBead(writer: Writer, target: KnowingStateBead, outcomeBeadId: string, { change, rationale }: Proposal): KnowingStateBead {
  const amended = typedContent(target.type, { ...target.content, ...change });
  if (digestOf(amended.content) === digestOf(target.content)) throw new FactoryError("INVALID_ARGUMENT", "The proposed change changes nothing.");
  if (subjectOf(amended) !== subjectOf(typedContent(target.type, target.content))) {
    throw new FactoryError("INVALID_ARGUMENT", "A proposed change keeps whom or what the bead is about.");
  }
  const content = { target_id: target.id, target_type: target.type, proposed_change: change, rationale, triggered_by: outcomeBeadId, status: "PROPOSED" };
  return bead(writer, "amendment", content, [outcomeBeadId, target.id]);
}

function bead(
  { org, session, writtenAt }: Writer,
  type: KnowingStateBead["type"],
  content: KnowingStateBead["content"],
  parents: readonly string[],
): KnowingStateBead {
  typedContent(type, content);
  return { id: knowingStateBeadId(org, type, content, parents), type, content, parents, writtenBy: session.agentId, writtenAt };
}
