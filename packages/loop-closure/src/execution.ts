/**
 * BP2: that an agent sets out to do something, under which knowing-state and which specification, written before it begins.
 *
 * What will be refused is refused before anything is written: the level, the retrieval and the heads are looked at first.
 * Where the heads move after that look and before the bead is written, the Execution node is there without an execution
 * bead: it says that the agent set out and was refused, and nothing was done.
 */
import { artifactNode, AUTONOMY, refuse } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, Autonomy, Refusal, Result } from "@factory/schemas";
import type { KnowingState, KnowingStateBead, RetrievalFence } from "@factory/schemas/rpc";
import { orgScope, roleScope } from "@factory/bead-graph";
import { decidedOnce, keepOnce, recall } from "./journal.ts";
import type { KnowingSession, LoopClosurePorts } from "./ports.ts";
import type { OpenedSession } from "./session.ts";
import { answerOf, appendTo, failureOfRefusal, knowingStateBead, writeBead } from "./writes.ts";
import type { ArtifactWrite } from "./writes.ts";

/** An execution that is about to begin. */
export type ExecutionRequest = {
  readonly session: OpenedSession;
  /**
   * Heads that the bead graph has just answered the caller with, as it retrieved: it is not asked for them again before the
   * first write. The fence of the execution bead compares them all the same. Left out, it is asked.
   */
  readonly headsSeen?: string;
  /** Made once and stored by the caller; also the nonce of the execution bead. */
  readonly executionId: string;
  readonly action: string;
  /** The level it is carried out at; refused above the session's ceiling. */
  readonly level: Autonomy;
  readonly rationale: string;
  /** A person's leave; needed at SUGGEST. */
  readonly approvalId?: string;
  /** The domain's facts of the Execution node. */
  readonly data: { readonly [key: string]: unknown };
  /** Source references of the Execution node. */
  readonly parents: readonly string[];
  /** The domain's own nodes and edges, written together with the Execution node. */
  readonly nodes: readonly ArtifactNode[];
  readonly edges: readonly ArtifactEdge[];
};

/** An execution that may begin. */
export type RecordedExecution = {
  readonly executionId: string;
  readonly executionBeadId: string;
  readonly knowingStateId: string;
  /** Heads that the execution rests on; once they move it stops. */
  readonly headsDigest: string;
  /** What the artifact graph was given. */
  readonly nodes: readonly { readonly id: string; readonly type: string }[];
};

type ExecutionPlan = { readonly artifacts: ArtifactWrite; readonly bead: KnowingStateBead; readonly fence: RetrievalFence; readonly result: RecordedExecution };
type Ports = Pick<LoopClosurePorts, "org" | "graph" | "beads" | "knowing" | "journal" | "now">;

/** The node of an agent in a role. */
export function agentNode(org: string, { role, agentId }: Pick<OpenedSession, "role" | "agentId">): ArtifactNode {
  return artifactNode("AGT", "Agent", org, { role, agentId }, []);
}

/** The node of what governed an agent at one moment; its id is `knowingStateId`. */
export function knowingStateNode(org: string, state: KnowingState): ArtifactNode {
  const { role, subjectId, sessionAutonomy, autonomy, headsDigest, policy, trust, consent } = state;
  const beads = [policy, trust, consent].flatMap(({ beadId }) => beadId ?? []);
  return artifactNode("KST", "KnowingState", org, { role, subjectId, sessionAutonomy, autonomy, headsDigest }, beads);
}

/**
 * Writes Agent, KnowingState and Execution with their edges, then the execution bead fenced by the heads of the retrieval.
 * A repeat under the same execution id writes nothing twice.
 *
 * @returns GOVERNANCE_VIOLATION above the ceiling, or at SUGGEST without a person's leave; FAILED_PRECONDITION without a
 *   retrieval, a specification, a policy or a trust; STALE_TARGET when what governs the agent has moved since the retrieval
 * @throws RetryableError when a graph did not answer, TerminalError when it refused for good
 */
