/** One delivery after another to one receiver, never two at once, with back-off after a failure. */
import { DEFAULT_BACKOFF, failureOf, fullJitterMs, withDeadline } from "@factory/durable";
import type { Log, Random, StartTimeout } from "@factory/durable";

/** Clock, chance and log of what runs beside a log's calls. */
export interface PumpSurroundings {
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly random: Random;
  readonly startTimeout: StartTimeout;
  readonly log: Log;
  /** Keeps the object alive for work that no call waits for. */
  readonly background: (work: Promise<void>) => void;
}

/** One delivery. What it learns after the signal it must not use: another one may be under way. */
export type Delivery = (signal: AbortSignal) => Promise<void>;

/** What a pump does. */
export interface PumpDeps extends PumpSurroundings {
  /** Name of the delivery in the log, `subject.verb`. */
  readonly op: string;
  readonly ids: () => Readonly<Record<string, string>>;
  /** The next delivery; null when there is nothing to deliver now. Synchronous, so that no commit falls between it and the pump's rest. */
  readonly next: () => Delivery | null;
  /** Called after each failed delivery, before the wait. */
  readonly onFailure?: () => void;
}

/** Longest wait for one delivery, in milliseconds; as for an outbox. */
export const DELIVERY_TIMEOUT_MS = 20_000;

/** A longer wait after a failure is left to the object's alarm: a timer in memory would keep the object from being evicted. */
export const WAIT_IN_MEMORY_MS = 10_000;

/** Delivers until there is nothing left; a failure is tried again for as long as it takes. */
export class Pump {
  readonly #deps: PumpDeps;
  /** Not persisted: the deliveries under way. */
  #running: Promise<void> | undefined;
  /** Not persisted: stops the wait after a failure. */
  #stopWait: (() => void) | undefined;
  /** Not persisted: before this time nothing is tried again; null unless the last delivery failed. */
  #retryAt: number | null = null;
  #failures = 0;
  #stopped = false;

  constructor(deps: PumpDeps) {
    this.#deps = deps;
  }

  /** Starts unless it runs already or has to wait after a failure. */
  kick(): void {
    if (this.#stopped || this.#running !== undefined) return;
    if (this.#retryAt !== null && this.#deps.now() < this.#retryAt) return;
    this.#endWait();
    const first = this.#deps.next();
    if (first === null) return;
    this.#running = this.#run(first);
    this.#deps.background(this.#running);
  }

  /** Starts at once, also after a failure. */
  retry(): void {
    this.#endWait();
    this.kick();
  }

  /** When the next delivery may begin, in epoch milliseconds: now, or the end of the wait after a failure. */
  get dueAt(): number {
    return this.#retryAt ?? this.#deps.now();
  }

  /** Resolves when no delivery is under way. Never rejects. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Starts nothing more; a delivery under way is not taken back. */
  stop(): void {
    this.#stopped = true;
    this.#endWait();
  }

  async #run(first: Delivery): Promise<void> {
    try {
      for (let delivery: Delivery | null = first; delivery !== null; delivery = this.#stopped ? null : this.#deps.next()) {
        await withDeadline(this.#deps.op, DELIVERY_TIMEOUT_MS, delivery, this.#deps.startTimeout);
        this.#failures = 0;
      }
    } catch (err) {
      this.#failed(err);
    } finally {
      this.#running = undefined;
    }
  }

  #failed(err: unknown): void {
    if (this.#stopped) return;
    this.#failures += 1;
    const { op, ids, now, random, startTimeout, log, onFailure } = this.#deps;
    const failure = failureOf(err);
    const hintMs = failure.kind === "retryable" ? (failure.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(1, hintMs, fullJitterMs(this.#failures, DEFAULT_BACKOFF, random));
    log.event({ op, outcome: "failed", durationMs: 0, ids: ids(), fields: { error: failure.message, failures: this.#failures, waitMs } });
    onFailure?.();
    // The failure may have been the last one that the receiver is given.
    if (this.#stopped) return;
    this.#retryAt = now() + waitMs;
    if (waitMs <= WAIT_IN_MEMORY_MS) this.#stopWait = startTimeout(waitMs, () => this.retry());
  }

  #endWait(): void {
    this.#stopWait?.();
    this.#stopWait = undefined;
    this.#retryAt = null;
  }
}
