/**
 * BP5 as data: the verdict on an amendment and, when it is favourable, the successor specification with its claims, all
 * in one call, so that a specification never exists without what it succeeds.
 */
import { artifactNode, claimNodeId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, Claim } from "@factory/schemas";
import type { StoredNode } from "@factory/schemas/rpc";
import type { AmendmentChange } from "./amendment.ts";
import { amendmentBead } from "./amendment.ts";
import type { BridgeWrite } from "./writes.ts";

/** One thing the verifier looked at. */
export type VerifierCheck = { readonly check: string; readonly passed: boolean; readonly detail: string };

/** An option that was weighed and not taken, with the reason. */
export type RejectedOption = { readonly option: string; readonly reason: string };

export type AdoptionInput = {
  readonly org: string;
  readonly amendmentId: string;
  readonly amendmentBeadId: string;
  readonly hypothesisId: string;
  readonly triggeredBy: string;
  readonly rationale: string;
  readonly change: AmendmentChange;
  readonly target: StoredNode;
  readonly claims: readonly Claim[];
  readonly checks: readonly VerifierCheck[];
  /** Who decides: the verifier by itself, or a person through a review. */
  readonly decidedBy: string;
  readonly rejectedOptions: readonly RejectedOption[];
  readonly now: number;
};

export type Adoption = {
  readonly outcome: "adopted" | "rejected";
  readonly verdictId: string;
  readonly checks: readonly VerifierCheck[];
  /** The successor's id and claims; null when the amendment was rejected. */
  readonly successor: { readonly specificationId: string; readonly elucidationId: string; readonly claims: readonly Claim[] } | null;
};

/** The claims of the successor: revealed examples move from hidden to visible, in line order. */
export function amendClaims(claims: readonly Claim[], change: AmendmentChange): Claim[] {
  const revealed = new Set(change.revealedLines);
  return claims.map((claim) => {
    if (claim.claimId !== change.claimId || revealed.size === 0) return claim;
    const moved = claim.holdout.filter(({ line }) => revealed.has(line));
    return {
      ...claim,
      visible: [...claim.visible, ...moved].sort((a, b) => a.line - b.line),
      holdout: claim.holdout.filter(({ line }) => !revealed.has(line)),
    };
  });
}

/** Decides everything an adoption or a rejection writes. Same input, same ids. */
export function planAdoption(input: AdoptionInput): { readonly result: Adoption; readonly writes: readonly BridgeWrite[] } {
  const passed = input.checks.length > 0 && input.checks.every((check) => check.passed);
  const verification = verificationNodes(input, passed);
  const successor = passed ? successorNodes(input, verification.verdictId) : null;
  const bead = amendmentBead(input.org, {
    amendmentId: input.amendmentId,
    specificationId: input.target.id,
    triggeredBy: input.triggeredBy,
    rationale: input.rationale,
    change: input.change,
    status: passed ? "ADOPTED" : "REJECTED",
    parents: [input.amendmentBeadId],
    supersedes: input.amendmentBeadId,
    reviewedBy: input.decidedBy,
    ...(successor === null ? {} : { produces: successor.specificationId }),
    now: input.now,
  });
  return {
    result: {
      outcome: passed ? "adopted" : "rejected",
      verdictId: verification.verdictId,
      checks: input.checks,
      successor: successor === null ? null : { specificationId: successor.specificationId, elucidationId: successor.elucidationId, claims: successor.claims },
    },
    writes: [
      {
        kind: "artifacts",
        nodes: [...verification.nodes, ...(successor?.nodes ?? [])],
        edges: [...verification.edges, ...(successor?.edges ?? [])],
      },
      { kind: "bead", bead },
    ],
  };
}

function verificationNodes(input: AdoptionInput, passed: boolean): { nodes: ArtifactNode[]; edges: ArtifactEdge[]; verdictId: string } {
  const process = artifactNode(
    "VP",
    "VerificationProcess",
    input.org,
    { stage: 1, amendmentId: input.amendmentId, checks: input.checks.map((check) => ({ ...check })) },
    [input.amendmentId],
  );
  const verdict = artifactNode(
    "VDT",
    "Verdict",
    input.org,
    {
      outcome: passed ? "favorable" : "unfavorable",
      decidedBy: input.decidedBy,
      failed: input.checks.filter((check) => !check.passed).map(({ check }) => check),
    },
    [process.id],
  );
  return {
    nodes: [process, verdict],
    edges: [
      { source: input.amendmentId, rel: "subject_to", target: process.id },
      { source: process.id, rel: "produces_verdict", target: verdict.id },
      { source: verdict.id, rel: "borne_by", target: input.amendmentId },
    ],
    verdictId: verdict.id,
  };
}

type Successor = { nodes: ArtifactNode[]; edges: ArtifactEdge[]; specificationId: string; elucidationId: string; claims: Claim[] };

function successorNodes(input: AdoptionInput, verdictId: string): Successor {
  const { target, change } = input;
  const specification = artifactNode("SPEC", "Specification", input.org, successorData(target, input), [target.id, input.amendmentId]);
  const claims = amendClaims(input.claims, change);
  const claimNodes = claims.map((claim) => ({
    id: claimNodeId(specification.id, claim.claimId),
    type: "Claim",
    data: { ...claim },
    parents: [specification.id],
  }));
  const elucidation = elucidationNode(input, specification.id, verdictId);
  return {
    nodes: [specification, ...claimNodes, elucidation],
    edges: [
      { source: specification.id, rel: "version_of", target: target.id },
      { source: input.amendmentId, rel: "if_adopted_produces", target: specification.id },
      ...claimNodes.map(({ id }) => ({ source: specification.id, rel: "composed_of", target: id })),
      { source: elucidation.id, rel: "records_selected_option", target: specification.id },
      { source: elucidation.id, rel: "source_ref", target: input.amendmentId },
    ],
    specificationId: specification.id,
    elucidationId: elucidation.id,
    claims,
  };
}

function successorData(target: StoredNode, input: AdoptionInput): { readonly [key: string]: unknown } {
  const version = typeof target.data["version"] === "number" ? target.data["version"] : 1;
  const notes = Array.isArray(target.data["notes"]) ? target.data["notes"] : [];
  const added = input.change.note === "" ? [] : [{ claimId: input.change.claimId, note: input.change.note }];
  return { ...target.data, version: version + 1, amendmentId: input.amendmentId, notes: [...notes, ...added] };
}

function elucidationNode(input: AdoptionInput, specificationId: string, verdictId: string): ArtifactNode {
  const data = {
    disposition: "amendment-adoption",
    selectedOption: `${input.change.mode}: ${input.change.note}`,
    rationale: input.rationale,
    rejectedOptions: input.rejectedOptions.map((option) => ({ ...option })),
    assumptions: [`${input.target.id} is the current specification.`],
    risksAccepted: input.change.mode === "reveal" ? ["One hidden example fewer judges the claim."] : [],
    decidedBy: input.decidedBy,
    specificationId,
  };
  return artifactNode("ELC", "ElucidationArtifact", input.org, data, [input.amendmentId, verdictId]);
}
