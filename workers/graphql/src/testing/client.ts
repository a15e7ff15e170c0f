/** A client's socket in a test: what the server said, and waiting for it. */

/** One frame of the server, as far as tests look at it. */
export type Frame = {
  readonly type: string;
  readonly id?: string;
  readonly events?: readonly { readonly seq: number; readonly kind: string }[];
  readonly lastSeq?: number;
  readonly code?: string;
  readonly message?: string;
  /** Of `graphql-transport-ws`: a result, or the errors of an operation. */
  readonly payload?:
    | { readonly data?: { readonly [field: string]: Batch } }
    | readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
};
type Batch = { readonly events?: readonly { readonly seq: number; readonly kind: string }[]; readonly lastSeq?: number };

/** A frame of either dialect with its batch where `factory-log.v1` has it. */
function flat(frame: Frame): Frame {
  const { payload } = frame;
  if (payload === undefined) return frame;
  if ("map" in payload) return { ...frame, code: payload[0]?.extensions.code ?? "", message: payload[0]?.message ?? "" };
  return { ...frame, ...Object.values(payload.data ?? {})[0] };
}

/** Keeps the frames of one socket in order. */
export class TestClient {
  readonly frames: Frame[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #socket: WebSocket;
  #wake: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      // Every frame of the dialect is a JSON object in text.
      this.frames.push(flat(JSON.parse(String(data)) as Frame));
      this.#woken();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#woken();
    });
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Closes it as a client that is done. */
  close(): void {
    this.#socket.close(1000, "done");
  }

  /** Waits until what is said holds. */
  async until(holds: (client: this) => boolean): Promise<this> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this;
  }

  /** Seqs that an operation was sent, in order. */
  seqs(id: string): number[] {
    return this.frames.filter((frame) => frame.type === "next" && frame.id === id).flatMap(({ events }) => (events ?? []).map(({ seq }) => seq));
  }

  /** Waits until an operation has been sent an event. */
  untilSeq(id: string, seq: number): Promise<this> {
    return this.until(() => (this.seqs(id).at(-1) ?? 0) >= seq);
  }

  #woken(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
