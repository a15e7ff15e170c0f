/**
 * A connection of server-sent events as a shard's socket. The shard bounds what is on its way: it asks with a ping, which is a comment
 * here, and the stream answers once the runtime has taken the comment and comes back for more.
 *
 * A stream lives in memory only, and a shard with one does not hibernate: a client whose stream breaks resumes with its last id.
 */
import type { StartTimeout } from "@factory/durable";
import type { ShardSocket } from "../shard-clients.ts";
import { CLOSE } from "../subscription-limits.ts";
import { errorOfRefusal } from "./graphql-errors.ts";
import { errorEvent, SSE_COMMENT } from "./sse-protocol.ts";

/**
 * Proxies cut connections that are silent for 30 s or more. The runtime says that a reader is gone when something is written to it,
 * so this is also how long one that left takes the place of another.
 */
const SSE_HEARTBEAT_MS = 5_000;
/** Heartbeats that nobody has taken when the reader counts as gone, whatever the runtime says: a minute's. */
const LOST_HEARTBEATS = 12;

export interface EventStreamDeps {
  readonly startTimeout: StartTimeout;
  /** Everything that was sent before the last ping has been taken. */
  readonly onPong: () => void;
  /** The reader is gone. */
  readonly onGone: () => void;
}

const UTF8 = new TextEncoder();

/** One stream; `body` is the response's. */
export class EventStream implements ShardSocket {
  readonly body: ReadableStream<Uint8Array>;
  readonly #deps: EventStreamDeps;
  #waiting: string[] = [];
  /** Set while the reader wants more than there is. */
  #wake: (() => void) | undefined;
  #ended = false;
  #cancelled = false;
  /** What was taken last ended with a ping. */
  #pinged = false;
  #heartbeats = 0;
  #stopHeartbeat: () => void;

  constructor(deps: EventStreamDeps) {
    this.#deps = deps;
    // Without a queue of its own: what is not taken stays where it is counted.
    this.body = new ReadableStream<Uint8Array>({ pull: (controller) => this.#pull(controller), cancel: () => this.#cancel() }, { highWaterMark: 0 });
    this.#stopHeartbeat = this.#startHeartbeat();
  }

  send(text: string): void {
    if (this.#ended) throw new TypeError("The stream has ended.");
    this.#waiting.push(text);
    this.#wake?.();
  }

  /** Ends the stream after what is waiting; but for a stream that is done, with an event that says why, and that it can be resumed. */
  close(code: number, reason: string): void {
    if (this.#ended) return;
    if (code !== CLOSE.DONE) this.send(errorEvent([errorOfRefusal({ code: "UNAVAILABLE", message: reason })]));
    this.#ended = true;
    this.#wake?.();
  }

  attachment(): undefined {
    return undefined;
  }

  keep(): void {
    // Nothing outlives the stream.
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#pinged) this.#deps.onPong();
    this.#pinged = false;
    this.#heartbeats = 0;
    if (this.#waiting.length === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    if (this.#cancelled) return;
    const taken = this.#waiting;
    this.#waiting = [];
    this.#pinged = taken.includes(SSE_COMMENT);
    if (taken.length > 0) controller.enqueue(UTF8.encode(taken.join("")));
    if (!this.#ended) return;
    this.#stopHeartbeat();
    controller.close();
  }

  #startHeartbeat(): () => void {
    return this.#deps.startTimeout(SSE_HEARTBEAT_MS, () => {
      if (this.#heartbeats === LOST_HEARTBEATS) return this.#gone();
      this.#heartbeats += 1;
      // One that waits already says enough.
      if (!this.#ended && this.#heartbeats === 1) this.send(SSE_COMMENT);
      this.#stopHeartbeat = this.#startHeartbeat();
    });
  }

  #cancel(): void {
    this.#cancelled = true;
    this.#gone();
  }

  #gone(): void {
    this.#ended = true;
    this.#waiting = [];
    this.#stopHeartbeat();
    this.#wake?.();
    this.#deps.onGone();
  }
}