export async function recordExecution(ports: Ports, request: ExecutionRequest): Promise<Result<RecordedExecution>> {
  const allowed = await allowedNow(ports, request);
  if (!allowed.ok) return allowed;
  const key = `bp2:${request.executionId}`;
  const ended = recall<Result<RecordedExecution>>(ports.journal, `${key}:end`);
  if (ended !== undefined) return ended;
  if (recall(ports.journal, key) === undefined) {
    const governed = await governedNow(ports, request, allowed.state);
    if (!governed.ok) return governed;
    await decidedOnce(ports.journal, key, async () => planExecution(ports, request, { ...allowed, ...governed }));
  }
  const plan = recall<ExecutionPlan>(ports.journal, key);
  if (plan === undefined) throw new Error(`The journal does not keep ${key}.`);
  const result = await carryOutExecution(ports, request, plan);
  keepOnce(ports.journal, `${key}:end`, result);
  return result;
}

async function carryOutExecution({ graph, beads }: Ports, { session }: ExecutionRequest, plan: ExecutionPlan): Promise<Result<RecordedExecution>> {
  const appended = await appendTo(graph, plan.artifacts);
  if (!appended.ok) throw failureOfRefusal(appended);
  const { bead, fence } = plan;
  const written = await writeBead(beads, { bead, actorId: session.agentId, sessionId: session.sessionId, fence });
  if (written.ok) return { ok: true, ...plan.result };
  if (written.code === "STALE_TARGET" || written.code === "GOVERNANCE_VIOLATION") return written;
  throw failureOfRefusal(written);
}

type Allowed = { readonly ok: true; readonly state: KnowingState; readonly specificationId: string };

/** Whether the session allows the execution. The session's own row is asked: what a caller holds of it may be old. */
async function allowedNow({ knowing }: Ports, { session, level, approvalId }: ExecutionRequest): Promise<Allowed | Refusal> {
  if (knowing === undefined || session.failure !== null || session.knowingState === null) {
    return refuse("FAILED_PRECONDITION", `Nothing is executed without a retrieval: ${session.failure ?? "there was none"}.`);
  }
  const answer = await knowing.session(session.sessionId);
  if (!answer.ok) return answer;
  const { knowingState, closedAt } = answer.session;
  if (knowingState === null || closedAt !== null) return refuse("FAILED_PRECONDITION", `The session ${session.sessionId} is closed or has retrieved nothing.`);
  const refusal = levelRefusal(answer.session, session, { level, approvalId });
  if (refusal !== null) return refusal;
  if (session.specificationId === null) return refuse("FAILED_PRECONDITION", "No specification is in force to execute under.");
  return { ok: true, state: knowingState, specificationId: session.specificationId };
}

function levelRefusal(
  row: KnowingSession,
  session: OpenedSession,
  { level, approvalId }: { readonly level: Autonomy; readonly approvalId: string | undefined },
): Refusal | null {
  const ceiling = Math.min(AUTONOMY.indexOf(row.ceiling), AUTONOMY.indexOf(session.autonomy));
  if (AUTONOMY.indexOf(level) > ceiling) {
    return refuse("GOVERNANCE_VIOLATION", `${session.agentId} may do ${AUTONOMY[ceiling] ?? "nothing"} in this session; ${level} is above it.`, { level });
  }
  if (level === "SUGGEST" && approvalId === undefined) {
    return refuse("GOVERNANCE_VIOLATION", `${session.agentId} may only suggest; what it would do waits for a person.`, { level });
  }
  return null;
}

type Governed = { readonly ok: true; readonly policyBeadId: string; readonly trustBeadId: string };

