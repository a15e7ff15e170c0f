/**
 * A session's way from an order to a work graph, without a platform: the intake gate, the planning passes, the semantic
 * review, the compiler and gate 1, in the same code as the platform runs. Pure but for the model it asks, so a terminal
 * and a page show the same plan for the same order.
 */
import { compileWorkGraph, intakeFaults, intakeReport, repositoryMapOf, resolveConfig } from "@factory/compiler";
import type { CompiledRun, ResolvedConfig } from "@factory/compiler";
import { contentId, digestOf, sha256Hex } from "@factory/schemas";
import type { AttachedFile, CompilationConfig, Id, Tree, VerificationReport, WorkOrder } from "@factory/schemas";
import { plannedClaims } from "./claims.ts";
import { estimatePlan } from "./estimate.ts";
import type { EstimateModels } from "./estimate.ts";
import { plannedGraph } from "./graph.ts";
import type { PlannedGraph } from "./graph.ts";
import { NO_PASSES, simulatePasses } from "./passes.ts";
import type { PassesResult, PlanModel } from "./passes.ts";
import type { PlannedGate, PlanOutcome, Refusal, SimulatedPlan } from "./plan.ts";
import { simulateReview } from "./review.ts";
import type { SimulatedJudge } from "./review.ts";
import { acceptanceQuestion, approvalQuestion, budgetQuestion } from "./questions.ts";

/** What is simulated. */
export type SimulationInput = {
  /** The order's own text. */
  readonly text: string;
  /** As the parser gives it; an order with faults makes no session and no plan. */
  readonly order: WorkOrder;
  /** What is attached to it. */
  readonly files: readonly AttachedFile[];
  /** The envelope's configuration; the front matter fills in what it leaves out. */
  readonly config?: CompilationConfig;
  /** The envelope's assembly; the order's, else `main`. */
  readonly assembly?: string;
  readonly ask: PlanModel;
  /** Who judges whether the plan says what the order says. */
  readonly judge: SimulatedJudge;
  /** The models that a run would ask, for the estimate. */
  readonly models: EstimateModels;
  /** How long the model took for all answers so far when they were recorded, in milliseconds; null: nobody measured. */
  readonly planningMs?: () => number | null;
};

/** Ids of a simulation follow from names of its own: none of them is ever stored. */
const ORG = "simulated";
const DEFAULT_ASSEMBLY = "main";

/** What no simulation can tell. */
const UNKNOWN: readonly string[] = [
  "What policy, trust and consent allow: below EXECUTE_BOUNDED every change set waits for a person.",
  "What earlier sessions on the same order have learnt: their examples and notes are taken over.",
  "Whether a model finds the code: what stays wrong after all attempts and amendments is put before a person.",
];

/** Simulates an order. The same input and the same answers give the same plan. */
export async function simulatePlan(input: SimulationInput): Promise<SimulatedPlan> {
  const { order, files } = input;
  const assembly = input.assembly ?? order.assembly ?? DEFAULT_ASSEMBLY;
  const resolved = resolveConfig(order, input.config ?? {}, assembly);
  if (!resolved.ok) return planOf(input, { refusals: [{ by: "configuration", code: resolved.code, remediation: [resolved.message] }] });
  const { config } = resolved;
  const subject = { order, baseTree: Object.fromEntries(files.map(({ path, content }) => [path, content])) };
  const ids = sourceIds(order);
  const intake = intakeReport(subject, ids.signal);
  if (intake.outcome !== "PASS") return planOf(input, { config, reports: [intake], faults: intakeFaults(subject), refusals: [refusalBy(intake)] });
  const planning = { order, org: ORG, sources: [ids.signal, ids.elucidation], ask: input.ask };
  const { passes, report } = await simulateReview({ ...planning, text: input.text, judge: input.judge }, await simulatePasses(planning));
  const before = [intake, ...(report === null ? [] : [report])];
  const intent = passes.artifacts["IntentSpecification"];
  if (intent === undefined || passes.question !== null || passes.failure !== null) return planOf(input, { config, reports: before, passes });
  const compiled = compileWorkGraph({
    org: ORG,
    sessionId: ids.session,
    workOrderId: `WO-${ids.digest.slice(0, 16)}`,
    assembly: resolved.assembly,
    intentSpecificationId: intent.id,
    intent: intent.data,
    order,
    config,
    baseTree: treeOf(files),
    repository: repositoryMapOf(files.map(({ path, content }) => [path, content] as const)),
    elucidationArtifactId: ids.elucidation,
  });
  const reports = [...before, compiled.report];
  return planOf(input, { config, reports, passes, compiled, refusals: compiled.report.outcome === "PASS" ? [] : [refusalBy(compiled.report)] });
}

