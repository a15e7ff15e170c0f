/**
 * The outcome bead and the run verdict: the coordinator checks the merged tree itself, hidden examples included, and
 * commits bead, molecule verdict and run verdict together. What diverges goes to the bead that wrote it.
 */
import { artifactNode } from "@factory/schemas";
import type { RunReport } from "@factory/schemas/rpc";
import { allPassed } from "@factory/verification";
import type { CheckResult } from "@factory/verification";
import type { RunContext } from "./context.ts";
import { uncheckedClaims } from "./check-plans.ts";
import { countTests, firingsOf, recordChecks, recordEnding, reportFidelity } from "./evidence.ts";
import { leaseBead } from "./leases.ts";
import { COORDINATOR_SLOT } from "./store/bead-store.ts";
import type { Bead } from "./store/bead-store.ts";
import type { Run } from "./store/run-store.ts";
import { faultBead } from "./settling.ts";
import { attemptOf, moveBead } from "./transitions.ts";
import type { RunCheck } from "./verification.ts";

/**
 * The outcome bead that is to be worked on now, leased to the coordinator; null when there is none. While a divergence
 * waits for its amendment the tree is known not to be the last one, so no verdict is taken on it.
 */
export function takeOutcomeBead(context: RunContext, run: Run): Bead | null {
  if (run.status !== "open" || context.store.divergences.anyOpen()) return null;
  const bead = context.store.beads.outcomeBead(context.now());
  if (bead === null || bead.state === "LEASED") return bead;
  return leaseBead(context, run, bead, COORDINATOR_SLOT);
}

/** Commits what the checks of the merged tree found, unless the bead's epoch was closed meanwhile. */
export function settleRun(context: RunContext, run: Run, beadId: string, epoch: number, check: RunCheck): void {
  const bead = context.store.beads.get(beadId);
  if (bead === null || bead.state !== "LEASED" || bead.epoch !== epoch) return;
  if (check.kind === "infrastructure") {
    faultBead(context, run, bead, { code: "UNAVAILABLE", message: `The checks of the run could not be run: ${check.message}` }, null);
    return;
  }
  if (!allPassed(check.results)) failOutcome(context, run, bead, check);
  else passOutcome(context, run, bead, check);
}

type Checked = Extract<RunCheck, { kind: "checked" }>;

function passOutcome(context: RunContext, run: Run, bead: Bead, checked: Checked): void {
  const { results, holdouts, unexercised, checkMs, treeDigest } = checked;
  const checks = recordChecks(context, run, bead, treeDigest, [...results, ...holdouts]);
  const { traceId } = recordEnding(context, run, bead, {
    outcome: "SUCCESS",
    exhausted: false,
    summary: "Every visible check holds on the merged tree.",
    blockers: [],
    checks: checks.filter(({ holdout }) => !holdout),
    firings: [],
    reported: null,
    fromOutcomeBead: true,
  });
  reportFidelity(context, run, bead, traceId, { results: [...results, ...holdouts], unexercised, checkMs });
  moveBead(context, run, bead, "DONE", { reason: "The molecule's checks passed on the merged tree." }, { faults: 0 });
  const failedClaims = holdouts.filter(({ ok }) => !ok);
  if (failedClaims.length > 0) divergeFrom(context, run, bead, treeDigest, failedClaims, "FAILURE");
  // Another molecule is still at work: the run verdict is taken by the one that ends last.
  else if (nothingIsLeft(context)) acceptRun(context, run, bead, checked);
}

/** In a run that goes on a bead is cancelled only when others have taken its place, and these are counted themselves. */
function nothingIsLeft({ store }: RunContext): boolean {
  return Object.keys(store.beads.stateCounts()).every((state) => state === "DONE" || state === "CANCELLED");
}

