import { RetryableError } from "@factory/durable";
import { ManualClock } from "@factory/durable/testing";
import { describe, expect, it } from "vitest";
import { BURST_REQUESTS, Pace, REQUESTS_PER_HOUR, TooSoon } from "./pace.ts";

const HOUR_MS = 60 * 60_000;

function aPace(): { readonly clock: ManualClock; readonly pace: Pace } {
  const clock = new ManualClock();
  return { clock, pace: new Pace(clock) };
}

/** Takes a turn; what is in the way of it, null when nothing is. */
function refusal(pace: Pace): unknown {
  try {
    pace.turn();
    return null;
  } catch (err) {
    return err;
  }
}

/** Takes turns until there is none, at most twice a burst; how many there were. */
function spend(pace: Pace): number {
  let turns = 0;
  while (turns < 2 * BURST_REQUESTS && refusal(pace) === null) turns += 1;
  return turns;
}

describe("the pace of requests", () => {
  it("lets a burst leave at once and no more", () => {
    expect(spend(aPace().pace)).toBe(BURST_REQUESTS);
  });

  it("says exactly when the next may leave, as a wait that a loop understands", () => {
    const { pace, clock } = aPace();
    spend(pace);
    const err = refusal(pace);
    const waitMs = Math.ceil(HOUR_MS / REQUESTS_PER_HOUR);
    expect(err).toBeInstanceOf(TooSoon);
    expect(err).toBeInstanceOf(RetryableError);
    expect(err).toMatchObject({ retryAfterMs: waitMs });
    clock.advance(waitMs - 1);
    expect(refusal(pace)).toMatchObject({ retryAfterMs: 1 });
    clock.advance(1);
    expect(refusal(pace)).toBeNull();
  });

  it("earns evenly, never more than a burst", () => {
    const { pace, clock } = aPace();
    spend(pace);
    clock.advance(HOUR_MS / 100);
    expect(spend(pace)).toBe(REQUESTS_PER_HOUR / 100);
    clock.advance(10 * HOUR_MS);
    expect(spend(pace)).toBe(BURST_REQUESTS);
  });

  it("asks nothing while Linear has said to wait, and a shorter word takes nothing back", () => {
    const { pace, clock } = aPace();
    pace.hold(8_000);
    pace.hold(1);
    clock.advance(3_000);
    expect(refusal(pace)).toMatchObject({ retryAfterMs: 5_000 });
    clock.advance(5_000);
    expect(refusal(pace)).toBeNull();
  });

  it("is not confused by a clock that goes back", () => {
    let now = 1_700_000_000_000;
    const pace = new Pace({ now: () => now });
    now -= HOUR_MS;
    expect(spend(pace)).toBe(BURST_REQUESTS);
  });
});
