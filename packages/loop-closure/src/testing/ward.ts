/**
 * A domain that is not about software: a ward whose nurses sort patients by a protocol. Its graph, its ids, and its
 * judgement on what goes wrong, for the tests of the bridge points.
 */
import { CORE_REGISTRY } from "@factory/artifact-graph";
import type { VerifyId } from "@factory/artifact-graph";
import { artifactNode, claimNodeId, contentId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, ContentPrefix } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import { knowingStateBead } from "../index.ts";
import type { AdoptionDomain, DetectedDivergence, Hypothesis, HypothesisAuthor, ProposalDomain, VerifierCheck } from "../index.ts";

export const ORG = "st-olaf";
export const ROLE = "triage-nurse";
export const AGENT = "nurse:ida";
/** Domain of the protocol's specifications. */
export const PROTOCOL = "protocol";

/** What the ward may write: the core of every domain. */
export const WARD_REGISTRY = CORE_REGISTRY;

const PREFIXES: { readonly [type: string]: ContentPrefix } = {
  Specification: "SPEC",
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
};

/** Ids of content follow from it; a claim's is its specification's and its own. */
export const wardIds: VerifyId = ({ id, type, data, parents }) => {
  if (type === "Execution") return { ok: true };
  if (type === "Claim") {
    return id.includes(".C-") ? { ok: true, requires: parents } : { ok: false, reason: "a claim has its specification's id and its own" };
  }
  const prefix = PREFIXES[type];
  if (prefix === undefined) return { ok: false, reason: "its type has no id rule" };
  const expected = contentId(prefix, { kind: type, org: ORG, content: data, parents });
  return id === expected ? { ok: true } : { ok: false, reason: `its content has the id ${expected}` };
};

/** The first protocol with its claims. */
export function aProtocol(claims: { readonly [claimId: string]: string } = { "C-1": "Chest pain is seen at once.", "C-2": "Nobody waits an hour." }): {
  readonly specificationId: string;
  readonly nodes: readonly ArtifactNode[];
  readonly edges: readonly ArtifactEdge[];
} {
  const protocol = artifactNode("SPEC", "Specification", ORG, { domain: PROTOCOL, version: 1 }, []);
  const claimNodes = Object.entries(claims).map(([claimId, text]) => ({
    id: claimNodeId(protocol.id, claimId),
    type: "Claim",
    data: { claimId, text },
    parents: [protocol.id],
  }));
  const edges = claimNodes.map(({ id }) => ({ source: protocol.id, rel: "composed_of", target: id }));
  return { specificationId: protocol.id, nodes: [protocol, ...claimNodes], edges };
}

/** The beads that the ward starts with. */
export function firstBeads(overrides: { readonly autonomy?: string; readonly score?: number; readonly status?: string } = {}): KnowingStateBead[] {
  const { autonomy = "EXECUTE_BOUNDED", score = 0.8, status = "APPROVED" } = overrides;
  const bead = (type: "policy" | "trust" | "consent", content: KnowingStateBead["content"]) =>
    knowingStateBead({ type, content, parents: [], writtenAt: 0 }, ORG);
  return [
    bead("policy", { scope: `role:${ROLE}`, rules: { visits: "own ward" }, autonomy, effective_at: "1970-01-01T00:00:00Z" }),
    bead("trust", { subject_id: AGENT, subject_type: "nurse", status, trust_score: score, rationale: "trained", evidence_refs: [] }),
    bead("consent", { role_id: ROLE, grants: ["see-patient"], status: "ACTIVE", granted_by: "matron", granted_at: "2026-01-01T00:00:00Z" }),
  ];
}

/** A patient who waited although a claim says that nobody does. */
export function aFailure(claimId = "C-1", overrides: Partial<DetectedDivergence> = {}): DetectedDivergence {
  return { type: "late", claimId, severity: "high", observed: "a patient waited", expected: "nobody waits", data: { ward: "east" }, ...overrides };
}

/** What the ward says of a divergence: a gap of the protocol, mended by another wording, and a sentence for every nurse. */
export function wardProposal(
  overrides: { readonly hypothesis?: Partial<Hypothesis>; readonly author?: HypothesisAuthor; readonly text?: string } = {},
): ProposalDomain<Hypothesis, WardChange> {
  const { author = { kind: "rule", id: "ward" }, text = "Chest pain is seen within a minute." } = overrides;
  return {
    hypothesise: async ({ divergence }) => ({
      author,
      hypothesis: {
        faultAttribution: "SPECIFICATION_GAP",
        explanation: `The protocol does not say how soon: ${String(divergence.data["observed"])}`,
        confidence: 1,
        severity: "high",
        amendmentScope: "modify-claim",
        instruction: text,
        knowingState: { target: "policy", scope: `role:${ROLE}`, guidance: `Remember: ${text}` },
        ...overrides.hypothesis,
      },
    }),
    change: (_formed, { claim }) => ({ claimId: String(claim.data["claimId"]), text }),
  };
}

/** Another wording of a claim. */
export type WardChange = { readonly claimId: string; readonly text: string };

const LOOKED: readonly VerifierCheck[] = [{ check: "matron", outcome: "passed", detail: "holds" }];

/** How the ward decides on an amendment. */
export function wardAdoption(checks: readonly VerifierCheck[] = LOOKED): AdoptionDomain {
  return {
    verify: async () => checks,
    successor: ({ target, claims, change }) => ({
      data: { ...target.data, version: Number(target.data["version"]) + 1 },
      claims: claims.map(({ data }) => {
        const claimId = String(data["claimId"]);
        return { claimId, data: change?.["claimId"] === claimId ? { ...data, text: change["text"] } : { ...data } };
      }),
    }),
    elucidate: ({ change }) => ({
      selected: change === null ? "learn from it" : String(change["text"]),
      rejected: [{ option: "leave the protocol as it is", reason: "Another patient would wait." }],
      assumptions: ["The clock was right."],
      risksAccepted: [],
    }),
  };
}
