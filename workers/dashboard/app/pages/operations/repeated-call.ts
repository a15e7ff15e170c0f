/** A call that is made again and again while somebody looks. One at a time; what was answered stays until there is something newer. */

export type RepeatedCallDeps<Answer> = {
  readonly call: (signal: AbortSignal) => Promise<Answer>;
  /** Milliseconds from one answer, or failure, to the next call. */
  readonly everyMs: number;
  /** False while nobody looks: then no call is made. */
  readonly mayAsk: () => boolean;
  readonly onAsking: (isAsking: boolean) => void;
  readonly onAnswer: (answer: Answer) => void;
  readonly onError: (err: unknown) => void;
};

export class RepeatedCall<Answer> {
  readonly #deps: RepeatedCallDeps<Answer>;
  /** Not persisted: of the call under way. */
  #controller: AbortController | undefined;
  /** Not persisted: until the next call. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The first call is made by {@link ask}. */
  constructor(deps: RepeatedCallDeps<Answer>) {
    this.#deps = deps;
  }

  /** Calls at once, unless a call is under way. The returned promise ends with the call and does not fail. */
  async ask(): Promise<void> {
    if (this.#controller !== undefined) return;
    clearTimeout(this.#timer);
    const controller = new AbortController();
    this.#controller = controller;
    const { call, onAsking, onAnswer, onError } = this.#deps;
    onAsking(true);
    try {
      const answer = await call(controller.signal);
      if (!controller.signal.aborted) onAnswer(answer);
    } catch (err) {
      // A call that was given up has no one left to tell of its end.
      if (!controller.signal.aborted) onError(err);
    }
    if (controller.signal.aborted) return;
    this.#controller = undefined;
    onAsking(false);
    this.#wait();
  }

  /** Gives up the call under way and makes no more. */
  stop(): void {
    clearTimeout(this.#timer);
    // It stays: nothing may be asked after the end.
    this.#controller ??= new AbortController();
    this.#controller.abort();
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      if (this.#deps.mayAsk()) void this.ask();
      else this.#wait();
    }, this.#deps.everyMs);
  }
}
