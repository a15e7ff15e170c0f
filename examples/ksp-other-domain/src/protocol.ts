/** A triage protocol: statements about who is seen how soon. A specification whose claims are medical. Pure. */
import { artifactNode, claimNodeId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { DetectedDivergence } from "@factory/loop-closure";
import { z } from "zod";

/** The domain of the clinic's protocols: one is active at a time. */
export const TRIAGE = "triage";
/** Who is seen last, and who matches no statement. */
export const NON_URGENT = 5;

const statement = z.object({
  /** `C-1`, `C-2`, ... */
  claimId: z.string(),
  text: z.string(),
  /** 1: at once, to 5: non-urgent. */
  category: z.number().int().min(1).max(NON_URGENT),
  /** Words of a complaint that it covers. */
  complaints: z.array(z.string()),
  /** Systolic pressure in mmHg under which it holds whatever the complaint is. */
  systolicBelow: z.number().optional(),
});

/** One statement of a protocol. */
export type Statement = z.infer<typeof statement>;
/** What a bedside monitor measures: mmHg and degrees Celsius. */
export type Vitals = { readonly systolic: number; readonly temperature: number };
/** A patient as far as triage sees one. */
export type Presentation = { readonly complaint: string; readonly vitals: Vitals };
/** How soon a patient is seen, and by which statement; null when none matched. */
export type Category = { readonly category: number; readonly claimId: string | null };
/** What a physician found afterwards. */
export type Finding = {
  readonly physician: string;
  readonly diagnosis: string;
  /** How soon the patient should have been seen, by which statement. */
  readonly category: number;
  readonly claimId: string;
};

/** The statements of claim nodes. @throws ZodError for a claim that is no statement */
export function statementsOf(claims: readonly Pick<ArtifactNode, "data">[]): Statement[] {
  return claims.map(({ data }) => statement.parse(data));
}

/** The most urgent statement that covers a patient. */
export function categoryOf({ complaint, vitals }: Presentation, statements: readonly Statement[]): Category {
  const words = complaint.toLowerCase();
  const covering = statements.filter(
    ({ complaints, systolicBelow }) => complaints.some((one) => words.includes(one)) || (systolicBelow !== undefined && vitals.systolic < systolicBelow),
  );
  const [first] = covering.toSorted((a, b) => a.category - b.category);
  return first === undefined ? { category: NON_URGENT, claimId: null } : { category: first.category, claimId: first.claimId };
}

/** The clinic's detector: a patient who should have been seen sooner is a divergence from the statement that says so. */
export function underTriage(presentation: Presentation, assessed: Category, finding: Finding): DetectedDivergence[] {
  const late = assessed.category - finding.category;
  if (late <= 0) return [];
  return [
    {
      type: "under-triage",
      claimId: finding.claimId,
      severity: late > 1 ? "critical" : "high",
      observed: `"${presentation.complaint}" was put into category ${assessed.category}`,
      expected: `category ${finding.category}: ${finding.diagnosis}`,
      data: { presentation, finding },
    },
  ];
}

/** A protocol as nodes and edges, the first or any later version. */
export function protocolRecords(
  clinic: string,
  title: string,
  statements: readonly Statement[],
): { specificationId: string; nodes: ArtifactNode[]; edges: ArtifactEdge[] } {
  const specification = artifactNode("SPEC", "Specification", clinic, { domain: TRIAGE, title, version: 1 }, []);
  const claims = statements.map((data) => ({ id: claimNodeId(specification.id, data.claimId), type: "Claim", data, parents: [specification.id] }));
  const edges = claims.map(({ id }) => ({ source: specification.id, rel: "composed_of", target: id }));
  return { specificationId: specification.id, nodes: [specification, ...claims], edges };
}
