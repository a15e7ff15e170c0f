/**
 * The artifacts a session leaves in the artifact graph. A node's `data` is the hashed content; its parents are its
 * `sourceRefs`. See `domain.md` 3.
 */
import { z } from "zod";
import { canonicalJson } from "./canonical.ts";
import { workspacePath } from "./checks.ts";
import { contentIdOf, type ContentPrefix, type Id } from "./ids.ts";
import { REVIEW_DECISIONS } from "./states.ts";
import { acceptanceCriterion, example, functionBlock, statement } from "./work-order.ts";

/** Lineage every factory artifact carries. `rationale` is substantive when the content is inferred. */
const lineage = {
  explicitness: z.enum(["stated", "inferred"]),
  rationale: z.string().min(8),
};

const ratio = z.number().min(0).max(1);

/** An option that was looked at and left, and why. */
export const alternative = z.strictObject({ option: z.string().min(1), reason: z.string().min(1) });
export type Alternative = z.infer<typeof alternative>;

export const signal = z.strictObject({
  signalType: z.enum(["market", "customer", "competitor", "regulatory", "internal", "meta"]),
  source: z.string().min(1),
  title: z.string().min(1),
  description: z.string(),
  orderDigest: z.string(),
  workOrderId: z.string(),
  envelopeId: z.string(),
  ...lineage,
});

export const pressure = z.strictObject({
  title: z.string().min(1).max(200),
  description: z.string().min(1),
  category: z.enum(["growth", "retention", "reliability", "compliance", "risk", "efficiency", "competitive_gap", "trust"]),
  strength: ratio,
  urgency: ratio,
  frequency: ratio,
  confidence: ratio,
  evidence: z.array(z.string().min(1)).min(1),
  affectedDomains: z.array(z.string()),
  affectedPersonas: z.array(z.string()),
  alternativesConsidered: z.array(alternative).optional(),
  ...lineage,
});

export const capability = z.strictObject({
  title: z.string().min(1).max(200),
  description: z.string().min(1),
  gapAnalysis: z.string().min(1),
  desiredOutcomes: z.array(z.string().min(1)).min(1),
  constraints: z.array(z.string()),
  successMetrics: z.array(z.string().min(1)).min(1),
  /** Empty in what was made before passes were asked for it. */
  alternativesConsidered: z.array(alternative).default([]),
  confidence: ratio,
  ...lineage,
});

export const functionProposal = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]*$/),
  title: z.string().min(1).max(200),
  purpose: z.string().min(1),
  functionType: z.enum(["execution", "control", "evidence", "integration"]),
  expectedInputs: z.array(z.string()),
  expectedOutputs: z.array(z.string()),
  successCriteria: z.array(z.string().min(1)).min(1),
  governingConstraints: z.array(z.string()),
  confidence: ratio,
  ...lineage,
});

/** How good an option is, each from 0 to 1: more value and feasibility is better, more risk and cost is worse. */
export const candidateScores = z.strictObject({ value: ratio, feasibility: ratio, risk: ratio, cost: ratio });
export type CandidateScores = z.infer<typeof candidateScores>;

/** One option for the function, with what the model makes of it. */
export const functionCandidate = z.strictObject({ proposal: functionProposal, scores: candidateScores, rationale: z.string().min(8) });
export type FunctionCandidate = z.infer<typeof functionCandidate>;

/** The options a pass chose from: the winner, and each loser with why it lost. Totals are the platform's. */
export const candidateSet = z.strictObject({
  pass: z.string().min(1),
  weights: candidateScores,
  /** Name of the winner's proposal. */
  selected: z.string().min(1),
  candidates: z
    .array(z.strictObject({ ...functionCandidate.shape, total: ratio, outcome: z.enum(["selected", "rejected"]), reason: z.string().min(1) }))
    .min(2),
  ...lineage,
});
export type CandidateSet = z.infer<typeof candidateSet>;

