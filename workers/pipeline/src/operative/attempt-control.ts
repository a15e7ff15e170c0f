/** The one switch that ends an attempt early: whoever throws it first decides why. */
import type { StartTimeout } from "@factory/durable";

/** Why an attempt ends before its model has reported. */
export type Stop =
  | { readonly kind: "timeout"; readonly afterMs: number }
  /** The lease passed to another holder. */
  | { readonly kind: "lapsed" }
  /** What governs the agent moved since it was retrieved. */
  | { readonly kind: "stale"; readonly message: string }
  /** The object's own run is over. */
  | { readonly kind: "interrupted"; readonly message: string }
  | { readonly kind: "denied"; readonly message: string }
  /** A part of the platform that the work needs failed. */
  | { readonly kind: "broken"; readonly message: string }
  /** The same calls with the same results, again and again. */
  | { readonly kind: "loop"; readonly message: string }
  | { readonly kind: "budget"; readonly spentUsd: number; readonly budgetUsd: number }
  | { readonly kind: "clarification"; readonly question: string };

/** Thrown where stopped work is waited for; the reason is in the control. */
export class AttemptStopped extends Error {
  override readonly name = "AttemptStopped";
}

/** Ends an attempt by deadline, by its surroundings or from within. */
export class AttemptControl {
  readonly #controller = new AbortController();
  readonly #stopped = Promise.withResolvers<never>();
  readonly #outer: AbortSignal;
  readonly #onOuter: () => void;
  readonly #cancelDeadline: () => void;
  #stop: Stop | undefined;

  /**
   * @param timeoutMs - longest attempt in milliseconds
   * @param outer - aborted when the object's own run is over
   */
  constructor(timeoutMs: number, outer: AbortSignal, startTimeout: StartTimeout) {
    // Nobody may be waiting when the attempt is stopped; whoever is gets the rejection through `race`.
    this.#stopped.promise.catch(() => undefined);
    this.#outer = outer;
    this.#onOuter = () => this.stop({ kind: "interrupted", message: "the operative's run ended before the work did" });
    this.#cancelDeadline = startTimeout(timeoutMs, () => this.stop({ kind: "timeout", afterMs: timeoutMs }));
    outer.addEventListener("abort", this.#onOuter);
    if (outer.aborted) this.#onOuter();
  }

  /** Why the attempt was stopped, if it was. */
  get reason(): Stop | undefined {
    return this.#stop;
  }

  /** Aborted when the attempt is stopped. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stops the attempt; the first reason holds. */
  stop(reason: Stop): void {
    if (this.#stop !== undefined) return;
    this.#stop = reason;
    const err = new AttemptStopped(reason.kind);
    this.#stopped.reject(err);
    this.#controller.abort(err);
  }

  /** @throws AttemptStopped when the attempt was stopped. */
  check(): void {
    if (this.#stop !== undefined) throw new AttemptStopped(this.#stop.kind);
  }

  /**
   * Waits for work, or for the stop: what ignores the signal goes on unseen and its result is not used.
   *
   * @throws AttemptStopped when the stop comes first.
   */
  async race<T>(work: PromiseLike<T>): Promise<T> {
    return Promise.race([work, this.#stopped.promise]);
  }

  /** Ends the deadline; called once the attempt is over. */
  dispose(): void {
    this.#cancelDeadline();
    this.#outer.removeEventListener("abort", this.#onOuter);
  }
}
