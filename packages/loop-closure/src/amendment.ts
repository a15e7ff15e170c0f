/** BP4 as data: hypothesis and amendment nodes with their edges, and the amendment bead PROPOSED. */
import { artifactNode } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, Claim } from "@factory/schemas";
import type { DivergenceReport, KnowingStateBead } from "@factory/schemas/rpc";
import type { Hypothesis, HypothesisAuthor } from "./hypothesis.ts";
import { knowingStateBead } from "./writes.ts";
import type { BridgeWrite } from "./writes.ts";

/**
 * What an amendment changes. `reveal`: failed hidden examples become visible. `criterion`: only the criterion is told,
 * since the last hidden example is never revealed. `note`: an added instruction. `retry`: the same again.
 */
export const CHANGE_MODES = ["reveal", "criterion", "note", "retry"] as const;
export type ChangeMode = (typeof CHANGE_MODES)[number];

export type AmendmentChange = {
  readonly mode: ChangeMode;
  readonly claimId: string;
  /** Lines of the order whose hidden examples become visible; empty but for `reveal`. */
  readonly revealedLines: readonly number[];
  /** Added to the instructions; never a hidden value. */
  readonly note: string;
};

/** An amendment bead's status, everywhere. */
export const AMENDMENT_STATUSES = ["PROPOSED", "ADOPTED", "REJECTED", "SUPERSEDED"] as const;
export type AmendmentStatus = (typeof AMENDMENT_STATUSES)[number];

export type AmendmentInput = {
  readonly org: string;
  readonly divergence: DivergenceReport;
  readonly specificationId: string;
  readonly claim: Claim;
  readonly hypothesis: Hypothesis;
  readonly author: HypothesisAuthor;
  /** Elucidation artifacts the hypothesis was informed by. */
  readonly informedBy: readonly string[];
  /** Amendments of this bead so far, this one included. */
  readonly depth: number;
  /** Distinguishes proposals for one divergence: empty for the first, the review's id after a person's answer. */
  readonly occasion: string;
  readonly now: number;
};

export type ProposedAmendment = {
  readonly hypothesisId: string;
  readonly hypothesis: Hypothesis;
  /** Null when the scope is `none`: nothing in the specification would help. */
  readonly amendment: { readonly amendmentId: string; readonly beadId: string; readonly change: AmendmentChange } | null;
};

/** Decides the nodes of a hypothesis and its amendment. Same input, same ids. */
export function planAmendment(input: AmendmentInput): { readonly result: ProposedAmendment; readonly writes: readonly BridgeWrite[] } {
  const { divergence, hypothesis } = input;
  const hypothesisNode = artifactNode(
    "HYP",
    "Hypothesis",
    input.org,
    { ...hypothesis, author: { ...input.author }, occasion: input.occasion, severity: hypothesis.amendmentScope === "none" ? "blocking" : "advisory" },
    [divergence.divergenceId, input.specificationId],
  );
  const edges: ArtifactEdge[] = [
    { source: divergence.divergenceId, rel: "evidence_for", target: hypothesisNode.id },
    { source: hypothesisNode.id, rel: "explains", target: divergence.divergenceId },
    ...input.informedBy.map((source) => ({ source, rel: "informs", target: hypothesisNode.id })),
  ];
  const result = { hypothesisId: hypothesisNode.id, hypothesis };
  if (hypothesis.amendmentScope === "none" && input.author.kind !== "person") {
    return { result: { ...result, amendment: null }, writes: [{ kind: "artifacts", nodes: [hypothesisNode], edges }] };
  }
  const change = changeOf(input);
  const node = amendmentNode(input, hypothesisNode.id, change);
  edges.push(
    { source: hypothesisNode.id, rel: "motivates", target: node.id },
    { source: node.id, rel: "proposes_modification_of", target: input.specificationId },
  );
  const bead = amendmentBead(input.org, {
    amendmentId: node.id,
    specificationId: input.specificationId,
    triggeredBy: divergence.outcomeBeadId ?? divergence.divergenceId,
    rationale: hypothesis.explanation,
    change,
    status: "PROPOSED",
    parents: divergence.outcomeBeadId === undefined ? [] : [divergence.outcomeBeadId],
    now: input.now,
  });
  return {
    result: { ...result, amendment: { amendmentId: node.id, beadId: bead.id, change } },
    writes: [
      { kind: "artifacts", nodes: [hypothesisNode, node], edges },
      { kind: "bead", bead },
    ],
  };
}

function changeOf({ hypothesis, divergence, claim, author }: AmendmentInput): AmendmentChange {
  const { claimId } = claim;
  if (author.kind === "person") {
    const note = hypothesis.instruction;
    return { mode: note === "" ? "retry" : "note", claimId, revealedLines: [], note };
  }
  const revealed = revealable(claim, divergence.failedHoldoutLines);
  if (revealed !== null) {
    return {
      mode: "reveal",
      claimId,
      revealedLines: [revealed],
      note: `The example on line ${revealed} of the order is visible now; the earlier result failed it.`,
    };
  }
  if (divergence.failedHoldoutLines.length > 0) {
    return {
      mode: "criterion",
      claimId,
      revealedLines: [],
      note: `The earlier result passed every visible example and still breaks this criterion: ${claim.text}`,
    };
  }
  return { mode: "note", claimId, revealedLines: [], note: hypothesis.instruction };
}

/**
 * The failed hidden example to reveal: the first by line, and only while another hidden example of the claim stays
 * hidden.
 */
export function revealable(claim: Pick<Claim, "holdout">, failedLines: readonly number[]): number | null {
  if (claim.holdout.length < 2) return null;
  const hidden = new Set(claim.holdout.map(({ line }) => line));
  return [...failedLines].sort((a, b) => a - b).find((line) => hidden.has(line)) ?? null;
}

function amendmentNode(input: AmendmentInput, hypothesisId: string, change: AmendmentChange): ArtifactNode {
  const data = {
    scope: input.hypothesis.amendmentScope,
    change: { ...change, revealedLines: [...change.revealedLines] },
    divergenceId: input.divergence.divergenceId,
    beadId: input.divergence.beadId,
    depth: input.depth,
  };
  return artifactNode("AMD", "Amendment", input.org, data, [hypothesisId, input.specificationId]);
}

/** An amendment bead in one status; every later status supersedes the earlier bead. */
export function amendmentBead(
  org: string,
  of: {
    readonly amendmentId: string;
    readonly specificationId: string;
    readonly triggeredBy: string;
    readonly rationale: string;
    readonly change: AmendmentChange;
    readonly status: AmendmentStatus;
    readonly parents: readonly string[];
    readonly supersedes?: string;
    readonly reviewedBy?: string;
    readonly produces?: string;
    readonly now: number;
  },
): KnowingStateBead {
  const content = {
    target_id: of.specificationId,
    target_type: "specification",
    proposed_change: { ...of.change, revealedLines: [...of.change.revealedLines] },
    rationale: of.rationale,
    triggered_by: of.triggeredBy,
    status: of.status,
    ...(of.reviewedBy === undefined ? {} : { reviewed_by: of.reviewedBy }),
    ...(of.produces === undefined ? {} : { if_adopted_produces: of.produces }),
    artifact_graph_amendment_id: of.amendmentId,
  };
  const links = of.supersedes === undefined ? {} : { supersedes: of.supersedes };
  return knowingStateBead({ type: "amendment", content, parents: of.parents, ...links, writtenAt: of.now }, org);
}
