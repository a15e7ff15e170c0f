/** Whether Linear takes what it is sent: a row of failures is told once, and so is its end. */
import { messageOf } from "@factory/durable";
import type { Log } from "@factory/durable";

/** Failures in a row after which the projection counts as degraded. */
export const DEGRADED_AFTER = 5;

/** What it needs. */
export interface SyncStateDeps {
  readonly org: string;
  readonly log: Log;
}

/** How the requests of this incarnation went. */
export class SyncState {
  readonly #deps: SyncStateDeps;
  /** Not persisted: a new incarnation finds out anew. */
  #failures = 0;
  /** Not persisted: why the last failure was one; null once something has been taken again. */
  #lastError: string | null = null;

  constructor(deps: SyncStateDeps) {
    this.#deps = deps;
  }

  get degraded(): boolean {
    return this.#failures >= DEGRADED_AFTER;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  failed(err: unknown): void {
    this.#failures += 1;
    this.#lastError = messageOf(err);
    if (this.#failures === DEGRADED_AFTER) this.#tell("failed", { failures: this.#failures, error: this.#lastError });
  }

  succeeded(): void {
    const { degraded } = this;
    this.#failures = 0;
    this.#lastError = null;
    if (degraded) this.#tell("ok", { recovered: true });
  }

  #tell(outcome: "ok" | "failed", fields: { readonly [key: string]: unknown }): void {
    const { log, org } = this.#deps;
    log.event({ op: "linear_sync", outcome, durationMs: 0, ids: { org }, fields });
  }
}
