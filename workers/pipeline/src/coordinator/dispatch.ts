/**
 * Dispatch: as many free slots are woken as there are beads for them. A wake-up is a hint and never state: one that
 * nobody answers in time is sent again, at growing intervals, since a queue may lose everything.
 */
import type { RunContext } from "./context.ts";
import type { Run } from "./run-store.ts";

/** How long a wake-up may take through a queue before it counts as lost, in milliseconds; the interval doubles each time. */
export const REDISPATCH_MS = 15_000;
/** Longest interval between two wake-ups of a slot. */
const MAX_REDISPATCH_MS = 5 * 60_000;

/** Wakes free slots for the beads that are READY now. */
export function dispatchReady(context: RunContext, run: Run): number {
  if (run.status !== "open") return 0;
  const { store, ledger, now } = context;
  const waiting = store.readyCount(now()) - store.hintedSlots().length;
  if (waiting <= 0) return 0;
  const woken = store.freeSlots().slice(0, waiting);
  for (const { slot } of woken) ledger.wake({ org: run.org, runId: run.runId, slot }, store.hintSlot(slot, now()));
  return woken.length;
}

/** Gives up wake-ups that nobody answered in time, so that {@link dispatchReady} sends them again. */
export function forgetLostHints({ store, now }: RunContext): void {
  for (const { slot, hintedAt, hints } of store.hintedSlots()) {
    if (hintedAt + intervalOf(hints) <= now()) store.forgetHint(slot);
  }
}

/** When the next wake-up counts as lost; null when none is out. */
export function nextHintLoss({ store }: RunContext): number | null {
  const moments = store.hintedSlots().map(({ hintedAt, hints }) => hintedAt + intervalOf(hints));
  return moments.length === 0 ? null : Math.min(...moments);
}

function intervalOf(hints: number): number {
  return Math.min(MAX_REDISPATCH_MS, REDISPATCH_MS * 2 ** Math.max(0, hints - 1));
}