/** What a pass would have had to guess. */
export const uncertainty = z.strictObject({ question: z.string().min(3), why: z.string().min(3), options: z.array(z.string().min(1)).max(8) });
export type Uncertainty = z.infer<typeof uncertainty>;

/** The record of a pass that asks instead of guessing. */
export const uncertaintyEntry = z.strictObject({ pass: z.string().min(1), ...uncertainty.shape, ...lineage });
export type UncertaintyEntry = z.infer<typeof uncertaintyEntry>;

/** What policy decided, as it is kept with what it allowed; see `DecisionRecord`. */
const decisionRecord = z.strictObject({ decisionId: z.string().min(1), policies: z.array(z.string()), policySet: z.string() });

/**
 * The receipt of a person's decision, or of the platform's where the review mode leaves it to it. Where several people have to
 * approve there is one for each.
 */
export const approvalReceipt = z.strictObject({
  approvalId: z.string(),
  reviewId: z.string(),
  /** The credential or the user that decided. */
  approver: z.string().min(1),
  /** The human being behind it; absent for the platform, and in receipts of before people were told from credentials. */
  person: z.string().min(1).optional(),
  /** Everybody who decided, where two people overrode. */
  approvers: z
    .array(z.strictObject({ id: z.string().min(1), person: z.string().min(1) }))
    .min(2)
    .optional(),
  /** When it counts no longer unless it has been used; ISO 8601 in UTC. */
  expiresAt: z.iso.datetime().optional(),
  /** What allowed this person to decide. */
  policy: decisionRecord.optional(),
  /** The decision of the We-layer that it came with, and the record that says why. */
  dispositionEventId: z.string().min(1).optional(),
  elucidationArtifactId: z.string().min(1).optional(),
  /** ISO 8601 in UTC. */
  decidedAt: z.iso.datetime(),
  decision: z.enum(REVIEW_DECISIONS),
  /** The note of the decision; empty when none was given. */
  reason: z.string(),
  action: z.string().min(1),
  actionDigest: z.string().min(1),
  matter: z.string().min(1),
  org: z.string().min(1),
});
export type ApprovalReceipt = z.infer<typeof approvalReceipt>;

export const intentSpecification = z.strictObject({
  title: z.string().min(1).max(200),
  problem: z.string().min(1),
  goal: z.string().min(1),
  constraints: z.array(z.string().min(1)),
  acceptanceCriteria: z
    .array(
      z.strictObject({
        text: z.string().min(1),
        functionName: z.string().optional(),
        metric: z.string().min(1),
        method: z.string().min(1),
        threshold: z.string().min(1),
      }),
    )
    .min(1),
  successMetrics: z.array(z.string().min(1)),
  outOfScope: z.array(z.string()),
  /** Empty in what was made before passes were asked for it. */
  alternativesConsidered: z.array(alternative).default([]),
  ...lineage,
});

/** What each planning pass makes, by pass name, in order. */
export const PASSES = [
  { name: "synthesize-pressure", prefix: "PRS", type: "Pressure", schema: pressure },
  { name: "map-capability", prefix: "BC", type: "Capability", schema: capability },
  { name: "propose-function", prefix: "FP", type: "FunctionProposal", schema: functionProposal },
  { name: "write-intent-specification", prefix: "IS", type: "IntentSpecification", schema: intentSpecification },
] as const;
export type PassName = (typeof PASSES)[number]["name"];

export type Signal = z.infer<typeof signal>;
export type Pressure = z.infer<typeof pressure>;
export type Capability = z.infer<typeof capability>;
export type FunctionProposal = z.infer<typeof functionProposal>;
export type IntentSpecification = z.infer<typeof intentSpecification>;

/** How a claim is covered by executed checks: its function, its examples by visibility, its test files. */
export const claim = z.strictObject({
  /** `C-1`, `C-2`, ... in document order. */
  claimId: z.string().regex(/^C-[1-9][0-9]*$/),
  kind: z.enum(["criterion", "constraint", "metric"]),
  text: z.string().min(1),
  line: z.number().int().positive(),
  functionName: z.string().optional(),
  /** The file of its function where that is not the conventional one; {@link functionFiles} answers for both. */
  file: workspacePath.optional(),
  visible: z.array(example),
  holdout: z.array(example),
  testFiles: z.array(z.string()),
});
export type Claim = z.infer<typeof claim>;

