/**
 * What memory holds of an object's rows. Every store forgets what it writes, and everything is forgotten when a transaction
 * is undone, so that memory never says what the rows do not.
 */

/** A value of the rows that is read once and held until it is forgotten. */
export class Remembered<T> {
  readonly #read: () => T;
  /** Not persisted: what was read last. */
  #known: { readonly value: T } | undefined;

  constructor(read: () => T) {
    this.#read = read;
  }

  get(): T {
    this.#known ??= { value: this.#read() };
    return this.#known.value;
  }

  /** Holds what the rows will say, once what is held back of them is written. */
  set(value: T): void {
    this.#known = { value };
  }

  /** What is held now, without reading it. */
  known(): T | undefined {
    return this.#known?.value;
  }

  forget(): void {
    this.#known = undefined;
  }
}
