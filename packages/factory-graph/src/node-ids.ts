/** Ids of the factory's nodes: which prefix a type has, and whether an id follows from its node's content. */
import type { IdVerdict, VerifyId } from "@factory/artifact-graph";
import { claimNodeId, CONTENT_PREFIXES, contentId, idSchema } from "@factory/schemas";
import type { ArtifactNode, ContentPrefix, Prefix } from "@factory/schemas";
import type { FactoryNodeType } from "./factory-registry.ts";

/** The prefix of each type's ids. A claim has none of its own: it is numbered inside its specification. */
export const NODE_PREFIXES: { readonly [Type in Exclude<FactoryNodeType, "Claim">]: Prefix } = {
  Specification: "SPEC",
  Execution: "EXE",
  ExecutionTrace: "ET",
  VerificationProcess: "VP",
  Verdict: "VDT",
  Divergence: "DIV",
  Hypothesis: "HYP",
  Amendment: "AMD",
  Agent: "AGT",
  KnowingState: "KST",
  DispositionEvent: "DSP",
  CandidateSet: "CST",
  ElucidationArtifact: "ELC",
  Signal: "SIG",
  Pressure: "PRS",
  Capability: "BC",
  FunctionProposal: "FP",
  IntentSpecification: "IS",
  WorkGraph: "WG",
  RequirementAtom: "ATOM",
  Contract: "CONTRACT",
  Invariant: "INV",
  Validation: "VAL",
  CoverageReport: "COV",
  AtomDirective: "DIR",
  TraceFragment: "TRF",
  RejectionRecord: "REJ",
  ConsolidationReport: "CNS",
  VerdictClosureRecord: "VCR",
  IssueBindingEvent: "IBE",
  ApprovalReceipt: "APR",
  ClearanceRecord: "CLE",
  ClarificationRecord: "CLR",
  EvidencePackage: "EVD",
  VerificationReport: "VR",
  MoleculeVerdict: "MV",
  RunVerdict: "RV",
  UncertaintyEntry: "UNC",
  ConsultationRequest: "CRP",
};

const SPECIFICATION_ID = idSchema("SPEC");
/** Built once: making a schema costs more than checking an id. */
const ID_SCHEMAS = new Map([...new Set(Object.values(NODE_PREFIXES))].map((prefix) => [prefix, idSchema(prefix)]));

/** The id rule of an organisation's graph: its name is part of every content id. */
export function factoryIds(org: string): VerifyId {
  return (node) => (node.type === "Claim" ? claimVerdict(node) : nodeVerdict(org, node));
}

function nodeVerdict(org: string, node: ArtifactNode): IdVerdict {
  const prefix = prefixOfType(node.type);
  if (prefix === undefined) return { ok: false, reason: "its type has no id rule" };
  if (ID_SCHEMAS.get(prefix)?.safeParse(node.id).success !== true) return { ok: false, reason: `its type has ${prefix} ids` };
  if (!isContentPrefix(prefix)) return { ok: true };
  const expected = contentId(prefix, { kind: node.type, org, content: node.data, parents: node.parents });
  return node.id === expected ? { ok: true } : { ok: false, reason: `its content has the id ${expected}` };
}

/** A claim's id is its specification's and its number; the specification has to be there or come with it. */
function claimVerdict(node: ArtifactNode): IdVerdict {
  const specificationId = node.id.slice(0, Math.max(0, node.id.indexOf(".")));
  const { claimId } = node.data;
  if (!SPECIFICATION_ID.safeParse(specificationId).success) return { ok: false, reason: "a claim's id begins with its specification's" };
  if (typeof claimId !== "string" || node.id !== claimNodeId(specificationId, claimId)) {
    return { ok: false, reason: "a claim's id ends with its claimId" };
  }
  return { ok: true, requires: [specificationId] };
}

function prefixOfType(type: string): Prefix | undefined {
  return Object.hasOwn(NODE_PREFIXES, type) ? NODE_PREFIXES[type as keyof typeof NODE_PREFIXES] : undefined;
}

function isContentPrefix(prefix: Prefix): prefix is ContentPrefix {
  return (CONTENT_PREFIXES as readonly string[]).includes(prefix);
}
