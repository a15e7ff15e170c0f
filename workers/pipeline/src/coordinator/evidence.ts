/** What a verdict leaves behind: check ids, verification reports, traces and divergences, as rows of the ledger. */
import { planBeadOutcome } from "@factory/factory-graph";
import type { DetectorFiring, Outcome, OutcomeCheck } from "@factory/factory-graph";
import { agentIdOf } from "@factory/gears";
import { agentNode } from "@factory/loop-closure";
import { artifactNode, contentId } from "@factory/schemas";
import type { Tree } from "@factory/schemas";
import type { BeadOutcome, DivergenceReport } from "@factory/schemas/rpc";
import type { CheckPlan, CheckResult } from "@factory/verification";
import type { RunContext } from "./context.ts";
import { BoundedMemo } from "./report-memo.ts";
import type { Bead } from "./store/bead-store.ts";
import type { Run } from "./store/run-store.ts";
import { attemptOf } from "./transitions.ts";

/** Tests that passed and failed over several results. */
export function countTests(results: readonly CheckResult[]): { readonly passed: number; readonly failed: number } {
  return results.reduce((sum, { passed, failed }) => ({ passed: sum.passed + passed, failed: sum.failed + failed }), { passed: 0, failed: 0 });
}

/** One line on a result: of a hidden example no more than its line. */
export function summaryOf({ label, ok, passed, failed, problems }: CheckResult): string {
  return ok ? `${label}: ${passed} passed` : `${label}: ${failed} failed, ${passed} passed; ${problems[0] ?? "no detail"}`;
}

/** Results as the record and the trace keep them. */
export function recordChecks({ store }: RunContext, run: Run, bead: Bead, treeDigest: string, results: readonly CheckResult[]): OutcomeCheck[] {
  return results.map((result) => {
    const { key, kind, ok, holdout, reportDigest, claimId, failedLines } = result;
    const checkId = contentId("CHK", { kind: "Check", org: run.org, content: { key, kind, ok, reportDigest, treeDigest }, parents: [bead.beadId] });
    const check = { checkId, kind, ok, holdout, reportDigest, summary: summaryOf(result), command: key, ...(claimId === undefined ? {} : { claimId }) };
    store.outcomes.insertCheck({ ...check, beadId: bead.beadId, treeDigest });
    return { ...check, ...(failedLines.length === 0 ? {} : { failedLines }) };
  });
}

/** Detectors that fired. */
export function firingsOf(results: readonly CheckResult[]): DetectorFiring[] {
  return results.flatMap(({ ok, invariantId, claimId, problems, label }) =>
    ok || invariantId === undefined || claimId === undefined ? [] : [{ invariantId, claimId, message: problems[0] ?? label }],
  );
}

/** What happened to one execution of a bead, for BP3. */
export type Ending = {
  readonly outcome: Outcome;
  /** True when no attempt is left. */
  readonly exhausted: boolean;
  readonly summary: string;
  readonly blockers: readonly string[];
  readonly checks: readonly OutcomeCheck[];
  readonly firings: readonly DetectorFiring[];
  /** The operative's report; null when the coordinator ran the checks itself or nothing came back. */
  readonly reported: BeadOutcome | null;
  /** True when the finding comes from the molecule's outcome bead or the run verdict. */
  readonly fromOutcomeBead: boolean;
  /** True when every molecule has passed and the whole has not. */
  readonly runVerdict?: boolean;
  /** The tree that was judged, where it is not the run's: with the change set that was found wanting. */
  readonly judgedTree?: () => Tree;
  /** Paths of its change set that the directive does not allow. */
  readonly scopeViolations?: readonly string[];
  /** Why a person said no. */
  readonly rejection?: string;
};

/** An ending that the checks said nothing of. */
export function endingOf(outcome: Outcome, exhausted: boolean, summary: string, reported: BeadOutcome | null): Ending {
  return { outcome, exhausted, summary, blockers: [], checks: [], firings: [], reported, fromOutcomeBead: false };
}

/**
 * BP3: trace, divergences and outcome bead of one execution. Every divergence is an event; the first goes to the session,
 * which amends one claim of a bead at a time, since the re-run shows whether the others remain.
 */
