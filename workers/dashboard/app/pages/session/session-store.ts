/** What the session's page knows, outside of the page's components: they are told once per animation frame at most. */
import type { EventKind } from "@factory/schemas";
import { foldEvents, modelOfHead, withBeads, withHead, type SessionModel } from "./session-model.ts";
import type { BeadRow, EventRow, SessionHead } from "./session-queries.ts";

/** What every tab of the page reads. */
export type SessionView = { readonly sessionId: string; readonly session: SessionHead; readonly model: SessionModel };

/** The page, before and after the session is known. */
export type SessionPageState =
  | { readonly kind: "asking" }
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly error: Error }
  | { readonly kind: "known"; readonly view: SessionView; /** Set while newer figures cannot be had. */ readonly error: Error | null };

/** Events that are kept for the timeline; older ones are asked for. */
const KEPT_EVENTS = 20_000;

/** Runs a function before the next frame is painted, and in a hidden tab, which paints none, within a second. */
export type NextFrame = (run: () => void) => void;

const HIDDEN_TAB_MS = 1_000;

/** The browser's frames. */
export const nextFrame: NextFrame = (run) => {
  let hasRun = false;
  const once = (): void => {
    if (hasRun) return;
    hasRun = true;
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    run();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, HIDDEN_TAB_MS);
};

/** One session's head, model and events. */
export class SessionStore {
  readonly #sessionId: string;
  readonly #frame: NextFrame;
  readonly #listeners = new Set<() => void>();
  #state: SessionPageState = { kind: "asking" };
  #events: readonly EventRow[] = [];
  #waiting: EventRow[] = [];
  #isFrameAsked = false;
  /** Up to here it is known of which kinds the events are that the read model has read too. */
  #markedSeq = 0;
  /** By kind, the last of those events. */
  readonly #readSeqs = new Map<string, number>();

  constructor(sessionId: string, frame: NextFrame = nextFrame) {
    this.#sessionId = sessionId;
    this.#frame = frame;
  }

  // Bound, since React takes them as functions.
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly state = (): SessionPageState => this.#state;
  readonly events = (): readonly EventRow[] => this.#events;

  /** The last event that has come, folded or not; resuming begins after it. */
  get lastSeq(): number {
    const folded = this.#state.kind === "known" ? this.#state.view.model.seq : 0;
    return this.#waiting.at(-1)?.seq ?? folded;
  }

  /** True while the read model has not read all that has come. */
  get isBehind(): boolean {
    return this.#markedSeq < this.lastSeq;
  }

  /** Changes when the read model has read an event of one of the kinds that came while the page was open. */
  readSeq(kinds: readonly EventKind[]): number {
    return Math.max(0, ...kinds.map((kind) => this.#readSeqs.get(kind) ?? 0));
  }

  /** The head was answered; null where there is no such session. */
  takeHead(head: SessionHead | null): void {
    if (head === null) {
      if (this.#state.kind !== "known") this.#become({ kind: "missing" });
      return;
    }
    if (this.#state.kind !== "known") {
      this.#markedSeq = head.asOfSeq;
      this.#become({ kind: "known", view: { sessionId: this.#sessionId, session: head, model: modelOfHead(head) }, error: null });
      return;
    }
    const { model } = this.#state.view;
    this.#markRead(Math.min(head.asOfSeq, model.seq));
    this.#become({ kind: "known", view: { sessionId: this.#sessionId, session: head, model: withHead(model, head) }, error: null });
  }

  /** A page of the beads was answered. */
  takeBeads(rows: readonly BeadRow[], isLastPage: boolean): void {
    this.#changeModel((model) => withBeads(model, rows, isLastPage));
  }

  /** Events came. They are folded before the next frame. */
  takeEvents(events: readonly EventRow[]): void {
    const last = this.lastSeq;
    this.#waiting.push(...events.filter(({ seq }) => seq > last));
    if (this.#waiting.length === 0 || this.#isFrameAsked) return;
    this.#isFrameAsked = true;
    this.#frame(() => {
      this.#isFrameAsked = false;
      this.#foldWaiting();
    });
  }

  /** The head could not be asked. */
  takeError(error: Error): void {
    this.#become(this.#state.kind === "known" ? { ...this.#state, error } : { kind: "failed", error });
  }

  #foldWaiting(): void {
    const events = this.#waiting;
    this.#waiting = [];
    const all = [...this.#events, ...events];
    // Cut by a quarter at a time, so that a long session does not copy all of it for each event.
    this.#events = all.length > KEPT_EVENTS * 1.25 ? all.slice(-KEPT_EVENTS) : all;
    this.#changeModel((model) => foldEvents(model, events));
  }

  #changeModel(change: (model: SessionModel) => SessionModel): void {
    if (this.#state.kind !== "known") return;
    const { view } = this.#state;
    this.#become({ ...this.#state, view: { ...view, model: change(view.model) } });
  }

  #markRead(upToSeq: number): void {
    for (let index = this.#events.length - 1; index >= 0; index--) {
      const event = this.#events[index];
      if (event === undefined || event.seq <= this.#markedSeq) break;
      if (event.seq <= upToSeq) this.#readSeqs.set(event.kind, Math.max(event.seq, this.#readSeqs.get(event.kind) ?? 0));
    }
    this.#markedSeq = Math.max(this.#markedSeq, upToSeq);
  }

  #become(state: SessionPageState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