type SourceIds = { readonly digest: string; readonly signal: Id<"SIG">; readonly elucidation: Id<"ELC">; readonly session: Id<"SES"> };

function sourceIds(order: WorkOrder): SourceIds {
  const digest = digestOf(order);
  const frame = (kind: string) => ({ kind, org: ORG, content: { digest }, parents: [] });
  return {
    digest,
    signal: contentId("SIG", frame("Signal")),
    elucidation: contentId("ELC", frame("ElucidationArtifact")),
    session: contentId("SES", frame("Session")),
  };
}

function treeOf(files: readonly AttachedFile[]): Tree {
  return Object.fromEntries(files.map(({ path, content }) => [path, sha256Hex(content)]));
}

/** What the simulation has come to when it ends. */
type Reached = {
  readonly config?: ResolvedConfig;
  readonly refusals?: readonly Refusal[];
  readonly faults?: SimulatedPlan["faults"];
  readonly reports?: readonly VerificationReport[];
  readonly passes?: PassesResult;
  readonly compiled?: CompiledRun;
};

const NO_GRAPH: PlannedGraph = { atoms: [], molecules: [], invariants: [] };

function planOf(input: SimulationInput, { config, refusals = [], faults = [], reports = [], passes = NO_PASSES, compiled }: Reached): SimulatedPlan {
  const { order, files } = input;
  const claims = plannedClaims(order);
  const graph = compiled === undefined ? NO_GRAPH : plannedGraph(compiled);
  const seed = compiled?.seed ?? null;
  const estimate = seed === null ? null : estimateOf(input, passes, graph, seed);
  const runs = config !== undefined && refusals.length === 0 && passes.question === null && passes.failure === null;
  return {
    format: "factory-plan",
    version: 1,
    outcome: outcomeOf(refusals, passes),
    order: {
      title: order.title,
      digest: digestOf(order),
      priority: order.priority,
      reviewMode: config?.reviewMode ?? null,
      budgetUsd: config?.budgetUsd ?? null,
      files: files.map(({ path }) => path),
      unknownSections: order.unknownSections.map(({ heading }) => heading),
    },
    refusals,
    faults,
    failure: passes.failure,
    claims,
    passes: passes.passes,
    candidates: passes.candidates,
    ...graph,
    gates: reports.map(gateOf),
    estimate,
    questions: [
      ...(passes.question === null ? [] : [passes.question]),
      ...(runs
        ? [
            ...approvalQuestion(order, config.reviewMode),
            ...(estimate === null ? [] : budgetQuestion(config.budgetUsd, estimate)),
            ...acceptanceQuestion(claims),
          ]
        : []),
    ],
    unknown: runs ? UNKNOWN : [],
  };
}

function outcomeOf(refusals: readonly Refusal[], { failure, question }: PassesResult): PlanOutcome {
  if (refusals.length > 0) return "refused";
  if (failure !== null) return "failed";
  return question === null ? "planned" : "needs-person";
}

function estimateOf(
  { models, planningMs }: SimulationInput,
  { asked }: PassesResult,
  { atoms }: PlannedGraph,
  seed: NonNullable<CompiledRun["seed"]>,
): SimulatedPlan["estimate"] {
  const directives = seed.beads.filter(({ outcome }) => !outcome).map(({ directive }) => directive);
  return estimatePlan({ questions: asked, atoms, directives, models, planningMs: planningMs?.() ?? null });
}

function refusalBy({ gate, remediation }: VerificationReport): Refusal {
  return { by: gate, code: "GATE_REFUSED", remediation };
}

/** A report without what it is about: ids of a simulation are nobody's. */
function gateOf({ gate, outcome, checked, notChecked, remediation }: VerificationReport): PlannedGate {
  return { gate, outcome, checked, notChecked, remediation };
}
