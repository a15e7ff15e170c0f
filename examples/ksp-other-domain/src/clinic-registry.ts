/** What the clinic may write into its lineage, and how its ids follow from what they name. */
import { CORE_REGISTRY, joinRegistries } from "@factory/artifact-graph";
import type { GraphRegistry, IdVerdict, VerifyId } from "@factory/artifact-graph";
import { claimNodeId, contentId, digestOf, idSchema } from "@factory/schemas";
import type { ArtifactNode, ContentPrefix } from "@factory/schemas";

const CLINIC_TYPES = ["PatientIntake", "Observation", "Assessment", "Referral", "PhysicianFinding"] as const;
/** What the clinic adds to the kernel's types. */
export type ClinicType = (typeof CLINIC_TYPES)[number];

/** The kernel's types and relations, and the clinic's. */
export const CLINIC_REGISTRY: GraphRegistry = joinRegistries(CORE_REGISTRY, {
  types: CLINIC_TYPES,
  relations: {
    treats: { cause: "target", from: ["Execution"], to: ["PatientIntake"] },
    observed_at: { cause: "target", from: ["Observation"], to: ["PatientIntake"] },
    rests_on: { cause: "target", from: ["Assessment"], to: ["Observation"] },
    assessed_under: { cause: "target", from: ["Assessment"], to: ["Specification"] },
    acts_on: { cause: "target", from: ["Referral"], to: ["Assessment"] },
    judges: { cause: "target", from: ["PhysicianFinding"], to: ["Assessment"] },
  },
});

/** Prefixes of the kernel's types whose ids follow from content. */
const CORE_PREFIXES = new Map<string, ContentPrefix>([
  ["Specification", "SPEC"],
  ["ExecutionTrace", "ET"],
  ["VerificationProcess", "VP"],
  ["Verdict", "VDT"],
  ["Divergence", "DIV"],
  ["Hypothesis", "HYP"],
  ["Amendment", "AMD"],
  ["Agent", "AGT"],
  ["KnowingState", "KST"],
  ["DispositionEvent", "DSP"],
  ["CandidateSet", "CST"],
  ["ElucidationArtifact", "ELC"],
]);
const EXECUTION_ID = idSchema("EXE");

/** A node of the clinic. An intake is named by its visit, which the front desk numbers; everything else by its content. */
export function clinicNode(clinic: string, type: ClinicType, data: ArtifactNode["data"], parents: readonly string[]): ArtifactNode {
  return { id: clinicId(clinic, { type, data, parents }), type, data, parents };
}

/** The id rule of a clinic's graph. */
export function clinicIds(clinic: string): VerifyId {
  return (node) => {
    if (node.type === "Execution") return verdict(EXECUTION_ID.safeParse(node.id).success, "an execution has an EXE id");
    if (node.type === "Claim") return claimVerdict(node);
    const prefix = CORE_PREFIXES.get(node.type);
    const { type, data, parents } = node;
    const expected = prefix === undefined ? clinicId(clinic, node) : contentId(prefix, { kind: type, org: clinic, content: data, parents });
    return verdict(node.id === expected, `its content has the id ${expected}`);
  };
}

function clinicId(clinic: string, { type, data, parents }: Omit<ArtifactNode, "id">): string {
  if (type === "PatientIntake") return `intake/${String(data["visitId"])}`;
  return `${type.toLowerCase()}/${digestOf({ clinic, type, data, parents: parents.toSorted() }).slice(0, 32)}`;
}

function claimVerdict({ id, data }: ArtifactNode): IdVerdict {
  const specificationId = id.slice(0, Math.max(0, id.indexOf(".")));
  const isOfIt = id === claimNodeId(specificationId, String(data["claimId"]));
  return isOfIt ? { ok: true, requires: [specificationId] } : { ok: false, reason: "a claim is numbered inside its protocol" };
}

function verdict(holds: boolean, reason: string): IdVerdict {
  return holds ? { ok: true } : { ok: false, reason };
}
