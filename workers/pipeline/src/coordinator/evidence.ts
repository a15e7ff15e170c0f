/** What a verdict leaves behind: check ids, verification reports, traces and divergences, as rows of the ledger. */
import { artifactNode, contentId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { BeadOutcome, DivergenceReport } from "@factory/schemas/rpc";
import { planOutcome } from "@factory/loop-closure";
import type { DetectorFiring, Outcome, OutcomeCheck } from "@factory/loop-closure";
import type { CheckPlan, CheckResult } from "@factory/verification";
import type { RunContext } from "./context.ts";
import type { Bead, Run } from "./run-store.ts";
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
    const check = { checkId, kind, ok, holdout, reportDigest, summary: summaryOf(result), ...(claimId === undefined ? {} : { claimId }) };
    store.insertCheck({ ...check, beadId: bead.beadId, treeDigest });
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
};

/**
 * BP3: trace, divergences and outcome bead of one execution. Every divergence is an event; the first goes to the session,
 * which amends one claim of a bead at a time, since the re-run shows whether the others remain.
 */
export function recordEnding(context: RunContext, run: Run, bead: Bead, ending: Ending): { readonly traceId: string; readonly diverged: boolean } {
  const { store, ledger, now } = context;
  const { reported, fromOutcomeBead, ...found } = ending;
  const plan = planOutcome({
    org: run.org,
    specificationId: run.specificationId,
    beadId: bead.beadId,
    atomId: bead.atomId,
    directiveId: bead.directive.directiveId,
    executionId: reported?.executionId ?? null,
    executionBeadId: reported?.executionBeadId ?? null,
    claimRefs: bead.directive.claimRefs,
    affectedBeadIds: store.withDependants([bead.beadId]),
    ...found,
    outcomeBead: fromOutcomeBead,
    attempt: attemptOf(bead),
    cycle: store.amendmentCycles(bead.beadId),
    epoch: bead.epoch,
    toolCalls: reported?.toolCalls ?? 0,
    durationMs: reported?.durationMs ?? 0,
    consentDigest: reported?.consentDigest ?? "",
    hidden: Object.fromEntries(store.claims().map(({ claimId, holdout }) => [claimId, holdout.length])),
    now: now(),
  });
  const execution = reported === null ? null : executionOf(run, bead, reported);
  for (const write of plan.writes) {
    if (write.kind === "bead") ledger.knowingState(write.bead);
    else if (execution === null) ledger.artifacts(run.runId, write.nodes, write.edges);
    else ledger.artifacts(run.runId, [execution.node, ...write.nodes], [...execution.edges, ...write.edges]);
  }
  reportDivergences(context, run, plan.divergences);
  return { traceId: plan.traceId, diverged: plan.divergences.length > 0 };
}

function executionOf(run: Run, bead: Bead, reported: BeadOutcome): { readonly node: ArtifactNode; readonly edges: readonly ArtifactEdge[] } {
  const { directiveId } = bead.directive;
  const { executionId, knowingStateId, headsDigest, consentDigest, executionBeadId } = reported;
  const data = {
    beadId: bead.beadId,
    runId: run.runId,
    role: bead.role,
    attempt: attemptOf(bead),
    cycle: bead.cycle,
    epoch: reported.epoch,
    knowingStateId,
    headsDigest,
    consentDigest,
    executionBeadId,
  };
  return {
    node: { id: executionId, type: "Execution", data, parents: [directiveId] },
    edges: [
      { source: executionId, rel: "instantiates", target: directiveId },
      { source: executionId, rel: "governed_by", target: run.specificationId },
    ],
  };
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
  store.openDivergence(first.divergenceId, first.beadId);
  ledger.report(`run:${first.divergenceId}`, { outcome: "diverged", divergence: first });
}

/** What the fidelity gate looked at. */
type Judged = {
  readonly results: readonly CheckResult[];
  readonly unexercised: CheckPlan["unexercised"];
  /** What the checks took, the operative's own runs of them included, in milliseconds. */
  readonly checkMs: number;
};

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
      checked: results.map((result) => ({ check: result.label, outcome: result.ok ? "PASS" : "FAIL", detail: summaryOf(result) })),
      notChecked: unexercised.map(({ invariantId, reason }) => ({ check: invariantId, reason })),
      remediation: failed.flatMap(({ problems }) => problems.slice(0, 1)),
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
