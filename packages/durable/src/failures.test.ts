import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fullJitterMs } from "./backoff.ts";
import { withDeadline } from "./deadline.ts";
import { DeadlineError, failureOf, RetryableError, TerminalError } from "./errors.ts";
import { ManualClock } from "./testing/manual-time.ts";

describe("failures", () => {
  test("only a TerminalError ends the attempts, and a hint survives", () => {
    expect(failureOf(new TerminalError("never"))).toEqual({ kind: "terminal", message: "never" });
    expect(failureOf(new RetryableError("later", { retryAfterMs: 5 }))).toEqual({ kind: "retryable", message: "later", retryAfterMs: 5 });
    expect(failureOf("odd")).toEqual({ kind: "retryable", message: "odd" });
  });

  test("full jitter spreads from zero to a ceiling that doubles up to the cap", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, at) => {
        const policy = { baseMs: 100, capMs: 6_400 };
        const wait = fullJitterMs(attempt, policy, () => at);
        expect(wait).toBe(Math.floor(at * (attempt > 7 ? 6_400 : 100 * 2 ** (attempt - 1))));
      }),
    );
  });

  test("work that settles in time is answered and its timeout is withdrawn", async () => {
    const clock = new ManualClock();
    let signal: AbortSignal | undefined;
    const result = await withDeadline("work", 10, async (given) => ((signal = given), 7), clock.startTimeout);
    clock.advance(100);
    expect([result, signal?.aborted]).toEqual([7, false]);
  });

  test("work that hangs is told to stop and its caller goes on", async () => {
    const clock = new ManualClock();
    let signal: AbortSignal | undefined;
    const run = withDeadline("work", 10, (given) => ((signal = given), new Promise<never>(() => undefined)), clock.startTimeout);
    clock.advance(10);
    await expect(run).rejects.toBeInstanceOf(DeadlineError);
    expect(signal?.aborted).toBe(true);
  });
});
