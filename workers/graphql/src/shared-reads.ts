/**
 * Pages that replays read. Sockets that come back together after a deploy stand at the same few cursors, so a page that is being read
 * is shared by all who ask for it; a few are read at once.
 */
import type { LogAddress, LogTip } from "@factory/schemas/rpc";
import type { EventBatch } from "./event-batch.ts";

/** A page of a log and where the log ended when it was read. */
export type ReplayPage = { readonly batch: EventBatch; readonly tip: LogTip };
/** Reads one page strictly after a seq. */
export type ReadPage = (log: LogAddress, after: number) => Promise<ReplayPage>;

/** Shares and bounds the reads of one shard. */
export class SharedReads {
  readonly #read: ReadPage;
  readonly #atOnce: number;
  /** Not persisted: pages being read; a replay that an eviction cut off reads again. */
  readonly #reading = new Map<string, Promise<ReplayPage>>();
  /** Not persisted: reads that wait for their turn. */
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(read: ReadPage, atOnce: number) {
    this.#read = read;
    this.#atOnce = atOnce;
  }

  /** The page of `log` strictly after `after`. */
  page(key: string, log: LogAddress, after: number): Promise<ReplayPage> {
    const name = `${after} ${key}`;
    const reading = this.#reading.get(name);
    if (reading !== undefined) return reading;
    const read = this.#inTurn(() => this.#read(log, after)).finally(() => this.#reading.delete(name));
    this.#reading.set(name, read);
    return read;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy >= this.#atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#busy += 1;
    try {
      return await work();
    } finally {
      // The turn passes on, or is free again.
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy -= 1;
      else next();
    }
  }
}
