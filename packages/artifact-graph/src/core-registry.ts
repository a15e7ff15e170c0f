/** Types and relations that every domain shares: specification, execution, divergence, amendment, disposition. */
import type { GraphRegistry } from "./registry.ts";

/** The core registry; a domain joins its own to it. Directions are part of the contract. */
export const CORE_REGISTRY = {
  types: [
    "Specification",
    "Claim",
    "Execution",
    "ExecutionTrace",
    "VerificationProcess",
    "Verdict",
    "Divergence",
    "Hypothesis",
    "Amendment",
    "Agent",
    "KnowingState",
    "DispositionEvent",
    "CandidateSet",
    "ElucidationArtifact",
  ],
  relations: {
    version_of: { cause: "target", from: ["Specification"], to: ["Specification"] },
    // A whole and its part: a specification of claims, and whatever else a domain composes.
    composed_of: { cause: "source" },
    formalizes: { cause: "target", from: ["Specification"] },
    governs: { cause: "source", from: ["Specification"], to: ["Execution"] },
    governed_by: { cause: "target", from: ["Execution"], to: ["Specification"] },
    produces: { cause: "source", from: ["Execution"], to: ["ExecutionTrace"] },
    evidences: { cause: "source", from: ["ExecutionTrace"], to: ["Divergence"] },
    diverges_from: { cause: "none", from: ["ExecutionTrace"], to: ["Specification"] },
    concerns: { cause: "target", from: ["Divergence"], to: ["Claim"] },
    evidence_for: { cause: "source", from: ["Divergence"], to: ["Hypothesis"] },
    explains: { cause: "target", from: ["Hypothesis"], to: ["Divergence"] },
    motivates: { cause: "source", from: ["Hypothesis"], to: ["Amendment"] },
    if_adopted_produces: { cause: "source", from: ["Amendment"], to: ["Specification"] },
    proposes_modification_of: { cause: "target", from: ["Amendment"], to: ["Specification"] },
    subject_to: { cause: "source", from: ["Amendment"], to: ["VerificationProcess"] },
    produces_verdict: { cause: "source", from: ["VerificationProcess"], to: ["Verdict"] },
    borne_by: { cause: "none", from: ["Verdict"] },
    produced_at: { cause: "none", from: ["ElucidationArtifact"], to: ["DispositionEvent"] },
    records_candidate_set: { cause: "none", from: ["ElucidationArtifact"], to: ["CandidateSet"] },
    records_selected_option: { cause: "none", from: ["ElucidationArtifact"] },
    informs: { cause: "source", from: ["ElucidationArtifact"], to: ["Hypothesis"] },
    created_by: { cause: "none", to: ["Agent"] },
    corrects: { cause: "target" },
  },
} as const satisfies GraphRegistry;
