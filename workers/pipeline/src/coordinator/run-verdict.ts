/**
 * Verdicts of outcome beads. What the coordinator's own checks found of a molecule or of the run is committed in one
 * transaction: bead, molecule verdict and, of the run, the run verdict over all of them. What diverges goes to the beads
 * that can mend it, or, where every molecule had passed, to the run's own outcome bead.
 */
import { artifactNode } from "@factory/schemas";
import type { ArtifactNode } from "@factory/schemas";
import type { MoleculeVerdictRef, RunReport } from "@factory/schemas/rpc";
import type { OutcomeCheck } from "@factory/factory-graph";
import { allPassed } from "@factory/verification";
import type { CheckResult } from "@factory/verification";
import type { RunContext } from "./context.ts";
import { uncheckedClaims } from "./check-plans.ts";
import { countTests, firingsOf, recordChecks, recordEnding, reportFidelity } from "./evidence.ts";
import { faultsOf, holdoutOwners } from "./outcome-faults.ts";
import type { Bead } from "./store/bead-store.ts";
import type { Run } from "./store/run-store.ts";
import { faultBead } from "./settling.ts";
import { attemptOf, moveBead } from "./transitions.ts";
import type { RunCheck } from "./verification.ts";

/** Commits what the checks of an outcome bead found, unless its epoch was closed meanwhile. */
export function settleOutcomeBead(context: RunContext, run: Run, { beadId, epoch }: Pick<Bead, "beadId" | "epoch">, check: RunCheck): void {
  const bead = context.store.beads.get(beadId);
  if (bead === null || bead.state !== "LEASED" || bead.epoch !== epoch) return;
  if (check.kind === "infrastructure") {
    faultBead(context, run, bead, { code: "UNAVAILABLE", message: `The checks of the outcome could not be run: ${check.message}` }, null);
    return;
  }
  const judged: Judged = { bead, judgesRun: context.store.molecules.isTerminal(beadId), checked: check };
  if (judged.judgesRun) keepFirstVerdict(context, judged);
  if (allPassed(check.results)) passOutcome(context, run, judged);
  else failOutcome(context, run, judged);
}

type Checked = Extract<RunCheck, { kind: "checked" }>;

/** An outcome bead with what was found. */
type Judged = { readonly bead: Bead; readonly judgesRun: boolean; readonly checked: Checked };

function passOutcome(context: RunContext, run: Run, judged: Judged): void {
  const { bead, judgesRun, checked } = judged;
  const { results, holdouts, unexercised, checkMs, treeDigest } = checked;
  const checks = recordChecks(context, run, bead, treeDigest, [...results, ...holdouts]);
  const where = judgesRun ? "on the merged tree" : "on the tree as it is";
  const { traceId } = recordEnding(context, run, bead, {
    outcome: "SUCCESS",
    exhausted: false,
    summary: `Every visible check holds ${where}.`,
    blockers: [],
    checks: checks.filter(({ holdout }) => !holdout),
    firings: [],
    reported: null,
    fromOutcomeBead: true,
  });
  reportFidelity(context, run, bead, traceId, { results: [...results, ...holdouts], unexercised, checkMs });
  writeMoleculeVerdict(context, run, judged, "passed", traceId);
  moveBead(context, run, bead, "DONE", { reason: `The molecule's checks passed ${where}.` }, { faults: 0 });
  if (!judgesRun) return;
  const failedHidden = holdouts.filter(({ ok }) => !ok);
  if (failedHidden.length > 0) {
    writeRunVerdict(context, run, judged, "failed");
    divergeFrom(context, run, treeDigest, holdoutOwners(context, bead, failedHidden), false);
  } else if (nothingIsLeft(context)) acceptRun(context, run, judged);
}

/** In a run that goes on a bead is cancelled only when others have taken its place, and these are counted themselves. */
function nothingIsLeft({ store }: RunContext): boolean {
  return Object.keys(store.beads.stateCounts()).every((state) => state === "DONE" || state === "CANCELLED");
}

function failOutcome(context: RunContext, run: Run, judged: Judged): void {
  const { bead, judgesRun, checked } = judged;
  const { results, unexercised, checkMs, treeDigest } = checked;
  const failed = results.filter(({ ok }) => !ok);
  const checks = recordChecks(context, run, bead, treeDigest, results);
  const faults = faultsOf(context, bead, judgesRun, failed);
  // Where a bead is at fault it is mended first: the re-run shows whether anything of the whole remains.
  const traceId = faults.beads.size > 0 ? divergeFrom(context, run, treeDigest, faults.beads, true) : divergeAsRun(context, run, bead, results, checks);
  reportFidelity(context, run, bead, traceId, { results, unexercised, checkMs });
  writeMoleculeVerdict(context, run, judged, "failed", traceId);
  if (judgesRun) writeRunVerdict(context, run, judged, "failed");
  const where = judgesRun ? "on the merged tree" : "on the tree as it is";
  moveBead(
    context,
    run,
    bead,
    "FAILED",
    { reason: `${failed.length} of ${results.length} checks failed ${where}: ${failed.map(({ label }) => label).join(", ")}.`, errorCode: "GATE_REFUSED" },
    { attempts: bead.attempts + 1 },
  );
}

