/** Time that a test moves by hand: a clock, the timeouts on it, and an object's alarm. */
import type { StartTimeout } from "../deadline.ts";
import type { TimerPort } from "../scheduler.ts";

/** A clock in epoch milliseconds with timeouts that fire when it is advanced. */
export class ManualClock {
  #now: number;
  #timeouts: { readonly at: number; readonly callback: () => void }[] = [];

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  readonly startTimeout: StartTimeout = (ms, callback) => {
    const timeout = { at: this.#now + ms, callback };
    this.#timeouts.push(timeout);
    return () => {
      this.#timeouts = this.#timeouts.filter((other) => other !== timeout);
    };
  };

  /** Moves the clock and fires the timeouts that are due, earliest first. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timeouts.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timeouts = this.#timeouts.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }
}

/** The single alarm of an object. It outlives the object, as storage does. */
export class ManualAlarm implements TimerPort {
  #at: number | null = null;
  /** Calls that wrote, for tests that count them. */
  writes = 0;
  /** What setting the alarm throws while it is there. */
  failure: Error | undefined;

  async getAlarm(): Promise<number | null> {
    return this.#at;
  }

  async setAlarm(atMs: number): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.writes += 1;
    this.#at = atMs;
  }

  async deleteAlarm(): Promise<void> {
    this.writes += 1;
    this.#at = null;
  }

  /** When the alarm is set, in epoch milliseconds. */
  get at(): number | null {
    return this.#at;
  }

  /** Takes the alarm if it is due at `now`, as the platform does before it calls the object. */
  take(now: number): boolean {
    if (this.#at === null || this.#at > now) return false;
    this.#at = null;
    return true;
  }
}
