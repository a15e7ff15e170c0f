/** A reader of server-sent events in a test: it takes what it asks for and nothing more. */

/** One event as a browser would dispatch it. */
export type SseEvent = { readonly event: string; readonly id?: string; readonly data: SseData | null };
type SseData = {
  readonly data?: { readonly [field: string]: { readonly events?: readonly { readonly seq: number }[]; readonly lastSeq?: number } };
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
};

/** Reads the events of one response. */
export class EventSourceReader {
  readonly events: SseEvent[] = [];
  /** Comments that came in between. */
  comments = 0;
  ended = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #rest = "";

  constructor(response: Response) {
    if (response.body === null) throw new Error(`The answer ${response.status} has no body.`);
    this.#reader = response.body.getReader();
  }

  /** Reads until what is said holds, or the stream ends. */
  async until(holds: (reader: this) => boolean): Promise<this> {
    while (!holds(this) && !this.ended) {
      const { done, value } = await this.#reader.read();
      this.ended = done;
      if (value !== undefined) this.#take(this.#decoder.decode(value, { stream: true }));
    }
    return this;
  }

  /** Seqs of all events so far, in order. */
  seqs(): number[] {
    return this.events.flatMap(({ data }) => Object.values(data?.data ?? {}).flatMap(({ events }) => (events ?? []).map(({ seq }) => seq)));
  }

  /** Reads until an event has come. */
  untilSeq(seq: number): Promise<this> {
    return this.until((reader) => (reader.seqs().at(-1) ?? 0) >= seq);
  }

  /** Goes away. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) this.#event(block);
  }

  #event(block: string): void {
    if (block.startsWith(":")) {
      this.comments += 1;
      return;
    }
    const fields = new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
    const [event = "message", id, data = ""] = [fields.get("event"), fields.get("id"), fields.get("data")];
    this.events.push({ event, ...(id === undefined ? {} : { id }), data: data === "" ? null : (JSON.parse(data) as SseData) });
  }
}
