/** How much a search may try, and when it lets others run. */

/** Counts what a search has tried; it ends by this count and never by a clock. */
export class Budget {
  readonly limit: number;
  spent = 0;
  #nextPause: number;
  readonly #slice: number;

  /**
   * @param limit candidates in all
   * @param slice candidates between two pauses
   */
  constructor(limit: number, slice: number) {
    this.limit = limit;
    this.#slice = slice;
    this.#nextPause = slice;
  }

  spend(candidates: number): void {
    this.spent += candidates;
  }

  get exhausted(): boolean {
    return this.spent >= this.limit;
  }

  /** True once for each slice: the caller then yields. */
  get pauseDue(): boolean {
    if (this.spent < this.#nextPause) return false;
    this.#nextPause = this.spent + this.#slice;
    return true;
  }
}