export const detectorName = z.enum(["no-ambient-access", "no-imports", "no-argument-mutation", "types", "declared-limits", "person"]);
export type DetectorName = z.infer<typeof detectorName>;

const IMPACTS = ["low", "medium", "high"] as const;

/** How long a detector's last report counts, by how bad a breach of its invariant is, in milliseconds. */
export const FRESH_FOR_MS: { readonly [impact in (typeof IMPACTS)[number]]: number } = { high: 15 * 60_000, medium: 60 * 60_000, low: 24 * 60 * 60_000 };

/** An invariant a constraint gives, with the detector that watches it. */
export const invariant = z.strictObject({
  claimId: z.string(),
  statement: z.string().min(1),
  detector: detectorName,
  /** Words of the constraint that chose the detector; empty for `person`. */
  matched: z.array(z.string()),
  violationImpact: z.enum(IMPACTS),
  evidenceSource: z.string(),
  regressionPolicy: z.enum(["watch", "degraded", "regressed"]),
  /** How long the detector's last report counts, in milliseconds; absent in what was stored before: {@link FRESH_FOR_MS} of the impact. */
  freshForMs: z.number().int().positive().optional(),
});
export type Invariant = z.infer<typeof invariant>;

/** What a gate looked at and what it found; written pass or fail. See `domain.md` 9. */
export const verificationReport = z.strictObject({
  gate: z.enum(["intake", "semantic-review", "coherence", "dispatch", "fidelity", "acceptance", "persistence"]),
  outcome: z.enum(["PASS", "FAIL", "INCONCLUSIVE"]),
  subjectId: z.string(),
  checked: z.array(z.strictObject({ check: z.string(), outcome: z.enum(["PASS", "FAIL", "INCONCLUSIVE"]), detail: z.string() })),
  notChecked: z.array(z.strictObject({ check: z.string(), reason: z.string() })),
  remediation: z.array(z.string()),
});
export type VerificationReport = z.infer<typeof verificationReport>;

/** The order as the specification keeps it: what the compiler needs and nothing a model may change. */
export const specificationSource = z.strictObject({
  criteria: z.array(acceptanceCriterion),
  constraints: z.array(statement),
  metrics: z.array(statement),
  functions: z.array(functionBlock),
  examples: z.array(example),
});

/** A node to append: `data` is the content that was hashed with `parents` into `id`. */
export type ArtifactNode = {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly [key: string]: unknown };
  /** Source references; for content ids they are part of the hash. */
  readonly parents: readonly string[];
};

export type ArtifactEdge = { readonly source: string; readonly rel: string; readonly target: string; readonly props?: { readonly [key: string]: unknown } };

/** Builds a node whose id follows from its content. */
export function artifactNode<P extends ContentPrefix>(
  prefix: P,
  type: string,
  org: string,
  data: { readonly [key: string]: unknown },
  parents: readonly string[],
): ArtifactNode & { readonly id: Id<P> } {
  const text = canonicalJson(data);
  TEXTS.set(data, text);
  return { id: contentIdOf(prefix, { kind: type, org, parents }, text), type, data, parents };
}

/** Not persisted: canonical JSON of the data of nodes that were made here, as long as they are held. Data never changes. */
const TEXTS = new WeakMap<ArtifactNode["data"], string>();

/** RFC 8785 canonical JSON of a node's data. */
export function nodeText({ data }: Pick<ArtifactNode, "data">): string {
  return TEXTS.get(data) ?? canonicalJson(data);
}

/** Graph id of a claim of a specification: claims are numbered inside their specification. */
export function claimNodeId(specificationId: string, claimId: string): string {
  return `${specificationId}.${claimId}`;
}
