/**
 * BP3: what an execution did, as evidence. The trace holds what a domain's detectors need; every divergence they found is
 * stored with a `concerns` edge to its claim, and the outcome bead carries the same into the knowing-state. An execution is
 * never made here: an outcome is of one that was recorded before it began.
 *
 * `planOutcome` is pure and synchronous: a caller with an outbox commits the writes through it in the transaction that
 * commits its verdict, which then is the journal of this bridge point. Any other caller has {@link recordOutcome}.
 *
 * @see `domain.md` 5
 */
import { TerminalError } from "@factory/durable";
import { artifactNode, claimNodeId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { KnowingStateBead, Severity } from "@factory/schemas/rpc";
import { decidedOnce, keepOnce, recall } from "./journal.ts";
import type { LoopClosurePorts } from "./ports.ts";
import { clip } from "./text.ts";
import { answerOf, carryOut, knowingStateBead } from "./writes.ts";
import type { BridgeWrite } from "./writes.ts";

/** How an execution ended, as an outcome bead says it. */
export const OUTCOME_STATUSES = ["SUCCESS", "PARTIAL", "FAILURE", "DISPUTED"] as const;
export type OutcomeStatus = (typeof OUTCOME_STATUSES)[number];

/** What a detector of the domain found: that a claim of the specification does not hold, and how badly. */
export type DetectedDivergence = {
  /** The domain's word for what kind it is. */
  readonly type: string;
  readonly claimId: string;
  readonly severity: Severity;
  readonly observed: string;
  readonly expected: string;
  /** The domain's own facts. */
  readonly data: { readonly [key: string]: unknown };
};

/** One execution that has ended. */
export type OutcomeInput = {
  readonly org: string;
  readonly specificationId: string;
  /** The Execution node; null where something was judged that no agent did. */
  readonly executionId: string | null;
  /** Its execution bead; without it there is no outcome bead, since nothing governed an agent. */
  readonly executionBeadId: string | null;
  readonly status: OutcomeStatus;
  readonly summary: string;
  readonly metrics: { readonly [name: string]: number };
  readonly trace: {
    readonly data: { readonly [key: string]: unknown };
    readonly parents: readonly string[];
    /** The domain's own edges to the trace. */
    readonly from: readonly { readonly source: string; readonly rel: string }[];
  };
  readonly divergences: readonly DetectedDivergence[];
  /** Epoch milliseconds; not part of any id. */
  readonly now: number;
};

/** A divergence with its id. */
export type RecordedDivergence = DetectedDivergence & { readonly divergenceId: string };

/** What was recorded. */
export type RecordedOutcome = {
  readonly traceId: string;
  readonly outcomeBeadId: string | null;
  readonly divergences: readonly RecordedDivergence[];
};

/** What is to be written, in order. */
export type OutcomePlan = RecordedOutcome & { readonly writes: readonly BridgeWrite[] };

/** Decides trace, divergences and outcome bead of one execution. Same input, same ids. */
export function planOutcome(input: OutcomeInput): OutcomePlan {
  const trace = traceNode(input);
  const found = input.divergences.map((divergence) => {
    const clipped = { ...divergence, observed: clip(divergence.observed), expected: clip(divergence.expected) };
    return { divergence: clipped, node: divergenceNode(input, trace.id, clipped) };
  });
  const bead = outcomeBead(
    input,
    trace.id,
    found.map(({ node }) => node.id),
  );
  const nodes = [trace, ...found.map(({ node }) => node)];
  return {
    traceId: trace.id,
    outcomeBeadId: bead?.id ?? null,
    divergences: found.map(({ divergence, node }) => ({ ...divergence, divergenceId: node.id })),
    writes: [{ kind: "artifacts", nodes, edges: outcomeEdges(input, trace.id, found) }, ...(bead === null ? [] : [{ kind: "bead" as const, bead }])],
  };
}

/** An outcome to record under a recorded execution. */
export type OutcomeRequest = Omit<OutcomeInput, "org" | "now" | "executionId" | "executionBeadId"> & {
  /** The knowing-state session of the execution. */
  readonly sessionId: string;
  readonly executionId: string;
  readonly executionBeadId: string;
};

/**
 * Writes what {@link planOutcome} decides. An execution ends once: a repeat answers what was recorded first.
 *
 * @throws TerminalError when the bead is no execution bead of that execution or a graph refused; RetryableError when a
 *   graph did not answer
 */
export async function recordOutcome(
  ports: Pick<LoopClosurePorts, "org" | "graph" | "beads" | "journal" | "now">,
  request: OutcomeRequest,
): Promise<RecordedOutcome> {
  const { org, journal, now } = ports;
  const { sessionId, ...outcome } = request;
  const key = `bp3:${request.executionId}`;
  const ended = recall<RecordedOutcome>(journal, `${key}:end`);
  if (ended !== undefined) return ended;
  const { writes, ...recorded } = await decidedOnce(journal, key, async () => {
    await requireExecution(ports, request);
    return planOutcome({ ...outcome, org, now: now() });
  });
  await carryOut(ports, sessionId, writes);
  keepOnce(journal, `${key}:end`, recorded);
  return recorded;
}

async function requireExecution({ beads }: Pick<LoopClosurePorts, "beads">, { executionId, executionBeadId }: OutcomeRequest): Promise<void> {
  const bead = await answerOf("The bead graph", () => beads.get(executionBeadId));
  if (bead?.type !== "execution" || bead.content["artifact_graph_execution_id"] !== executionId) {
    throw new TerminalError(`${executionBeadId} is no execution bead of ${executionId}; an outcome is of an execution that was recorded.`);
  }
}

function traceNode({ org, executionId, trace }: OutcomeInput): ArtifactNode {
  return artifactNode("ET", "ExecutionTrace", org, trace.data, [...trace.parents, ...(executionId === null ? [] : [executionId])]);
}

function divergenceNode({ org, specificationId }: OutcomeInput, traceId: string, divergence: DetectedDivergence): ArtifactNode {
  const { type, claimId, severity, observed, expected, data } = divergence;
  return artifactNode("DIV", "Divergence", org, { ...data, divergenceType: type, claimId, severity, observed, expected }, [traceId, specificationId]);
}

function outcomeEdges(
  { executionId, specificationId, trace }: OutcomeInput,
  traceId: string,
  found: readonly { readonly divergence: DetectedDivergence; readonly node: ArtifactNode }[],
): ArtifactEdge[] {
  return [
    ...trace.from.map(({ source, rel }) => ({ source, rel, target: traceId })),
    ...(executionId === null ? [] : [{ source: executionId, rel: "produces", target: traceId }]),
    ...(found.length === 0 ? [] : [{ source: traceId, rel: "diverges_from", target: specificationId }]),
    ...found.flatMap(({ divergence, node }) => [
      { source: traceId, rel: "evidences", target: node.id },
      { source: node.id, rel: "concerns", target: claimNodeId(specificationId, divergence.claimId) },
    ]),
  ];
}

function outcomeBead(input: OutcomeInput, traceId: string, divergenceIds: readonly string[]): KnowingStateBead | null {
  if (input.executionBeadId === null) return null;
  const content = {
    execution_bead_id: input.executionBeadId,
    status: input.status,
    summary: clip(input.summary),
    metrics: input.metrics,
    triggers_amendment: divergenceIds.length > 0,
    artifact_graph_trace_id: traceId,
    ...(divergenceIds[0] === undefined ? {} : { artifact_graph_divergence_id: divergenceIds[0] }),
  };
  return knowingStateBead({ type: "outcome", content, parents: [input.executionBeadId], writtenAt: input.now }, input.org);
}
