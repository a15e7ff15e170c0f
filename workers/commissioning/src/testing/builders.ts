/** Orders, answers of planning passes and reports, as tests need them. */
import { sessionIdOf, sha256Hex } from "@factory/schemas";
import type { Claim, Example, PassName, WorkOrder } from "@factory/schemas";
import type { CommissionRequest, CompileReport, DivergenceReport, Principal, RunRecord, RunReport } from "@factory/schemas/rpc";

export const ORG = "acme";
export const ANN: Principal = { id: "key:ann", kind: "api-key", org: ORG };

export function anExample(line: number): Example {
  return {
    functionName: "double",
    args: [{ kind: "json", value: line }],
    expected: { kind: "json", value: 2 * line },
    text: `double(${line}) => ${2 * line}`,
    line,
  };
}

/** One function with six examples and one constraint. */
export function anOrder(overrides: Partial<WorkOrder> = {}): WorkOrder {
  return {
    title: "Doubling",
    priority: "normal",
    reviewMode: "auto",
    files: [],
    problem: "Numbers are too small.",
    goal: "Numbers are doubled.",
    constraints: [{ text: "No imports.", line: 20 }],
    acceptanceCriteria: [{ text: "`double` doubles its argument", functionName: "double", tests: [], line: 3 }],
    successMetrics: [],
    outOfScope: [{ text: "halving", line: 30 }],
    functions: [
      {
        name: "double",
        signature: "export function double(n: number): number",
        params: [{ name: "n", type: "number", optional: false }],
        returnType: "number",
        line: 8,
      },
    ],
    examples: [11, 12, 13, 14, 15, 16].map(anExample),
    unknownSections: [],
    ...overrides,
  };
}

export function aRequest(overrides: Partial<CommissionRequest> = {}): CommissionRequest {
  const workOrderId = overrides.workOrderId ?? "WO-1";
  return {
    org: ORG,
    sessionId: sessionIdOf(ORG, workOrderId, "env_00000001"),
    workOrderId,
    envelopeId: "env_00000001",
    assembly: "pricing",
    purposeId: "BCO-1",
    principal: ANN,
    identity: { actorId: "ann", actorType: "human" },
    envelopeDigest: "d".repeat(64),
    orderText: "# Doubling\n\nline 3\n",
    order: anOrder(),
    config: { reviewMode: "auto" },
    baseTree: {},
    ...overrides,
  };
}

const stated = { explicitness: "stated", rationale: "The order says so in its first section." } as const;

/** A proposal as a model states it, without inputs and outputs. */
function aProposal(name: string) {
  return { name, title: name, purpose: "Doubles.", functionType: "execution", successCriteria: ["2n"], governingConstraints: [], confidence: 0.9, ...stated };
}

/** Good answers of the planning passes. */
export const ANSWERS: { readonly [P in PassName]: { readonly [key: string]: unknown } } = {
  "synthesize-pressure": {
    title: "Small numbers",
    description: "Numbers do not suffice.",
    category: "growth",
    strength: 0.5,
    urgency: 0.5,
    frequency: 0.5,
    confidence: 0.9,
    evidence: ["Numbers are too small."],
    affectedDomains: [],
    affectedPersonas: [],
    alternativesConsidered: [{ option: "Rounding errors.", reason: "The order names none." }],
    ...stated,
  },
  "map-capability": {
    title: "Doubling",
    description: "Doubling numbers.",
    gapAnalysis: "Nothing doubles.",
    desiredOutcomes: ["doubled"],
    constraints: [],
    successMetrics: ["2x"],
    alternativesConsidered: [{ option: "Counting twice.", reason: "It takes twice as long." }],
    confidence: 0.9,
    ...stated,
  },
  "propose-function": {
    candidates: [
      {
        proposal: { ...aProposal("double"), expectedInputs: ["n"], expectedOutputs: ["2n"] },
        scores: { value: 0.9, feasibility: 0.9, risk: 0.1, cost: 0.1 },
        rationale: "It is what the order names.",
      },
      {
        proposal: { ...aProposal("multiply"), expectedInputs: ["n", "factor"], expectedOutputs: ["factor * n"] },
        scores: { value: 0.6, feasibility: 0.9, risk: 0.2, cost: 0.2 },
        rationale: "It can do more than is asked.",
      },
    ],
  },
  "write-intent-specification": {
    title: "Doubling",
    problem: "Numbers are too small.",
    goal: "Numbers are doubled.",
    constraints: ["invented by the model"],
    acceptanceCriteria: [{ text: "reworded by the model", metric: "result", method: "examples", threshold: "all" }],
    successMetrics: [],
    outOfScope: [],
    alternativesConsidered: [{ option: "Tripling.", reason: "Nobody asks for it." }],
    ...stated,
  },
};

