/**
 * How long a bead waits after a failure, by the class of the failure. Every wait is a full jitter, so that what failed
 * together does not come back together.
 */
import { fullJitterMs } from "@factory/durable";
import type { BackoffPolicy, Random } from "@factory/durable";
import type { AtomDirective } from "@factory/schemas";
import type { FailureClass } from "@factory/schemas/rpc";

/** Longest wait before another attempt, in milliseconds. */
export const MAX_RETRY_WAIT_MS = 5 * 60_000;
/** First wait after a failure of infrastructure: most restarts are over by then. */
const INFRASTRUCTURE: BackoffPolicy = { baseMs: 1_000, capMs: MAX_RETRY_WAIT_MS };
/** First wait after a failure of a model's server: rate limits are counted in seconds. */
const PROVIDER: BackoffPolicy = { baseMs: 2_000, capMs: MAX_RETRY_WAIT_MS };

/**
 * Milliseconds until the bead may be claimed again.
 *
 * | class | waits | counts as |
 * |---|---|---|
 * | infrastructure, provider | full jitter, never less than half of the base: there is something to wait for | a fault |
 * | quality, timeout | full jitter over the directive's `backoffMs` | a quality attempt |
 * | stale | not at all: what ended the epoch is over | a fault |
 * | governance | not at all: there is no further attempt | the end |
 *
 * @param failures - failures of the class in a row, this one included: from 1
 */
export function retryWaitMs(failureClass: FailureClass, failures: number, { retryPolicy }: Pick<AtomDirective, "retryPolicy">, random: Random): number {
  switch (failureClass) {
    case "infrastructure":
      return atLeastHalf(INFRASTRUCTURE, failures, random);
    case "provider":
      return atLeastHalf(PROVIDER, failures, random);
    case "quality":
    case "timeout":
      return fullJitterMs(failures, { baseMs: Math.max(0, retryPolicy.backoffMs), capMs: MAX_RETRY_WAIT_MS }, random);
    case "stale":
    case "governance":
      return 0;
    default:
      return failureClass satisfies never;
  }
}

function atLeastHalf(policy: BackoffPolicy, failures: number, random: Random): number {
  return Math.max(policy.baseMs / 2, fullJitterMs(failures, policy, random));
}
