/** Keeps a lease alive while its attempt makes progress, and learns when the lease has passed to another holder. */
import { runBestEffort, withDeadline } from "@factory/durable";
import type { Log, StartTimeout } from "@factory/durable";
import type { AttemptControl } from "./attempt-control.ts";

/** Between two heartbeats, in milliseconds: a lease lasts minutes, and a person who cancels waits no longer than this. */
export const HEARTBEAT_MS = 5_000;
/** Longest wait for one heartbeat, in milliseconds: two intervals. */
export const HEARTBEAT_TIMEOUT_MS = 2 * HEARTBEAT_MS;

/** What a lease keeper needs. */
export interface LeaseKeeperDeps {
  /** Tells the coordinator of progress; answers whether the lease is still this holder's. */
  readonly heartbeat: () => Promise<{ readonly current: boolean }>;
  readonly startTimeout: StartTimeout;
  readonly now: () => number;
  readonly log: Log;
}

/**
 * Sends heartbeats. Progress is a step or a tool call that ended, or one that is under way: a model may think for longer
 * than a lease lasts, and the attempt's own deadline bounds that.
 */
export class LeaseKeeper {
  readonly #deps: LeaseKeeperDeps;
  readonly #control: AttemptControl;
  #lastAt = 0;
  #underWay = 0;
  #progressed = false;
  #beat: Promise<void> | undefined;
  #cancelTick: (() => void) | undefined;

  constructor(deps: LeaseKeeperDeps, control: AttemptControl) {
    this.#deps = deps;
    this.#control = control;
  }

  /**
   * Begins the heartbeats. Work is not begun on a lease that has passed: one that was not given just now is asked for first.
   *
   * @param lease - `fresh` when the lease is known to hold without asking
   * @throws when the coordinator is asked and does not answer.
   */
  async begin(lease: "fresh" | "ask"): Promise<void> {
    if (lease === "fresh") this.#lastAt = this.#deps.now();
    else await this.#send();
    this.#tick();
  }

  /** Does a piece of work under the lease. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#control.check();
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      this.#progressed = true;
      if (this.#deps.now() - this.#lastAt >= HEARTBEAT_MS) this.#beatOnce();
    }
  }

  /** Ends the heartbeats and waits for the one under way. */
  async end(): Promise<void> {
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    await this.#beat;
  }

  #tick(): void {
    this.#cancelTick = this.#deps.startTimeout(HEARTBEAT_MS, () => {
      if (this.#progressed || this.#underWay > 0) this.#beatOnce();
      this.#tick();
    });
  }

  /** A heartbeat that is lost costs nothing but time on the lease: the epoch fences what the holder brings back. */
  #beatOnce(): void {
    if (this.#control.reason !== undefined) return;
    this.#beat ??= runBestEffort("operative.heartbeat", () => this.#send(), this.#deps.log).finally(() => {
      this.#beat = undefined;
    });
  }

  async #send(): Promise<void> {
    const { heartbeat, now, startTimeout } = this.#deps;
    this.#progressed = false;
    this.#lastAt = now();
    const { current } = await withDeadline("The heartbeat", HEARTBEAT_TIMEOUT_MS, heartbeat, startTimeout);
    if (!current) this.#control.stop({ kind: "lapsed" });
  }
}
