/**
 * From which figures on a person is told, each with its reason. A figure that is not known is never well: it is `unknown`. A figure
 * that there is nothing to take from, such as a rate without claims, is `none`.
 */

/** How a figure stands; the later in {@link LEVELS}, the sooner somebody should look. */
export type Level = (typeof LEVELS)[number];
export const LEVELS = ["none", "ok", "unknown", "warn", "bad"] as const;

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const GIB = 1024 ** 3;

/** From these on a figure is to be watched, or needs somebody. */
type Thresholds = { readonly warn: number; readonly bad: number };

/**
 * Age of the oldest message of an outbox, in milliseconds. Messages leave with their transaction; what a crash left behind leaves
 * within the safety net's 10 s, and one delivery takes 20 s at most. After 5 min even the longest back-off has been waited out.
 */
export const OUTBOX_AGE_MS: Thresholds = { warn: 30 * SECOND_MS, bad: 5 * MINUTE_MS };

/**
 * Failed attempts in a row, of a message or a timer. Three outlast a receiver's restart; ten are four minutes of back-off on average,
 * and half of what a message is given before it is parked.
 */
export const FAILED_ATTEMPTS: Thresholds = { warn: 3, bad: 10 };

/**
 * How long the read model stands still behind a log that is ahead of it, in milliseconds. It is told within 250 ms and works in
 * batches of a second; a minute is more than the longest wait between two tries of its queue.
 */
export const LAG_STILL_MS: Thresholds = { warn: 15 * SECOND_MS, bad: MINUTE_MS };

/**
 * For how long an expired lease may be held, in milliseconds. The coordinator's next tick takes it back; after another whole lease
 * of two minutes its tick does not come.
 */
export const LEASE_OVERDUE_MS: Thresholds = { warn: 10 * SECOND_MS, bad: 2 * MINUTE_MS };

/** Rescues by claims. Each rescue is up to two minutes of a bead's time and the work of an attempt; a healthy run has none. */
export const RESCUE_RATE: Thresholds = { warn: 0.05, bad: 0.2 };

/** Claims that make a rate: below it one operative's accident would be a third of all. */
export const CLAIMS_FOR_RATE = 10;

/** Dead letters of the last day. One had 5 or 10 deliveries of its own; ten are not one message's accident. */
export const DEAD_LAST_DAY: Thresholds = { warn: 1, bad: 10 };

/** How late an alarm may be, in milliseconds; an object takes one that is a minute late as lost and sets it again when it is called. */
export const ALARM_LATE_MS: Thresholds = { warn: MINUTE_MS, bad: 5 * MINUTE_MS };

/** Size of one object's database, in bytes: the platform refuses writes at 10 GiB, and a move takes time. */
export const OBJECT_BYTES: Thresholds = { warn: 5 * GIB, bad: 8 * GIB };

/** How a figure stands to its thresholds; absent is unknown. */
export function levelOf(figure: number | undefined, { warn, bad }: Thresholds): Level {
  if (figure === undefined || Number.isNaN(figure)) return "unknown";
  if (figure >= bad) return "bad";
  return figure >= warn ? "warn" : "ok";
}

/** The level that matters most of several; `none` of none. */
export function worstOf(levels: readonly Level[]): Level {
  return levels.reduce((worst, level) => (LEVELS.indexOf(level) > LEVELS.indexOf(worst) ? level : worst), "none");
}

/** How a rate of rescues stands; a few claims are no rate, yet a rescue among them is said. */
export function rescueLevel({ claims, rescues }: { readonly claims: number; readonly rescues: number }): Level {
  if (claims === 0) return rescues === 0 ? "none" : "warn";
  if (claims < CLAIMS_FOR_RATE) return rescues === 0 ? "ok" : "warn";
  return levelOf(rescues / claims, RESCUE_RATE);
}
