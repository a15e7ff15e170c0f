/** What the next attempt at a bead is told: bounded lines, never a hidden value. */
import type { CheckResult } from "@factory/verification";
import { summaryOf } from "./evidence.ts";

/** Lines of feedback an operative is given, and code units of each. */
const MAX_FEEDBACK = 24;
const MAX_FEEDBACK_CHARS = 800;

/** Why a change set is not merged that a peer's has overtaken. */
export const CONFLICT = "The change set does not fit the run tree any more.";

/** One sentence on checks that did not all pass. */
export function failureText(results: readonly CheckResult[]): string {
  const failed = results.filter(({ ok }) => !ok);
  return results.length === 0
    ? "No check was executed."
    : `${failed.length} of ${results.length} required checks failed: ${failed.map(({ label }) => label).join(", ")}.`;
}

/** What the next attempt reads. Hidden examples are in no bead's checks; a result of one would still be left out. */
export function feedbackOf(results: readonly CheckResult[]): string[] {
  const failed = results.filter(({ ok, holdout }) => !ok && !holdout);
  const lines: string[] = [];
  for (const result of failed) {
    lines.push(summaryOf(result));
    for (const problem of result.problems.slice(1)) lines.push(`${result.label}: ${problem}`);
  }
  return lines;
}

/** The lines cut to what a prompt has room for. */
export function boundedFeedback(lines: readonly string[]): string[] {
  const shown = lines.slice(0, MAX_FEEDBACK).map((line) => (line.length <= MAX_FEEDBACK_CHARS ? line : `${line.slice(0, MAX_FEEDBACK_CHARS)} [cut]`));
  return lines.length <= MAX_FEEDBACK ? shown : [...shown, `and ${lines.length - MAX_FEEDBACK} more`];
}
