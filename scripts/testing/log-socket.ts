/** A client of `/subscriptions` for tests on the platform: it keeps what it was sent and comes back with its last seq. */
import { LOG_SUBPROTOCOL } from "@factory/schemas/rpc";

type Frame = {
  readonly type: string;
  readonly events?: readonly { readonly seq: number; readonly kind: string }[];
  readonly lastSeq?: number;
  readonly code?: string;
};

/** What it follows. */
export type Followed = { readonly log: { readonly sessionId: string } | { readonly assemblyId: string }; readonly mode?: "TERMINAL_ONLY" };

/** One operation, over as many sockets as it takes. */
export class LogSocket {
  readonly seqs: number[] = [];
  readonly kinds: string[] = [];
  /** The last frame that was no `next`. */
  end: Frame | undefined;
  sockets = 0;
  #lastSeq = 0;
  #closed = true;
  #wake: (() => void)[] = [];
  readonly #url: string;
  readonly #apiKey: string;
  readonly #followed: Followed;

  constructor(url: string, apiKey: string, followed: Followed) {
    this.#url = `${url.replace(/^http/, "ws")}/subscriptions`;
    this.#apiKey = apiKey;
    this.#followed = followed;
  }

  /** Connects as a browser does and goes on after the last seq it has. */
  connect(): this {
    const key = `factory-key.${Buffer.from(this.#apiKey).toString("base64url")}`;
    const socket = new WebSocket(this.#url, [LOG_SUBPROTOCOL, key]);
    this.sockets += 1;
    this.#closed = false;
    socket.addEventListener("open", () => socket.send(JSON.stringify({ type: "subscribe", id: "a", ...this.#followed, afterSeq: this.#lastSeq })));
    socket.addEventListener("message", ({ data }) => this.#take(socket, JSON.parse(String(data)) as Frame));
    socket.addEventListener("close", () => {
      this.#closed = true;
      this.#woken();
    });
    return this;
  }

  /** Waits until what is said holds. */
  async until(holds: (socket: this) => boolean): Promise<this> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this;
  }

  /** True while no socket is open. */
  get closed(): boolean {
    return this.#closed;
  }

  #take(socket: WebSocket, frame: Frame): void {
    if (frame.type === "ping") socket.send('{"type":"pong"}');
    else if (frame.type === "next") {
      for (const { seq, kind } of frame.events ?? []) {
        this.seqs.push(seq);
        this.kinds.push(kind);
      }
      this.#lastSeq = frame.lastSeq ?? this.#lastSeq;
    } else if (frame.type !== "pong") {
      this.end = frame;
      socket.close();
    }
    this.#woken();
  }

  #woken(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
