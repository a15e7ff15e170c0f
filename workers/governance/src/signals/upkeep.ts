/** What a signal desk does by itself: it forgets what can no longer matter, and tries again what was given up for a while. */
import type { Outbox, Scheduler } from "@factory/durable";
import { TOLD_TTL_MS } from "./desk.ts";
import type { DeskStore } from "./desk-store.ts";

/** How long an effect rests after the outbox has given it up, in milliseconds: an hour. A suspension has to reach its sessions however long they are away. */
export const PARKED_REST_MS = 60 * 60_000;

const SWEEP_TIMER = "sweep";
const UNPARK_TIMER = "unpark";

export interface UpkeepDeps {
  readonly store: DeskStore;
  readonly outbox: Pick<Outbox, "parked" | "unpark" | "poke">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Timers of a desk. */
export class Upkeep {
  readonly #deps: UpkeepDeps;

  constructor(deps: UpkeepDeps) {
    this.#deps = deps;
  }

  register(scheduler: Pick<Scheduler, "on">): void {
    scheduler.on(SWEEP_TIMER, () => this.#sweep(), { dueAt: () => this.#sweepDueAt() });
    scheduler.on(UNPARK_TIMER, () => this.#unpark(), { dueAt: () => this.#unparkDueAt() });
  }

  #sweep(): void {
    const { store, now } = this.#deps;
    store.transaction(() => {
      store.sweepTokens(now());
      store.sweepTold(now() - TOLD_TTL_MS);
    });
  }

  #sweepDueAt(): number | null {
    const { store } = this.#deps;
    const oldest = store.oldestTold();
    const times = [store.nextTokenExpiry(), oldest === null ? null : oldest + TOLD_TTL_MS].filter((at) => at !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  async #unpark(): Promise<void> {
    const { outbox, now } = this.#deps;
    const rested = outbox.parked().filter(({ parkedAt }) => parkedAt + PARKED_REST_MS <= now());
    for (const { effectId } of rested) outbox.unpark(effectId);
    if (rested.length > 0) await outbox.poke();
  }

  #unparkDueAt(): number | null {
    const [first] = this.#deps.outbox.parked();
    return first === undefined ? null : first.parkedAt + PARKED_REST_MS;
  }
}
