/** How fast Linear is asked: a bucket that fills evenly, and nothing while Linear has said to wait. */
import { RetryableError } from "@factory/durable";

/** Requests an hour that one key may make with room to spare: Linear allows 1500 to the smallest plan. */
export const REQUESTS_PER_HOUR = 1_400;
/** Requests that may leave at once after a quiet hour. */
export const BURST_REQUESTS = 300;

const MS_PER_REQUEST = (60 * 60_000) / REQUESTS_PER_HOUR;

/** It is too soon to ask: a wait of our own, no failure. */
export class TooSoon extends RetryableError {
  override readonly name = "TooSoon";
}

/** What a pace needs. */
export interface PaceDeps {
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** The pace of one key. Not persisted: a new incarnation may ask once too often and is told so by Linear. */
export class Pace {
  readonly #deps: PaceDeps;
  #tokens = BURST_REQUESTS;
  #filledAt: number;
  #heldUntil = 0;

  constructor(deps: PaceDeps) {
    this.#deps = deps;
    this.#filledAt = deps.now();
  }

  /** Takes a turn. @throws TooSoon when there is none yet; it says when there will be one, and no delivery waits so long */
  turn(): void {
    const waitMs = this.#take();
    if (waitMs > 0) throw new TooSoon("Linear is asked no faster than it allows.", { retryAfterMs: waitMs });
  }

  /** Asks nothing for so long, in milliseconds: Linear said so. */
  hold(ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, this.#deps.now() + ms);
  }

  /** Takes a token, or says how long there is none, in milliseconds. */
  #take(): number {
    const now = this.#deps.now();
    if (now < this.#heldUntil) return this.#heldUntil - now;
    this.#tokens = Math.min(BURST_REQUESTS, this.#tokens + Math.max(0, now - this.#filledAt) / MS_PER_REQUEST);
    this.#filledAt = now;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) * MS_PER_REQUEST);
    this.#tokens -= 1;
    return 0;
  }
}
