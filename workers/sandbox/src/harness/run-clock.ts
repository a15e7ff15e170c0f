/**
 * Time of a run that has its own. It stands still while code runs and goes on to the next timer when nothing else is left, so
 * that the same code meets the same order of events and the same times in every run.
 */

type Timer = { readonly due: number; readonly fire: () => void };

/** Longest delay of a timer, in milliseconds: what a 32-bit timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export class RunClock {
  readonly #startedAt: number;
  readonly #timers = new Map<number, Timer>();
  #elapsed = 0;

  /** @param startedAt - epoch milliseconds at which the run begins */
  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  /** Epoch milliseconds. */
  get now(): number {
    return this.#startedAt + this.#elapsed;
  }

  /** Milliseconds since the run began. */
  get elapsed(): number {
    return this.#elapsed;
  }

  set(id: number, delayMs: number, fire: () => void): void {
    this.#timers.set(id, { due: this.#elapsed + Math.min(delayMs, MAX_DELAY_MS), fire });
  }

  clear(id: number): void {
    this.#timers.delete(id);
  }

  /** Goes on to the timer that is due first, the one set first among equals, and fires it; false when there is none. */
  advance(): boolean {
    let first: [id: number, timer: Timer] | undefined;
    for (const entry of this.#timers) if (first === undefined || entry[1].due < first[1].due) first = entry;
    if (first === undefined) return false;
    const [id, { due, fire }] = first;
    this.#timers.delete(id);
    this.#elapsed = due;
    fire();
    return true;
  }
}