export function recordEnding(context: RunContext, run: Run, bead: Bead, ending: Ending): { readonly traceId: string; readonly diverged: boolean } {
  const { store, ledger, now } = context;
  const { reported, fromOutcomeBead, judgedTree, ...found } = ending;
  // Without its execution bead an operative has not begun, and there is no execution to record anything under.
  const executed = reported?.executionBeadId === undefined || reported.executionBeadId === null ? null : reported;
  const executedUnder = store.molecules.amendmentOf(bead.beadId);
  const plan = planBeadOutcome({
    org: run.org,
    specificationId: run.specificationId,
    beadId: bead.beadId,
    atomId: bead.atomId,
    role: bead.role,
    directiveId: bead.directive.directiveId,
    executionId: executed?.executionId ?? null,
    executionBeadId: executed?.executionBeadId ?? null,
    claimRefs: bead.directive.claimRefs,
    ...found,
    outcomeBead: fromOutcomeBead,
    attempt: attemptOf(bead),
    cycle: store.divergences.cyclesOf(bead.beadId),
    executedUnder,
    epoch: reported?.epoch ?? bead.epoch,
    toolCalls: reported?.toolCalls ?? 0,
    durationMs: reported?.durationMs ?? 0,
    consentDigest: reported?.consentDigest ?? "",
    consentDenials: reported?.consentDenials ?? [],
    // Read when there is a divergence to report them with: most endings have none, and these cost what the run is large.
    get affectedBeadIds() {
      const affected = store.graph.seededFor(store.beads.withDependants([bead.beadId]));
      // Nobody compiled a bead that was added beside the seed: it is named itself, so that a person is asked about it.
      return store.graph.seededFor([bead.beadId]).length > 0 ? affected : [bead.beadId, ...affected];
    },
    get hidden() {
      return Object.fromEntries(store.claims.all().map(({ claimId, holdout }) => [claimId, holdout.length]));
    },
    get failedTree() {
      return judgedTree === undefined ? store.tree.all() : judgedTree();
    },
    now: now(),
  });
  for (const write of plan.writes) {
    if (write.kind === "bead") ledger.knowingState(write.bead);
    else ledger.artifacts(run.runId, write.nodes, write.edges);
  }
  if (executedUnder !== null && found.outcome === "SUCCESS") store.molecules.keepExecution(bead.beadId, plan.traceId);
  reportDivergences(context, run, plan.divergences);
  return { traceId: plan.traceId, diverged: plan.divergences.length > 0 };
}

/**
 * Tells of what an operative did and of what it wrote to the artifact graph before it began. Calls and denials are facts
 * whatever becomes of the outcome; a run that is over tells nothing more.
 */
export function reportExecution(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome): void {
  const { store, ledger } = context;
  store.countModelCalls(outcome.modelCalls);
  if (run.status !== "open") return;
  if (outcome.executionBeadId !== null) reportBegun(context, run, bead, outcome);
  for (const call of outcome.modelCalls) ledger.event(run.runId, "MODEL_CALLED", call);
  for (const denial of outcome.consentDenials) ledger.event(run.runId, "CONSENT_BEAD_DENIED", denial);
}

/** Not persisted: nodes of agents, whose ids follow from content. */
const AGENTS = new BoundedMemo<ReturnType<typeof agentNode>>(64);

function agentOfRole(org: string, role: Bead["role"]): ReturnType<typeof agentNode> {
  const key = `${org}:${role}`;
  const known = AGENTS.get(key);
  if (known !== undefined) return known;
  const made = agentNode(org, { role, agentId: agentIdOf(role) });
  AGENTS.set(key, made);
  return made;
}

/** BP2 has written the nodes: here they are told of, with what the coordinator knows of them, and each once. */
function reportBegun({ store, ledger }: RunContext, run: Run, bead: Bead, outcome: BeadOutcome): void {
  const { executionId, executionBeadId, knowingStateId, headsDigest, autonomy, epoch } = outcome;
  const { role, beadId } = bead;
  const agent = agentOfRole(run.org, role);
  const governing = { role, subjectId: agentIdOf(role), headsDigest, autonomy };
  const told = (artifactId: string, artifactType: string, metadata: { readonly [key: string]: string | number | null }): void => {
    const key = `told:${artifactId}`;
    if (store.wasDone(key)) return;
    store.markDone(key);
    ledger.reportWritten(run.runId, { artifactId, artifactType, metadata, edges: [] });
  };
  told(agent.id, agent.type, { role, agentId: agentIdOf(role) });
  told(knowingStateId, "KnowingState", governing);
  // In canonical order throughout, in which no key has to be moved for the log.
  ledger.reportWritten(run.runId, {
    artifactId: executionId,
    artifactType: "Execution",
    edges: [
      { rel: "created_by", source: executionId, target: agent.id },
      { rel: "source_ref", source: executionId, target: knowingStateId },
      // Under a later epoch the bead may have a successor directive, which is not the one that was carried out.
      ...(epoch === bead.epoch ? [{ rel: "instantiates", source: executionId, target: bead.directive.directiveId }] : []),
    ],
    metadata: { agentId: agentIdOf(role), autonomy, beadId, cycle: bead.cycle, epoch, executionBeadId, headsDigest, knowingStateId, role, runId: run.runId },
  });
}

