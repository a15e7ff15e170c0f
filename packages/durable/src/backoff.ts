/** Waiting times between attempts. */

/** A uniform random number in [0, 1); `Math.random` in production, seeded in tests. */
export type Random = () => number;

/** Bounds of an exponential back-off, in milliseconds. */
export interface BackoffPolicy {
  /** Upper bound of the first wait. */
  readonly baseMs: number;
  /** Upper bound of every wait. */
  readonly capMs: number;
}

/** Starts below a human's notice and ends at one attempt every two and a half minutes on average. */
export const DEFAULT_BACKOFF: BackoffPolicy = { baseMs: 250, capMs: 5 * 60_000 };

/**
 * Full jitter: a uniform wait between 0 and `min(cap, base * 2^attempt)` milliseconds, so that callers which failed
 * together do not come back together.
 *
 * @param attempt - failed attempts so far, 1 or more
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function fullJitterMs(attempt: number, policy: BackoffPolicy, random: Random): number {
  const exponent = Math.max(0, Math.trunc(attempt) - 1);
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** exponent);
  return Math.floor(random() * ceiling);
}
