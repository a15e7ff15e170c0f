/** Types and relations of the factory, joined to the core ones. See `domain.md` 3. */
import { CORE_REGISTRY, joinRegistries } from "@factory/artifact-graph";
import type { GraphRegistry } from "@factory/artifact-graph";

const OWN_REGISTRY = {
  types: [
    "Signal",
    "Pressure",
    "Capability",
    "FunctionProposal",
    "IntentSpecification",
    "WorkGraph",
    "RequirementAtom",
    "Contract",
    "Invariant",
    "Validation",
    "CoverageReport",
    "AtomDirective",
    "TraceFragment",
    "RejectionRecord",
    "ConsolidationReport",
    "VerdictClosureRecord",
    "IssueBindingEvent",
    "ApprovalReceipt",
    "ClarificationRecord",
    "EvidencePackage",
    "VerificationReport",
    "MoleculeVerdict",
    "RunVerdict",
    "UncertaintyEntry",
    "ConsultationRequest",
    "ClearanceRecord",
  ],
  relations: {
    source_ref: { cause: "target" },
    compiles_to: { cause: "source", from: ["IntentSpecification"], to: ["WorkGraph"] },
    instantiates: { cause: "target", from: ["Execution"], to: ["AtomDirective"] },
    addresses: { cause: "target" },
    derived_from: { cause: "target" },
    dispatched_as: { cause: "source", from: ["RequirementAtom"], to: ["AtomDirective"] },
    produced_trace: { cause: "source", from: ["AtomDirective"], to: ["ExecutionTrace", "TraceFragment"] },
    gate_result: { cause: "source", to: ["VerificationReport"] },
  },
} as const satisfies GraphRegistry;

/** A node type of the factory's graph. */
export type FactoryNodeType = (typeof CORE_REGISTRY)["types"][number] | (typeof OWN_REGISTRY)["types"][number];

/** What the factory may write to its artifact graph. */
export const FACTORY_REGISTRY: GraphRegistry = joinRegistries(CORE_REGISTRY, OWN_REGISTRY);
