/** The order of everything that waits in this Worker: how long it has waited, and what its priority is worth. */
import type { Priority } from "@factory/schemas";

/** What a step of priority is worth, in milliseconds of waiting. */
export const PRIORITY_STEP_MS = 60_000;

const STEPS: Readonly<Record<Priority, number>> = { low: 0, normal: 1, high: 2, urgent: 3 };

/**
 * A place in the order, the smallest first: since when something waits, less what its priority is worth. So it is passed only by
 * what began to wait less than three minutes after it, whatever their priorities.
 *
 * @param since - epoch milliseconds
 */
export function rankOf(since: number, priority: Priority): number {
  return since - STEPS[priority] * PRIORITY_STEP_MS;
}

/** Since when something waits that has this rank under this priority, in epoch milliseconds. */
export function waitedSince(rank: number, priority: Priority): number {
  return rank + STEPS[priority] * PRIORITY_STEP_MS;
}