/** One ending for each bead whose result is at fault; answers the last trace. */
function divergeFrom(context: RunContext, run: Run, treeDigest: string, owners: ReadonlyMap<string, readonly CheckResult[]>, exhausted: boolean): string {
  let traceId = "";
  for (const [ownerId, results] of owners) {
    const owner = context.store.beads.get(ownerId);
    if (owner === null) throw new Error(`${ownerId} is at fault and is not in the run.`);
    const checks = recordChecks(context, run, owner, treeDigest, results);
    ({ traceId } = recordEnding(context, run, owner, {
      outcome: "FAILURE",
      exhausted,
      summary: "The merged tree does not hold what the claim asks for.",
      blockers: [],
      checks,
      firings: firingsOf(results),
      reported: null,
      fromOutcomeBead: true,
    }));
  }
  return traceId;
}

/** No bead is at fault alone: the outcome bead itself diverges, with everything that was checked as the evidence. */
function divergeAsRun(context: RunContext, run: Run, bead: Bead, results: readonly CheckResult[], checks: readonly OutcomeCheck[]): string {
  const failed = results.filter(({ ok }) => !ok);
  return recordEnding(context, run, bead, {
    outcome: "FAILURE",
    exhausted: true,
    summary: `Every molecule has passed and the whole has not: ${failed.map(({ label }) => label).join(", ")}.`,
    blockers: [],
    checks,
    firings: firingsOf(results),
    reported: null,
    fromOutcomeBead: true,
    runVerdict: true,
  }).traceId;
}

/** The verdict on one molecule, passed or failed: one an outcome bead and cycle. */
function writeMoleculeVerdict(context: RunContext, run: Run, judged: Judged, outcome: MoleculeVerdictRef["outcome"], traceId: string): void {
  const { bead, judgesRun, checked } = judged;
  const { results, treeDigest } = checked;
  const failed = results.filter(({ ok }) => !ok);
  const { moleculeId, cycle, directive } = bead;
  const node = artifactNode(
    "MV",
    "MoleculeVerdict",
    run.org,
    {
      moleculeId,
      runId: run.runId,
      outcome,
      terminal: judgesRun,
      claimRefs: directive.claimRefs,
      reasoning: failed.length === 0 ? `${results.length} checks passed.` : `Failed: ${failed.map(({ label }) => label).join(", ")}.`,
      treeDigest,
      cycle,
      attempt: attemptOf(bead),
    },
    [directive.directiveId, traceId],
  );
  context.store.molecules.keepVerdict({ beadId: bead.beadId, cycle, verdictId: node.id, outcome });
  context.ledger.artifacts(
    run.runId,
    [node],
    [
      { source: node.id, rel: "source_ref", target: directive.directiveId },
      { source: node.id, rel: "source_ref", target: traceId },
    ],
  );
}

/** The counts of a run verdict, as its node and the report have them. */
type RunCounts = Pick<Extract<RunReport, { outcome: "accepted" | "failed" }>, "checks" | "holdouts" | "holdoutsByClaim" | "uncheckedClaims">;

function countsOf({ store }: RunContext, { results, holdouts }: Checked): RunCounts {
  const claims = store.claims.all();
  const absentClaims = claims.filter(({ kind, holdout }) => kind === "criterion" && holdout.length === 0).map(({ claimId }) => claimId);
  return {
    checks: countTests(results),
    holdouts: { ...countTests(holdouts), absentClaims },
    holdoutsByClaim: holdouts.flatMap(({ claimId, passed, failed }) => (claimId === undefined ? [] : [{ claimId, passed, failed }])),
    uncheckedClaims: uncheckedClaims(claims, store.claims.invariants(), results),
  };
}

function writeRunVerdict(
  context: RunContext,
  run: Run,
  { bead, checked }: Judged,
  outcome: "accepted" | "failed",
): { readonly node: ArtifactNode; readonly counts: RunCounts } {
  const counts = countsOf(context, checked);
  const molecules = context.store.molecules.verdicts().flatMap(({ verdict }) => verdict?.verdictId ?? []);
  const data = { runId: run.runId, outcome, treeDigest: checked.treeDigest, cycle: bead.cycle, ...counts };
  const node = artifactNode("RV", "RunVerdict", run.org, data, [run.specificationId, ...molecules]);
  const refs = [...molecules, run.specificationId].map((target) => ({ source: node.id, rel: "source_ref", target }));
  context.ledger.artifacts(run.runId, [node], refs);
  return { node, counts };
}

/** Notes what was counted, whether or not it ends the run: hidden examples are run for the first time once. */
function keepFirstVerdict(context: RunContext, { bead, checked }: Judged): void {
  const { checks, holdouts, holdoutsByClaim } = countsOf(context, checked);
  context.store.firstVerdict.keep({ cycle: bead.cycle, checks, holdouts: { passed: holdouts.passed, failed: holdouts.failed }, holdoutsByClaim });
}

function acceptRun(context: RunContext, run: Run, judged: Judged): void {
  const { store, ledger } = context;
  const { node, counts } = writeRunVerdict(context, run, judged, "accepted");
  const firstVerdict = store.firstVerdict.get();
  store.setStatus("accepted");
  const report: RunReport = {
    outcome: "accepted",
    runVerdictId: node.id,
    tree: store.tree.all(),
    beads: { done: store.beads.stateCounts().DONE ?? 0, failed: 0 },
    ...counts,
    ...(firstVerdict === null ? {} : { firstVerdict }),
    moleculeVerdicts: store.molecules.verdicts().flatMap(({ verdict }) => verdict ?? []),
    amendedExecutions: store.molecules.amendedExecutions(),
    reason: `${counts.checks.passed} checks and ${counts.holdouts.passed} hidden examples passed on the merged tree.`,
  };
  ledger.report(`run:${node.id}`, report);
}
