/** What a check of `verify` came to, by its exit code. */
import { NOT_CHECKED } from "./run.ts";

/** A check that asks somebody who may not be there can be neither passed nor failed. */
export type Verdict = "passed" | "failed" | "not checked";

/** @param mayBeUnchecked - only such a check can be "not checked": for every other one, not to know is to fail */
export function verdictOf(code: number, mayBeUnchecked = false): Verdict {
  if (code === 0) return "passed";
  return code === NOT_CHECKED && mayBeUnchecked ? "not checked" : "failed";
}

/** The last line of a run: what could not be checked is in it, and counts as neither. */
export function tallyLine({ passed, failed, skipped }: { readonly passed: number; readonly failed: number; readonly skipped: number }): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}
