/**
 * BP4: a hypothesis from the evidence of a divergence and, unless it would change nothing, an amendment PROPOSED. The
 * domain judges; loop closure reads the evidence for it, stores what it says, and never lets a model propose authority.
 */
import { TerminalError } from "@factory/durable";
import { artifactNode, claimNodeId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { KnowingStateBead, StoredNode } from "@factory/schemas/rpc";
import { amendmentBead } from "./amendment-bead.ts";
import { checkHypothesis, NO_SCOPE } from "./hypothesis.ts";
import type { FormedHypothesis, Hypothesis, KnowingStateChange } from "./hypothesis.ts";
import { decidedOnce, keepOnce, recall } from "./journal.ts";
import { headOf } from "./knowing-change.ts";
import type { LoopClosurePorts } from "./ports.ts";
import { carryOut, nodesOf } from "./writes.ts";
import type { BridgeWrite } from "./writes.ts";

/** What an amendment changes of a specification, in the domain's own fields. JSON. */
export type Change = { readonly [field: string]: unknown };

/** A divergence that is to be acted on. */
export type ProposalRequest = {
  /** Session of the audit beads. */
  readonly sessionId: string;
  readonly divergenceId: string;
  readonly traceId: string;
  /** The specification that is in force now. */
  readonly specificationId: string;
  readonly claimId: string;
  /** The outcome bead of the divergence; absent when no agent executed. */
  readonly outcomeBeadId?: string;
  /** Distinguishes proposals for one divergence: empty for the first. */
  readonly occasion: string;
  /** Elucidations of this graph that the hypothesis is informed by. */
  readonly elucidationIds: readonly string[];
  /** Other divergences that were open when this one was found; none when left out. */
  readonly concurrentIds?: readonly string[];
};

/** What a hypothesis is formed from, as the graph has it. */
export type Evidence = {
  readonly divergence: StoredNode;
  readonly trace: StoredNode;
  readonly specification: StoredNode;
  readonly claim: StoredNode;
  readonly elucidations: readonly StoredNode[];
  readonly concurrent: readonly StoredNode[];
};

/** The domain's judgement on a divergence. */
export interface ProposalDomain<H extends Hypothesis = Hypothesis, C extends Change = Change> {
  /** By rule, by model or by a person. @throws what the model call throws; the caller tries again. */
  hypothesise(evidence: Evidence): Promise<FormedHypothesis<H>>;
  /** What would be changed of the specification; null for nothing. Not asked when the scope is `none`, unless a person decided. */
  change(formed: FormedHypothesis<H>, evidence: Evidence): C | null;
  /** Further facts of the Amendment node. */
  readonly facts?: { readonly [key: string]: unknown };
}

/** A hypothesis and what it proposes. */
export type ProposedAmendment<H extends Hypothesis = Hypothesis, C extends Change = Change> = {
  readonly hypothesisId: string;
  readonly hypothesis: H;
  /** Null when nothing would be changed. */
  readonly amendment: {
    readonly amendmentId: string;
    readonly beadId: string;
    /** Null when only the knowing-state would be changed. */
    readonly change: C | null;
    readonly knowingState: KnowingStateChange | null;
  } | null;
};

type ProposalPlan<H extends Hypothesis, C extends Change> = { readonly result: ProposedAmendment<H, C>; readonly writes: readonly BridgeWrite[] };
type Ports = Pick<LoopClosurePorts, "org" | "graph" | "beads" | "journal" | "now">;

/**
 * Decides once for a divergence and an occasion, and writes what was decided.
 *
 * @throws RetryableError when a graph did not answer or does not have the evidence yet; TerminalError when it refused or the
 *   hypothesis is none that may be; whatever the domain throws
 */
export async function proposeAmendment<H extends Hypothesis, C extends Change>(
  ports: Ports,
  request: ProposalRequest,
  domain: ProposalDomain<H, C>,
): Promise<ProposedAmendment<H, C>> {
  const key = `bp4:${request.divergenceId}:${request.occasion}`;
  const ended = recall<ProposedAmendment<H, C>>(ports.journal, `${key}:end`);
  if (ended !== undefined) return ended;
  const { result, writes } = await decidedOnce(ports.journal, key, () => decideProposal(ports, request, domain));
  await carryOut(ports, request.sessionId, writes);
  keepOnce(ports.journal, `${key}:end`, result);
  return result;
}

async function decideProposal<H extends Hypothesis, C extends Change>(
  ports: Ports,
  request: ProposalRequest,
  domain: ProposalDomain<H, C>,
): Promise<ProposalPlan<H, C>> {
  const evidence = await evidenceOf(ports, request);
  const formed = await domain.hypothesise(evidence);
  checkHypothesis(formed);
  const { hypothesis, author } = formed;
  // A person's "the same again" is an amendment that changes nothing; nobody else decides that.
  const mayChange = hypothesis.amendmentScope !== NO_SCOPE || author.kind === "person";
  const change = mayChange ? domain.change(formed, evidence) : null;
  const knowingState = hypothesis.knowingState ?? null;
  const node = hypothesisNode(ports.org, request, formed);
  const write = { kind: "artifacts" as const, nodes: [node], edges: hypothesisEdges(request, node.id) };
  if (change === null && knowingState === null) return { result: { hypothesisId: node.id, hypothesis, amendment: null }, writes: [write] };
  const amendment = amendmentNode(ports.org, request, { hypothesisId: node.id, hypothesis, change, knowingState, facts: domain.facts ?? {} });
  const bead = await proposedBead(ports, request, { amendmentId: amendment.id, hypothesis, change, knowingState });
  const edges = [
    ...write.edges,
    { source: node.id, rel: "motivates", target: amendment.id },
    { source: amendment.id, rel: "proposes_modification_of", target: request.specificationId },
  ];
  return {
    result: { hypothesisId: node.id, hypothesis, amendment: { amendmentId: amendment.id, beadId: bead.id, change, knowingState } },
    writes: [
      { kind: "artifacts", nodes: [node, amendment], edges },
      { kind: "bead", bead },
    ],
  };
}

async function evidenceOf({ graph }: Ports, request: ProposalRequest): Promise<Evidence> {
  const { divergenceId, traceId, specificationId, claimId, elucidationIds, concurrentIds = [] } = request;
  const ids = [divergenceId, traceId, specificationId, claimNodeId(specificationId, claimId), ...elucidationIds, ...concurrentIds];
  const [divergence, trace, specification, claim, ...further] = await nodesOf(graph, ids);
  if (divergence === undefined || trace === undefined || specification === undefined || claim === undefined) {
    throw new Error("The graph answered with fewer nodes than it was asked for.");
  }
  const elucidations = further.slice(0, elucidationIds.length);
  return { divergence, trace, specification, claim, elucidations, concurrent: further.slice(elucidationIds.length) };
}

function hypothesisNode(org: string, request: ProposalRequest, { hypothesis, author }: FormedHypothesis): ArtifactNode {
  const { divergenceId, specificationId, occasion, concurrentIds = [] } = request;
  const seen = concurrentIds.length === 0 ? {} : { concurrent: [...concurrentIds] };
  return artifactNode("HYP", "Hypothesis", org, { ...hypothesis, author: { ...author }, occasion, ...seen }, [divergenceId, specificationId]);
}

function hypothesisEdges({ divergenceId, elucidationIds, concurrentIds = [] }: ProposalRequest, hypothesisId: string): ArtifactEdge[] {
  return [
    { source: divergenceId, rel: "evidence_for", target: hypothesisId },
    ...concurrentIds.map((source) => ({ source, rel: "evidence_for", target: hypothesisId })),
    { source: hypothesisId, rel: "explains", target: divergenceId },
    ...elucidationIds.map((source) => ({ source, rel: "informs", target: hypothesisId })),
  ];
}

type Proposed = {
  readonly hypothesis: Hypothesis;
  readonly change: Change | null;
  readonly knowingState: KnowingStateChange | null;
};

function amendmentNode(
  org: string,
  request: ProposalRequest,
  of: Proposed & { readonly hypothesisId: string; readonly facts: { readonly [key: string]: unknown } },
): ArtifactNode {
  const { hypothesis, change, knowingState, facts, hypothesisId } = of;
  const data = { ...facts, scope: hypothesis.amendmentScope, change, knowingState, divergenceId: request.divergenceId };
  return artifactNode("AMD", "Amendment", org, data, [hypothesisId, request.specificationId]);
}

/** The amendment as a bead: of the specification, or, where only the knowing-state would change, of the head of its line. */
async function proposedBead(ports: Ports, request: ProposalRequest, of: Proposed & { readonly amendmentId: string }): Promise<KnowingStateBead> {
  const { change, knowingState, hypothesis, amendmentId } = of;
  const target =
    change === null && knowingState !== null ? await targetHead(ports, knowingState) : { id: request.specificationId, type: "specification" as const };
  const outcome = request.outcomeBeadId === undefined ? [] : [request.outcomeBeadId];
  return amendmentBead(ports.org, {
    content: {
      target_id: target.id,
      target_type: target.type,
      proposed_change: { ...(change === null ? {} : { specification: change }), ...(knowingState === null ? {} : { knowing_state: knowingState }) },
      rationale: hypothesis.explanation,
      triggered_by: request.outcomeBeadId ?? request.divergenceId,
      artifact_graph_amendment_id: amendmentId,
    },
    status: "PROPOSED",
    parents: [...outcome, ...(target.type === "specification" ? [] : [target.id])],
    writtenAt: ports.now(),
  });
}

async function targetHead({ beads }: Ports, change: KnowingStateChange): Promise<{ readonly id: string; readonly type: "policy" | "trust" }> {
  const head = await headOf(beads, change);
  if (head === null) throw new TerminalError(`There is no ${change.target} that the proposed change could be of.`);
  return { id: head.id, type: change.target };
}
