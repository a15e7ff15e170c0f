/** A bounded memory of what can be had again, from rows or by running a check: the oldest entry goes when it is full. */

/** Not persisted. */
export class BoundedMemo<T> {
  readonly #entries = new Map<string, T>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  set(key: string, value: T): void {
    // While there is room nothing goes, and no order is needed.
    if (this.#entries.size >= this.#max) this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#max) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}
