/** The first of the READY beads in their order, held in memory and kept with each bead's step. */

/** A bead's place in the order: by rank, then by position. */
export type Ranked = { readonly beadId: string; readonly rank: number; readonly position: number };

/** Not persisted. It knows every bead up to its last, and whether there are others behind it. */
export class ReadyWindow {
  readonly #beads: Ranked[];
  readonly #max: number;
  #complete: boolean;

  /**
   * @param beads - the first ones, in order
   * @param max - how many were asked for: fewer are all there are
   */
  constructor(beads: readonly Ranked[], max: number) {
    this.#beads = [...beads];
    this.#max = max;
    this.#complete = beads.length < max;
  }

  /** The first so many ids, or all if there are fewer; null when memory does not hold so many. */
  first(limit: number): string[] | null {
    if (this.count(limit) === null) return null;
    return this.#beads.slice(0, Math.max(0, Math.trunc(limit))).map(({ beadId }) => beadId);
  }

  /** How many there are, counted up to `limit`; null when memory does not say. */
  count(limit: number): number | null {
    const most = Math.max(0, Math.trunc(limit));
    if (this.#beads.length >= most) return most;
    return this.#complete ? this.#beads.length : null;
  }

  /** Takes a bead in, unless it stands behind what is held. */
  add(bead: Ranked): void {
    const at = this.#placeOf(bead);
    if (at === this.#beads.length && !this.#complete) return;
    this.#beads.splice(at, 0, { beadId: bead.beadId, rank: bead.rank, position: bead.position });
    if (this.#beads.length <= 2 * this.#max) return;
    this.#beads.length = this.#max;
    this.#complete = false;
  }

  /** Takes a bead out, by the place that it was taken in with. */
  remove(bead: Ranked): void {
    const at = this.#placeOf(bead);
    if (this.#beads[at]?.beadId === bead.beadId) this.#beads.splice(at, 1);
  }

  /** Where the bead stands, or would. */
  #placeOf({ rank, position }: Ranked): number {
    let [low, high] = [0, this.#beads.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#beads[middle];
      if (other !== undefined && (other.rank < rank || (other.rank === rank && other.position < position))) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
