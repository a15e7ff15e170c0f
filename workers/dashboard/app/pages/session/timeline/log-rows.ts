/**
 * The rows of a timeline: events of the log, of which only what is looked at is asked for. A log's `seq` is gapless from 1, so that
 * the whole of it has a known length and any part can be asked for by itself; a filtered log is read from its beginning.
 */
import type { EventRow } from "../session-queries.ts";

/** What one question answers; `readToSeq` is how far the log was read for it. */
export type LogPage = { readonly events: readonly EventRow[]; readonly readToSeq: number; readonly tipSeq: number };

/** Asks for at most `first` events strictly after a `seq`. */
export type AskLog = (afterSeq: number, first: number) => Promise<LogPage>;

/** Events of one question: few enough to come fast, many enough for a screen and what is around it. */
export const EVENTS_PER_PAGE = 200;

/** Rows by index, the oldest first. */
export abstract class LogRows {
  readonly #listeners = new Set<() => void>();
  #version = 0;
  #error: Error | null = null;
  protected live: readonly EventRow[] = [];
  protected tipSeq = 0;

  /** Rows that are known to be there, fetched or not. */
  abstract readonly count: number;
  /** How far the log was read; null where rows are fetched as they are looked at. */
  abstract readonly readToSeq: number | null;
  /** The event of a row; null while it is on its way. */
  abstract at(index: number): EventRow | null;
  /** Rows that are looked at, both ends included. */
  abstract want(first: number, last: number): void;
  protected abstract goOn(): void;

  // Bound, since React takes them as functions.
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  /** Changes whenever a row does. */
  readonly version = (): number => this.#version;

  get tip(): number {
    return this.tipSeq;
  }

  get error(): Error | null {
    return this.#error;
  }

  /**
   * What came live: events in order without a gap, and the end of the log as it is known. A tip that is smaller than one known before
   * is of an older answer.
   */
  take(live: readonly EventRow[], tipSeq: number): void {
    this.live = live;
    this.tipSeq = Math.max(this.tipSeq, tipSeq, live.at(-1)?.seq ?? 0);
    this.changed();
    this.goOn();
  }

  /** Asks again for what failed. */
  retry(): void {
    this.#error = null;
    this.changed();
    this.goOn();
  }

  protected fail(err: unknown): void {
    this.#error = err instanceof Error ? err : new Error(String(err));
    this.changed();
  }

  protected changed(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }

  /** The live event of a `seq`; null when it came before the page was open. */
  protected liveAt(seq: number): EventRow | null {
    const first = this.live[0];
    return first === undefined || seq < first.seq ? null : (this.live[seq - first.seq] ?? null);
  }
}

/** The whole log: as many rows as it has events, fetched in pages around what is looked at. */
export class WholeLog extends LogRows {
  readonly #ask: AskLog;
  readonly #pages = new Map<number, ReadonlyMap<number, EventRow>>();
  readonly #open = new Set<number>();
  #wanted: readonly [first: number, last: number] = [0, -1];

  constructor(ask: AskLog) {
    super();
    this.#ask = ask;
  }

  get count(): number {
    return this.tipSeq;
  }

  get readToSeq(): null {
    return null;
  }

  at(index: number): EventRow | null {
    const seq = index + 1;
    return this.liveAt(seq) ?? this.#pages.get(pageOf(index))?.get(seq) ?? null;
  }

  want(first: number, last: number): void {
    this.#wanted = [first, last];
    this.goOn();
  }

  protected goOn(): void {
    if (this.error !== null) return;
    const [first, last] = this.#wanted;
    for (let index = Math.max(0, first); index <= Math.min(last, this.count - 1); index++) {
      const page = pageOf(index);
      if (this.at(index) === null && !this.#open.has(page)) void this.#fetch(page);
    }
  }

  async #fetch(page: number): Promise<void> {
    this.#open.add(page);
    try {
      const { events, tipSeq } = await this.#ask(page * EVENTS_PER_PAGE, EVENTS_PER_PAGE);
      this.#pages.set(page, new Map(events.map((event) => [event.seq, event])));
      this.tipSeq = Math.max(this.tipSeq, tipSeq);
      this.changed();
    } catch (err) {
      this.fail(err);
    } finally {
      this.#open.delete(page);
    }
    this.goOn();
  }
}

const pageOf = (index: number): number => Math.floor(index / EVENTS_PER_PAGE);

/** What passes of a log: read to its end page after page, then followed live. */
export class FilteredLog extends LogRows {
  readonly #ask: AskLog;
  readonly #passes: (event: EventRow) => boolean;
  readonly #rows: EventRow[] = [];
  #readToSeq = 0;
  #isAsking = false;

  /** @param passes - the same filter that `ask` puts to the server, for what comes live */
  constructor(ask: AskLog, passes: (event: EventRow) => boolean) {
    super();
    this.#ask = ask;
    this.#passes = passes;
  }

  get count(): number {
    return this.#rows.length;
  }

  get readToSeq(): number {
    return this.#readToSeq;
  }

  at(index: number): EventRow | null {
    return this.#rows[index] ?? null;
  }

  /** All of it is read whatever is looked at. */
  want(): void {}

  protected goOn(): void {
    this.#takeLive();
    if (!this.#isAsking && this.error === null && this.#readToSeq < this.tipSeq) void this.#fetch();
  }

  #takeLive(): void {
    const first = this.live[0];
    // Events between what was read and what came live have to be asked for first.
    if (this.#isAsking || first === undefined || first.seq > this.#readToSeq + 1) return;
    const fresh = this.live.slice(this.#readToSeq + 1 - first.seq);
    const last = fresh.at(-1);
    if (last === undefined) return;
    this.#readToSeq = last.seq;
    this.#rows.push(...fresh.filter(this.#passes));
    this.changed();
  }

  async #fetch(): Promise<void> {
    this.#isAsking = true;
    try {
      const { events, readToSeq, tipSeq } = await this.#ask(this.#readToSeq, EVENTS_PER_PAGE);
      if (readToSeq <= this.#readToSeq) throw new Error(`The log was not read on after event ${this.#readToSeq}.`);
      this.#rows.push(...events);
      this.#readToSeq = readToSeq;
      this.tipSeq = Math.max(this.tipSeq, tipSeq);
      this.changed();
    } catch (err) {
      this.fail(err);
    } finally {
      this.#isAsking = false;
    }
    this.goOn();
  }
}