function failOutcome(context: RunContext, run: Run, bead: Bead, { results, unexercised, checkMs, treeDigest }: Checked): void {
  const failed = results.filter(({ ok }) => !ok);
  recordChecks(context, run, bead, treeDigest, results);
  const traceId = divergeFrom(context, run, bead, treeDigest, failed, "EXHAUSTED");
  reportFidelity(context, run, bead, traceId, { results, unexercised, checkMs });
  moveBead(
    context,
    run,
    bead,
    "FAILED",
    {
      reason: `${failed.length} of ${results.length} checks failed on the merged tree: ${failed.map(({ label }) => label).join(", ")}.`,
      errorCode: "GATE_REFUSED",
    },
    { attempts: bead.attempts + 1 },
  );
}

/** One ending for each bead whose result is at fault; answers the last trace. */
function divergeFrom(
  context: RunContext,
  run: Run,
  outcomeBead: Bead,
  treeDigest: string,
  failed: readonly CheckResult[],
  kind: "FAILURE" | "EXHAUSTED",
): string {
  let traceId = "";
  for (const [ownerId, results] of byOwner(context, outcomeBead, failed)) {
    const owner = context.store.beads.get(ownerId) ?? outcomeBead;
    const checks = recordChecks(context, run, owner, treeDigest, results);
    ({ traceId } = recordEnding(context, run, owner, {
      outcome: "FAILURE",
      exhausted: kind === "EXHAUSTED",
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

/** Failed results by the bead that can mend them: the writer of the file they name, else the first bead for their claim. */
function byOwner({ store }: RunContext, outcomeBead: Bead, failed: readonly CheckResult[]): Map<string, CheckResult[]> {
  const writers = new Map(store.tree.changedFiles().map(({ path, beadId }) => [path, beadId]));
  const units = store.beads.all().filter(({ outcome, state }) => !outcome && state === "DONE");
  const owners = new Map<string, CheckResult[]>();
  for (const result of failed) {
    const file = /^([^\s:]+):\d+/.exec(result.problems[0] ?? "")?.[1];
    const writer = file === undefined || result.kind === "tests" || result.kind === "examples" ? undefined : writers.get(file);
    const forClaim =
      units.find(({ directive }) => result.claimId !== undefined && directive.claimRefs[0] === result.claimId) ??
      units.find(({ directive }) => result.claimId !== undefined && directive.claimRefs.includes(result.claimId));
    const owner = writer ?? forClaim?.beadId ?? units.at(-1)?.beadId ?? outcomeBead.beadId;
    owners.set(owner, [...(owners.get(owner) ?? []), result]);
  }
  return owners;
}

function acceptRun(context: RunContext, run: Run, bead: Bead, { results, holdouts, treeDigest }: Checked): void {
  const { store, ledger } = context;
  const claims = store.claims.all();
  const checks = countTests(results);
  const hidden = countTests(holdouts);
  const absentClaims = claims.filter(({ kind, holdout }) => kind === "criterion" && holdout.length === 0).map(({ claimId }) => claimId);
  const unchecked = uncheckedClaims(claims, store.claims.invariants(), results);
  const counts = { checks, holdouts: { ...hidden, absentClaims }, uncheckedClaims: unchecked };
  const molecule = artifactNode(
    "MV",
    "MoleculeVerdict",
    run.org,
    { moleculeId: bead.moleculeId, outcome: "passed", treeDigest, cycle: bead.cycle, attempt: attemptOf(bead) },
    [bead.directive.directiveId],
  );
  const verdict = artifactNode("RV", "RunVerdict", run.org, { runId: run.runId, outcome: "accepted", treeDigest, ...counts }, [
    run.specificationId,
    molecule.id,
  ]);
  ledger.artifacts(
    run.runId,
    [molecule, verdict],
    [
      { source: molecule.id, rel: "source_ref", target: bead.directive.directiveId },
      { source: verdict.id, rel: "source_ref", target: molecule.id },
      { source: verdict.id, rel: "source_ref", target: run.specificationId },
    ],
  );
  store.setStatus("accepted");
  const report: RunReport = {
    outcome: "accepted",
    runVerdictId: verdict.id,
    tree: store.tree.all(),
    beads: { done: store.beads.stateCounts().DONE ?? 0, failed: 0 },
    ...counts,
    reason: `${checks.passed} checks and ${hidden.passed} hidden examples passed on the merged tree.`,
  };
  ledger.report(`run:${verdict.id}`, report);
}
