/**
 * The artifacts a session leaves in the artifact graph. A node's `data` is the hashed content; its parents are its
 * `sourceRefs`. See `domain.md` 3.
 */
import { z } from "zod";
import { canonicalJson } from "./canonical.ts";
import { contentIdOf, type ContentPrefix, type Id } from "./ids.ts";
import { acceptanceCriterion, example, functionBlock, statement } from "./work-order.ts";

/** Lineage every factory artifact carries. `rationale` is substantive when the content is inferred. */
const lineage = {
  explicitness: z.enum(["stated", "inferred"]),
  rationale: z.string().min(8),
};

const ratio = z.number().min(0).max(1);

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
  ...lineage,
});

export const capability = z.strictObject({
  title: z.string().min(1).max(200),
  description: z.string().min(1),
  gapAnalysis: z.string().min(1),
  desiredOutcomes: z.array(z.string().min(1)).min(1),
  constraints: z.array(z.string()),
  successMetrics: z.array(z.string().min(1)).min(1),
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
  ...lineage,
});

/** The schema a planning pass answers in, by pass name, in order. */
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
  visible: z.array(example),
  holdout: z.array(example),
  testFiles: z.array(z.string()),
});
export type Claim = z.infer<typeof claim>;

export const detectorName = z.enum(["no-ambient-access", "no-imports", "no-argument-mutation", "types", "declared-limits", "person"]);
export type DetectorName = z.infer<typeof detectorName>;

/** An invariant a constraint gives, with the detector that watches it. */
export const invariant = z.strictObject({
  claimId: z.string(),
  statement: z.string().min(1),
  detector: detectorName,
  /** Words of the constraint that chose the detector; empty for `person`. */
  matched: z.array(z.string()),
  violationImpact: z.enum(["low", "medium", "high"]),
  evidenceSource: z.string(),
  regressionPolicy: z.enum(["watch", "degraded", "regressed"]),
});
export type Invariant = z.infer<typeof invariant>;

/** What a gate looked at and what it found; written pass or fail. See `domain.md` 9. */
export const verificationReport = z.strictObject({
  gate: z.enum(["intake", "coherence", "dispatch", "fidelity", "acceptance", "persistence"]),
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
