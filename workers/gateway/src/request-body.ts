/** A request's body as the library reads it, with what it left unread. */

/**
 * Most bytes of an unread body that are read and dropped before an early answer, in bytes: 32 MiB. A connection that is
 * closed while its client still writes loses the answer; a client that sends more than this is cut off.
 */
const DRAIN_MAX_BYTES = 32 * 1_048_576;

/** A body that is read once, message by message, and then drained. */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #done = false;

  constructor(body: ReadableStream<Uint8Array> | null) {
    this.#reader = body?.getReader();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let chunk = await this.#next(); chunk !== undefined; chunk = await this.#next()) yield chunk;
  }

  /** Reads on to the end and drops what comes, up to the limit. A client that has gone meanwhile needs no answer. */
  async drain(limitBytes: number = DRAIN_MAX_BYTES): Promise<void> {
    let left = limitBytes;
    try {
      for (let chunk = await this.#next(); chunk !== undefined && left > 0; chunk = await this.#next()) left -= chunk.length;
    } catch {
      // The body broke off with its client.
      this.#done = true;
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#reader === undefined || this.#done) return undefined;
    const step = await this.#reader.read();
    if (!step.done) return step.value;
    this.#done = true;
    return undefined;
  }
}