/** The claim mediation makes of {@link anOrder}: four examples visible, two hidden. */
export function aClaim(overrides: Partial<Claim> = {}): Claim {
  return {
    claimId: "C-1",
    kind: "criterion",
    text: "`double` doubles its argument",
    line: 3,
    functionName: "double",
    visible: [11, 12, 13, 14].map(anExample),
    holdout: [15, 16].map(anExample),
    testFiles: [],
    ...overrides,
  };
}

export const RUN_ID = "RUN-00000000000000000000000001";
export const BEAD_ID = "BEAD-00000000000000000000000001";

export function aCompileReport(specificationId: string, overrides: Partial<Extract<CompileReport, { outcome: "compiled" }>> = {}): CompileReport {
  return {
    outcome: "compiled",
    runId: RUN_ID,
    specificationId,
    workGraphId: "WG-00000000000000000000000001",
    beads: 3,
    claims: 2,
    holdouts: 2,
    personClaims: [],
    ...overrides,
  };
}

export const CODE = "export const double = (n: number): number => 2 * n;\n";

export function anAcceptedRun(overrides: Partial<Extract<RunReport, { outcome: "accepted" | "failed" }>> = {}): RunReport {
  return {
    outcome: "accepted",
    runVerdictId: "RV-00000000000000000000000001",
    tree: { "src/double.ts": sha256Hex(CODE) },
    beads: { done: 3, failed: 0 },
    checks: { passed: 4, failed: 0 },
    holdouts: { passed: 2, failed: 0, absentClaims: [] },
    holdoutsByClaim: [{ claimId: "C-1", passed: 2, failed: 0 }],
    uncheckedClaims: [],
    moleculeVerdicts: [{ moleculeId: "MOL-1", beadId: "BEAD-3", verdictId: "MV-00000000000000000000000001", outcome: "passed", cycle: 0 }],
    amendedExecutions: [],
    reason: "Every molecule passed and every hidden example holds.",
    ...overrides,
  };
}

/** Right for the visible examples of {@link aClaim} and wrong for the hidden ones. */
export const OVERFIT = "export const double = (n: number): number => (n < 15 ? 2 * n : 0);\n";

/** What the coordinator records of a run that went well. */
export function aRecord(overrides: Partial<RunRecord> = {}): RunRecord {
  const bead = { atomId: "ATOM-1", state: "DONE", epoch: 1, attempt: 1, cycle: 0, dependsOn: [], claimRefs: ["C-1"] } as const;
  const check = { beadId: BEAD_ID, treeDigest: "t", kind: "examples", ok: true, reportDigest: "r" };
  return {
    runId: RUN_ID,
    beads: [
      { ...bead, beadId: BEAD_ID, title: "Write double", role: "coder" },
      { ...bead, beadId: "BEAD-3", title: "Verify", role: "verifier:outcome" },
    ],
    checks: [
      { ...check, checkId: "CHK-1", holdout: false, summary: "4 passed", claimId: "C-1", command: "examples:C-1" },
      { ...check, checkId: "CHK-2", holdout: true, summary: "2 passed", claimId: "C-1" },
    ],
    modelCalls: 5,
    costUsd: null,
    ...overrides,
  };
}

/** A divergence report whose nodes a test has put into the graph. */
export function aDivergence(
  ids: Pick<DivergenceReport, "divergenceId" | "traceId" | "specificationId">,
  overrides: Partial<DivergenceReport> = {},
): DivergenceReport {
  return {
    ...ids,
    divergenceType: "run-verdict-failure",
    severity: "high",
    role: "coder",
    claimId: "C-1",
    claimRefs: ["C-1"],
    beadId: BEAD_ID,
    atomId: "ATOM-1",
    affectedBeadIds: [BEAD_ID],
    status: "COMPLETE",
    observed: "2 hidden failed",
    expected: "every hidden example holds",
    blockers: [],
    failedHoldoutLines: [15, 16],
    hiddenLeft: 2,
    cycle: 0,
    executedUnder: null,
    failedTree: { "src/double.ts": sha256Hex(OVERFIT) },
    ...overrides,
  };
}
