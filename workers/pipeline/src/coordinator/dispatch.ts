/**
 * Dispatch: as many free slots are woken as there are beads for them. A wake-up is a hint and never state: one that
 * nobody answers in time is sent again, at growing intervals, since a queue may lose everything. When several in a row
 * come to nothing, a circuit breaker stops them all, waits, and lets one through to see.
 */
import { fullJitterMs } from "@factory/durable";
import type { BackoffPolicy } from "@factory/durable";
import type { RunContext } from "./context.ts";
import type { Run } from "./store/run-store.ts";

/** How long a wake-up may take through a queue before it counts as lost, in milliseconds; the interval doubles each time. */
export const REDISPATCH_MS = 15_000;
/** Longest interval between two wake-ups of a slot. */
const MAX_REDISPATCH_MS = 5 * 60_000;
/** Wake-ups in a row that come to nothing before nobody is woken for a while. */
export const BREAKER_FAILURES = 5;
/** How long nobody is woken: at least half of the base, and at most ten minutes however often it opens. */
export const BREAKER_COOLDOWN: BackoffPolicy = { baseMs: 60_000, capMs: 10 * 60_000 };

/** Wakes free slots for the beads that are READY now, as far as the dispatch gate, the run's share of slots and the breaker let it. */
export function dispatchReady(context: RunContext, run: Run): number {
  if (run.status !== "open") return 0;
  const { store, ledger, now, gate } = context;
  const ready = store.beads.countReady(run.slots);
  if (ready === 0 || !gate.isOpen(run)) return 0;
  const hinted = store.slots.countHinted();
  if (ready <= hinted) return 0;
  const room = Math.min(ready, roomOf(context, run)) - hinted;
  const waiting = Math.min(room, throughBreaker(context, hinted));
  if (waiting <= 0) return 0;
  const woken = store.slots.free(waiting, run.slots, (slot) => store.beads.holds(slot));
  for (const slot of woken) ledger.wake({ org: run.org, runId: run.runId, slot }, store.slots.hint(slot, now()));
  return woken.length;
}

/** How many more slots may hold beads. */
function roomOf(context: RunContext, run: Run): number {
  const allowed = context.slotsAllowed(run);
  return allowed >= run.slots ? run.slots : allowed - context.store.beads.busySlots();
}

/** How many wake-ups the breaker lets through. */
function throughBreaker({ store, now }: RunContext, hinted: number): number {
  const { openUntil } = store.breaker.read();
  if (openUntil === null) return Number.POSITIVE_INFINITY;
  return openUntil <= now() && hinted === 0 ? 1 : 0;
}

/** Gives up wake-ups that nobody answered in time, so that {@link dispatchReady} sends them again or the breaker opens. */
export function forgetLostHints(context: RunContext): void {
  const { store, now } = context;
  const lost = store.slots.hinted().filter(({ hintedAt, hints }) => hintedAt + intervalOf(hints) <= now());
  if (lost.length === 0) return;
  for (const { slot } of lost) store.slots.forgetHint(slot);
  // While any slot is heard of, wake-ups do arrive: one that is busy or gone says nothing of the way to the others.
  const unheard = lost.filter(({ hintedAt }) => hintedAt > store.breaker.heardAt).length;
  if (unheard > 0) countLost(context, unheard);
}

function countLost({ store, random, now, log }: RunContext, lost: number): void {
  const { failures, openings, openUntil } = store.breaker.read();
  const total = failures + lost;
  // While it is closed it takes several; the one that was let through to see is enough by itself.
  if (openUntil === null && total < BREAKER_FAILURES) {
    store.breaker.write({ failures: total, openings, openUntil });
    return;
  }
  const coolDownMs = Math.max(BREAKER_COOLDOWN.baseMs / 2, fullJitterMs(openings + 1, BREAKER_COOLDOWN, random));
  store.breaker.write({ failures: total, openings: openings + 1, openUntil: now() + coolDownMs });
  const ids = { run: store.run()?.runId ?? "" };
  log.event({ op: "dispatch.breaker", outcome: "failed", durationMs: 0, ids, fields: { state: "open", failures: total, openings: openings + 1, coolDownMs } });
}

/** A slot was heard of: its wake-up is answered, and wake-ups do arrive. */
export function slotAnswered({ store, log, now }: RunContext, run: Run, slot: number): void {
  store.slots.answerHint(slot);
  store.breaker.heardAt = now();
  const { failures, openings, openUntil } = store.breaker.read();
  if (failures === 0 && openUntil === null) return;
  store.breaker.write({ failures: 0, openings: 0, openUntil: null });
  if (openUntil !== null)
    log.event({ op: "dispatch.breaker", outcome: "ok", durationMs: 0, ids: { run: run.runId }, fields: { state: "closed", failures, openings } });
}

/** When the next wake-up counts as lost, or may be sent again after the breaker opened; null when neither is to come. */
export function nextHintLoss({ store, now }: RunContext): number | null {
  const moments = store.slots.hinted().map(({ hintedAt, hints }) => hintedAt + intervalOf(hints));
  const { openUntil } = store.breaker.read();
  if (openUntil !== null && openUntil > now()) moments.push(openUntil);
  return moments.length === 0 ? null : Math.min(...moments);
}

function intervalOf(hints: number): number {
  return Math.min(MAX_REDISPATCH_MS, REDISPATCH_MS * 2 ** Math.max(0, hints - 1));
}
