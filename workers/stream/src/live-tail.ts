/**
 * Subscriptions to a log: each reads what is stored in pages and then waits for more. The log is the only buffer: a
 * reader holds its cursor and nothing else, so a slow one re-reads from storage when it comes back.
 *
 * A reader that is gone is not pulled again, so it is forgotten at the next event or heartbeat even where the runtime
 * does not report the cancellation.
 */
import type { StartTimeout } from "@factory/durable";
import type { LogPage, PageBounds } from "./log-lines.ts";

/** What the live tail needs of the log around it. */
export interface LiveTailDeps {
  /** Reads a page: in one synchronous turn while events may still come, later when it lies in the archive. */
  readonly page: (after: number, bounds: PageBounds) => LogPage | Promise<LogPage>;
  /** Resolves when everything read so far is on disk; nothing leaves before. */
  readonly durable: () => Promise<void>;
  readonly startTimeout: StartTimeout;
}

/** Proxies cut connections that are silent for 30 s or more; half of that leaves room for a late timer. */
export const HEARTBEAT_MS = 15_000;
/** One chunk of a stream: large enough to replay fast, small enough that many readers fit into an isolate's memory. */
export const STREAM_PAGE: PageBounds = { events: 256, bytes: 512 * 1024 };

type Signal = "events" | "heartbeat" | "cancelled";

const UTF8 = new TextEncoder();
const HEARTBEAT = "\n";

/** The subscribers of one log. */
export class LiveTail {
  readonly #deps: LiveTailDeps;
  /** Not persisted: readers that have everything and wait; a reader that lost its stream subscribes again. */
  readonly #waiting = new Map<LogReader, (signal: Signal) => void>();
  /** Not persisted: stops the heartbeat; set while a reader waits. */
  #stopHeartbeat: (() => void) | undefined;

  constructor(deps: LiveTailDeps) {
    this.#deps = deps;
  }

  /** Readers that wait for the next event. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** NDJSON of events strictly after `after`: stored, then live; an empty line is a heartbeat; ends after the terminal event. */
  open(after: number): ReadableStream<Uint8Array> {
    const reader = new LogReader(after, this.#deps, this);
    return new ReadableStream({
      type: "bytes",
      pull: (controller: ReadableByteStreamController) => reader.pull(controller),
      cancel: () => reader.cancel(),
    });
  }

  /** Tells waiting readers that a commit may have brought events. */
  wake(): void {
    this.#release("events");
  }

  /** Resolves with the next commit, heartbeat or cancellation. */
  next(reader: LogReader): Promise<Signal> {
    const { promise, resolve } = Promise.withResolvers<Signal>();
    this.#waiting.set(reader, resolve);
    this.#stopHeartbeat ??= this.#deps.startTimeout(HEARTBEAT_MS, () => this.#release("heartbeat"));
    return promise;
  }

  /** Forgets a reader that was cancelled. */
  drop(reader: LogReader): void {
    this.#waiting.get(reader)?.("cancelled");
    this.#waiting.delete(reader);
    if (this.#waiting.size === 0) this.#endHeartbeat();
  }

  #release(signal: Signal): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#endHeartbeat();
    for (const resolve of waiting) resolve(signal);
  }

  #endHeartbeat(): void {
    this.#stopHeartbeat?.();
    this.#stopHeartbeat = undefined;
  }
}

/** One subscriber: a cursor that the stream's consumer moves by pulling. */
class LogReader {
  readonly #deps: LiveTailDeps;
  readonly #tail: LiveTail;
  #cursor: number;
  #cancelled = false;

  constructor(after: number, deps: LiveTailDeps, tail: LiveTail) {
    this.#cursor = after;
    this.#deps = deps;
    this.#tail = tail;
  }

  /** Hands over one chunk: the next page, a heartbeat, or the end. */
  async pull(controller: ReadableByteStreamController): Promise<void> {
    while (!this.#cancelled) {
      const read = this.#deps.page(this.#cursor, STREAM_PAGE);
      const waited = read instanceof Promise;
      const page = waited ? await read : read;
      if (this.#cancelled) return;
      if (page.count > 0) return this.#handOver(page, controller);
      if (page.tip.closed) return end(controller);
      // A commit may have come while the archive answered.
      if (waited) continue;
      // Nothing is awaited between the read and the registration, so no commit falls between them.
      const signal = await this.#tail.next(this);
      if (signal === "heartbeat") return controller.enqueue(UTF8.encode(HEARTBEAT));
    }
  }

  cancel(): void {
    this.#cancelled = true;
    this.#tail.drop(this);
  }

  async #handOver(page: LogPage, controller: ReadableByteStreamController): Promise<void> {
    await this.#deps.durable();
    if (this.#cancelled) return;
    this.#cursor = page.lastSeq;
    controller.enqueue(UTF8.encode(page.text));
  }
}

function end(controller: ReadableByteStreamController): void {
  controller.close();
  // A consumer that brought its own buffer gets it back only when the request is answered.
  controller.byobRequest?.respond(0);
}
