/**
 * What a decision on an amendment leaves in the artifact graph: the verification with its verdict for both outcomes and,
 * when it is favourable, the successor specification and the elucidation with the options that lost. All of it is one
 * append, so a specification never exists without what it succeeds and what speaks for it.
 */
import { artifactNode, claimNodeId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { AdoptionSubject, VerifierCheck } from "./adoption.ts";
import type { Reviewer } from "./knowing-change.ts";

/** A specification that succeeds another. */
export type Successor = {
  readonly data: { readonly [key: string]: unknown };
  readonly claims: readonly { readonly claimId: string; readonly data: { readonly [key: string]: unknown } }[];
};

/** An option that was weighed and not taken, with the reason. */
export type RejectedOption = { readonly option: string; readonly reason: string };

/** Why an option was taken, and what was given up. */
export type Elucidation = {
  readonly selected: string;
  readonly rejected: readonly RejectedOption[];
  readonly assumptions: readonly string[];
  readonly risksAccepted: readonly string[];
};

type Records = { readonly nodes: ArtifactNode[]; readonly edges: ArtifactEdge[] };

/** VerificationProcess and Verdict of an amendment. */
export function verificationNodes(
  org: string,
  of: { readonly amendmentId: string; readonly checks: readonly VerifierCheck[]; readonly favourable: boolean; readonly reviewer: Reviewer },
): Records & { readonly verdictId: string } {
  const { amendmentId, checks, favourable, reviewer } = of;
  const process = artifactNode("VP", "VerificationProcess", org, { amendmentId, checks: checks.map((check) => ({ ...check })) }, [amendmentId]);
  const verdict = artifactNode(
    "VDT",
    "Verdict",
    org,
    {
      outcome: favourable ? "favorable" : "unfavorable",
      decidedBy: reviewer.id,
      authority: reviewer.authority,
      failed: checks.filter(({ outcome }) => outcome !== "passed").map(({ check }) => check),
    },
    [process.id],
  );
  return {
    nodes: [process, verdict],
    edges: [
      { source: amendmentId, rel: "subject_to", target: process.id },
      { source: process.id, rel: "produces_verdict", target: verdict.id },
      { source: verdict.id, rel: "borne_by", target: amendmentId },
    ],
    verdictId: verdict.id,
  };
}

/** What an adoption adds to its verification. */
export type AdoptionRecords = Records & {
  /** The successor; null where the specification stays. */
  readonly specificationId: string | null;
  readonly elucidationId: string;
};

/** Successor with its claims, candidate set, disposition and elucidation. Without a successor the amendment itself is what was selected. */
export function adoptionNodes(
  org: string,
  of: { readonly subject: AdoptionSubject; readonly verdictId: string; readonly successor: Successor | null; readonly elucidation: Elucidation },
): AdoptionRecords {
  const { subject, successor } = of;
  const specification = successor === null ? null : successorRecords(org, subject, successor);
  const disposition = dispositionRecords(org, of, specification?.specificationId ?? subject.amendment.id);
  return {
    nodes: [...(specification?.nodes ?? []), ...disposition.nodes],
    edges: [...(specification?.edges ?? []), ...disposition.edges],
    specificationId: specification?.specificationId ?? null,
    elucidationId: disposition.elucidationId,
  };
}

function successorRecords(org: string, { target, amendment }: AdoptionSubject, successor: Successor): Records & { readonly specificationId: string } {
  const data = { ...successor.data, amendmentId: amendment.id };
  const specification = artifactNode("SPEC", "Specification", org, data, [target.id, amendment.id]);
  const claims = successor.claims.map((claim) => ({
    id: claimNodeId(specification.id, claim.claimId),
    type: "Claim",
    data: claim.data,
    parents: [specification.id],
  }));
  return {
    nodes: [specification, ...claims],
    edges: [
      { source: specification.id, rel: "version_of", target: target.id },
      { source: amendment.id, rel: "if_adopted_produces", target: specification.id },
      ...claims.map(({ id }) => ({ source: specification.id, rel: "composed_of", target: id })),
    ],
    specificationId: specification.id,
  };
}

/** The possibilities, that one of them was taken, and why. */
function dispositionRecords(
  org: string,
  { subject, verdictId, elucidation }: { readonly subject: AdoptionSubject; readonly verdictId: string; readonly elucidation: Elucidation },
  selectedId: string,
): Records & { readonly elucidationId: string } {
  const { amendment, hypothesis, reviewer, target } = subject;
  const { selected, rejected, assumptions, risksAccepted } = elucidation;
  const candidates = artifactNode("CST", "CandidateSet", org, { candidates: [selected, ...rejected.map(({ option }) => option)] }, [amendment.id]);
  const event = artifactNode(
    "DSP",
    "DispositionEvent",
    org,
    { disposition: "amendment-adoption", amendmentId: amendment.id, selectedId, decidedBy: reviewer.id, authority: reviewer.authority },
    [candidates.id, verdictId],
  );
  const data = {
    disposition: "amendment-adoption",
    selectedOption: selected,
    rationale: hypothesis.data["explanation"],
    rejectedOptions: rejected.map((option) => ({ ...option })),
    assumptions: [`${target.id} is the current specification.`, ...assumptions],
    risksAccepted: [...risksAccepted],
    decidedBy: reviewer.id,
    authority: reviewer.authority,
    selectedId,
  };
  const artifact = artifactNode("ELC", "ElucidationArtifact", org, data, [amendment.id, verdictId]);
  return {
    nodes: [candidates, event, artifact],
    edges: [
      { source: artifact.id, rel: "produced_at", target: event.id },
      { source: artifact.id, rel: "records_candidate_set", target: candidates.id },
      { source: artifact.id, rel: "records_selected_option", target: selectedId },
    ],
    elucidationId: artifact.id,
  };
}