/** The beads that the execution bead names, and whether they still are what was retrieved. */
async function governedNow({ beads }: Ports, { session, headsSeen }: ExecutionRequest, state: KnowingState): Promise<Governed | Refusal> {
  const [policyBeadId, trustBeadId, heads] = await answerOf("The bead graph", () =>
    Promise.all([
      state.policy.beadId ?? lastPolicy(beads, session.role),
      state.trust.beadId ?? tipOf(beads, "trust", session.agentId),
      headsSeen ?? beads.heads(state.role, state.subjectId),
    ]),
  );
  if (policyBeadId === null || trustBeadId === null) {
    const missing = [...(policyBeadId === null ? ["policy"] : []), ...(trustBeadId === null ? ["trust"] : [])];
    return refuse("FAILED_PRECONDITION", `There is no ${missing.join(" and no ")} for ${session.agentId} in the role ${session.role}.`, { missing });
  }
  if (heads !== state.headsDigest) {
    return refuse("STALE_TARGET", `What governs ${session.agentId} in the role ${session.role} has moved since it was retrieved.`, {
      retrieved: state.headsDigest,
      now: heads,
    });
  }
  return { ok: true, policyBeadId, trustBeadId };
}

/** Where none is in force the last one is named: at SUGGEST a person decides in spite of it, and the record says of what. */
async function lastPolicy(beads: Ports["beads"], role: string): Promise<string | null> {
  return (await tipOf(beads, "policy", roleScope(role))) ?? (await tipOf(beads, "policy", orgScope));
}

async function tipOf(beads: Ports["beads"], type: "policy" | "trust", subject: string): Promise<string | null> {
  return (await beads.tip({ type, subject }))?.id ?? null;
}

function planExecution(
  { org, now }: Ports,
  request: ExecutionRequest,
  { state, specificationId, policyBeadId, trustBeadId }: Allowed & Governed,
): ExecutionPlan {
  const { session, executionId, level, approvalId } = request;
  const agent = agentNode(org, session);
  const governing = knowingStateNode(org, state);
  const execution: ArtifactNode = {
    id: executionId,
    type: "Execution",
    data: {
      ...request.data,
      action: request.action,
      sessionId: session.sessionId,
      role: session.role,
      agentId: session.agentId,
      level,
      knowingStateId: governing.id,
      headsDigest: state.headsDigest,
      ...(approvalId === undefined ? {} : { approvalId }),
    },
    parents: request.parents,
  };
  const nodes = [agent, governing, execution, ...request.nodes];
  const edges: ArtifactEdge[] = [
    { source: executionId, rel: "governed_by", target: specificationId },
    { source: executionId, rel: "created_by", target: agent.id },
    ...request.edges,
  ];
  const bead = executionBead(org, request, { state, policyBeadId, trustBeadId, writtenAt: now() });
  return {
    artifacts: { kind: "artifacts", nodes, edges },
    bead,
    fence: { role: state.role, subjectId: state.subjectId, headsDigest: state.headsDigest },
    result: {
      executionId,
      executionBeadId: bead.id,
      knowingStateId: governing.id,
      headsDigest: state.headsDigest,
      nodes: nodes.map(({ id, type }) => ({ id, type })),
    },
  };
}

function executionBead(
  org: string,
  { session, executionId, action, level, rationale, approvalId }: ExecutionRequest,
  of: Pick<Governed, "policyBeadId" | "trustBeadId"> & { readonly state: KnowingState; readonly writtenAt: number },
): KnowingStateBead {
  const { state, policyBeadId, trustBeadId, writtenAt } = of;
  const content = {
    subject_id: session.agentId,
    role: session.role,
    session_id: session.sessionId,
    knowing_state_id: state.knowingStateId,
    action,
    autonomy_level: level,
    policy_bead_id: policyBeadId,
    trust_bead_id: trustBeadId,
    rationale,
    nonce: executionId,
    ...(approvalId === undefined ? {} : { approval_id: approvalId }),
    artifact_graph_execution_id: executionId,
  };
  const parents = [policyBeadId, trustBeadId, ...(state.consent.beadId === null ? [] : [state.consent.beadId])];
  return knowingStateBead({ type: "execution", content, parents, writtenAt }, org);
}
