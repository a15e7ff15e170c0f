/**
 * Spend needs evidence of progress. An attempt that passes no further check, covers no further claim and leaves no fewer
 * failures has brought nothing; after two of them in a row the bead is stopped, although attempts are left.
 */
import { digestOf } from "@factory/schemas";
import type { BeadOutcome } from "@factory/schemas/rpc";
import type { CheckResult } from "@factory/verification";
import type { Bead } from "./store/bead-store.ts";
import type { RunContext } from "./context.ts";
import type { ProgressRow } from "./store/progress-store.ts";

/** Attempts in a row that change nothing, after which a bead is stopped. */
export const MAX_BARREN_ATTEMPTS = 2;
/** Checks a reason names. */
const MAX_NAMED = 5;

/** What an attempt has left to compare with. */
type Shown = Pick<ProgressRow, "passed" | "covered" | "failing" | "mark">;

/**
 * Notes what an attempt that was not good enough has shown. Only attempts that count come here: a fault of the surroundings
 * or a closed epoch says nothing of the work.
 *
 * @param results - of its checks; empty when it brought back nothing to check
 * @returns why the bead is to be stopped, or null when it may go on
 */
export function noteAttempt({ store }: RunContext, bead: Bead, outcome: BeadOutcome, results: readonly CheckResult[]): string | null {
  // The first attempt of a cycle has nothing before it: a re-opened bead begins anew.
  const known = bead.attempts === 0 ? null : store.progress.get(bead.beadId);
  const before = known?.cycle === bead.cycle ? known : null;
  const now = shownBy(outcome, results);
  const barren = isProgress(before, now) ? 0 : (before?.barren ?? 0) + 1;
  store.progress.keep(bead.beadId, {
    cycle: bead.cycle,
    passed: union(before?.passed, now.passed),
    covered: union(before?.covered, now.covered),
    failing: smallest(before?.failing ?? null, now.failing),
    mark: now.mark,
    barren,
  });
  return barren < MAX_BARREN_ATTEMPTS ? null : whyStopped(results, before?.mark === now.mark);
}

function shownBy({ result }: BeadOutcome, results: readonly CheckResult[]): Shown {
  const seen = results.filter(({ holdout }) => !holdout);
  const passed = seen.filter(({ ok }) => ok).map(({ key }) => key);
  const covered = seen.flatMap(({ ok, claimId }) => (ok && claimId !== undefined ? [claimId] : []));
  // Examples fail one by one: fewer of them is progress although the check as a whole fails.
  const failed = seen
    .filter(({ ok }) => !ok)
    .flatMap(({ key, failedLines }) => (failedLines.length === 0 ? [key] : failedLines.map((line) => `${key}:${line}`)));
  const changeSet = result.kind === "task" ? result.changeSet.map(({ path, digest }) => ({ path, digest })) : [];
  const mark = digestOf({ passed: passed.toSorted(), covered: union(covered, []).toSorted(), failed: failed.toSorted(), changeSet });
  return { passed, covered, failing: seen.length === 0 ? null : failed.length, mark };
}

function isProgress(before: Shown | null, now: Shown): boolean {
  const adds = (known: readonly string[] | undefined, found: readonly string[]): boolean => found.some((value) => known?.includes(value) !== true);
  if (adds(before?.passed, now.passed) || adds(before?.covered, now.covered)) return true;
  return before !== null && before.failing !== null && now.failing !== null && now.failing < before.failing;
}

/** What did not change, for people: the session's divergence shows it. */
function whyStopped(results: readonly CheckResult[], same: boolean): string {
  const failed = results.filter(({ ok, holdout }) => !ok && !holdout).map(({ label }) => label);
  const named = failed.length <= MAX_NAMED ? failed.join(", ") : `${failed.slice(0, MAX_NAMED).join(", ")} and ${failed.length - MAX_NAMED} more`;
  const failures = failed.length === 0 ? "no check passed and none was left to fail" : `no fewer failures (${named})`;
  const left = same ? "it left exactly what the attempt before it left" : "its change set differs and brought nothing";
  return `${MAX_BARREN_ATTEMPTS} attempts in a row made no progress: no further check passes, no further claim is covered, ${failures}; ${left}.`;
}

function union(known: readonly string[] | undefined, found: readonly string[]): string[] {
  return [...new Set([...(known ?? []), ...found])];
}

function smallest(known: number | null, found: number | null): number | null {
  return known === null || found === null ? (known ?? found) : Math.min(known, found);
}