function reportDivergences({ store, ledger }: RunContext, run: Run, divergences: readonly DivergenceReport[]): void {
  for (const { divergenceId, divergenceType, beadId, atomId, claimId, observed, expected } of divergences) {
    ledger.event(run.runId, "DIVERGENCE_DETECTED", {
      divergenceId,
      divergenceType,
      beadId,
      atomId,
      claimRefs: [claimId],
      observed,
      expected,
      reason: `${claimId}: ${observed}`,
    });
  }
  const [first] = divergences;
  if (first === undefined) return;
  store.divergences.open(first.divergenceId, first.beadId);
  ledger.report(`run:${first.divergenceId}`, { outcome: "diverged", divergence: first });
}

/** What the fidelity gate looked at. */
type Judged = {
  readonly results: readonly CheckResult[];
  readonly unexercised: CheckPlan["unexercised"];
  /** What the checks took, the operative's own runs of them included, in milliseconds. */
  readonly checkMs: number;
};

/** How many of the required checks passed; all have to, and there has to be one. */
function passRate(results: readonly CheckResult[]): { readonly check: string; readonly outcome: "PASS" | "FAIL"; readonly detail: string } {
  const passed = results.filter(({ ok }) => ok).length;
  const rate = results.length === 0 ? "no rate" : `${Math.floor((1_000 * passed) / results.length) / 10} %`;
  return {
    check: "required pass rate",
    outcome: results.length > 0 && passed === results.length ? "PASS" : "FAIL",
    detail: `${passed} of ${results.length} required checks passed (${rate}); 100 % is required`,
  };
}

/** Writes the report of the fidelity gate on a bead and tells of it. */
export function reportFidelity(context: RunContext, run: Run, bead: Bead, traceId: string, { results, unexercised, checkMs }: Judged): void {
  const failed = results.filter(({ ok }) => !ok);
  const outcome = results.length > 0 && failed.length === 0 ? "PASS" : "FAIL";
  const node = artifactNode(
    "VR",
    "VerificationReport",
    run.org,
    {
      gate: "fidelity",
      outcome,
      subjectId: bead.beadId,
      checked: [...results.map((result) => ({ check: result.label, outcome: result.ok ? "PASS" : "FAIL", detail: summaryOf(result) })), passRate(results)],
      notChecked: unexercised.map(({ invariantId, claimId, reason }) => ({ check: invariantId, reason: `${claimId}: ${reason}` })),
      remediation: [
        ...(results.length > 0 ? [] : ["No check was executed. Give the claims examples or tests."]),
        ...failed.map(({ label, problems }) => `${label}: ${problems[0] ?? "it failed without a word"}`),
      ],
    },
    [bead.directive.directiveId, traceId],
  );
  context.ledger.artifacts(run.runId, [node], [{ source: bead.directive.directiveId, rel: "gate_result", target: node.id }]);
  const shown = countTests(results.filter(({ holdout }) => !holdout));
  const hidden = countTests(results.filter(({ holdout }) => holdout));
  const total = shown.passed + shown.failed + hidden.passed + hidden.failed;
  context.ledger.event(run.runId, "VERIFICATION_PRODUCED", {
    verificationId: node.id,
    verificationType: "FIDELITY",
    outcome,
    ...(total === 0 ? {} : { score: (shown.passed + hidden.passed) / total }),
    subjectId: bead.beadId,
    summary:
      failed.length === 0
        ? `${results.length} checks passed`
        : `${failed.length} of ${results.length} checks failed: ${failed.map(({ label }) => label).join(", ")}`,
    failedCriteria: [...new Set(failed.map(({ claimId, label }) => claimId ?? label))],
    checksPassed: shown.passed,
    checksFailed: shown.failed,
    ...(hidden.passed + hidden.failed === 0 ? {} : { holdoutsPassed: hidden.passed, holdoutsFailed: hidden.failed }),
    details: { checkMs },
  });
}
