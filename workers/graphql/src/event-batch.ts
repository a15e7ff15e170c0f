/** Gapless events of one log on their way to sockets: filtered and serialised once for each distinct operation. */
import { FactoryError } from "@factory/schemas";
import { filterKey, OPEN_FILTER_KEY, passes, type EventFilter, type FilteredEvent } from "./event-filter.ts";
import type { PassedEvents, Selection, SubscriptionProtocol } from "./subscription-protocol.ts";

/** What distinguishes operations on one log: sockets that agree in it are sent the same payload. */
export type Distinct = { readonly protocol: SubscriptionProtocol; readonly filter: EventFilter; readonly selection: Selection | undefined };

/** The key of a distinct operation of a log. */
export function distinctKey({ protocol, filter, selection }: Distinct): string {
  return `${protocol.name} ${selection?.key ?? ""} ${filterKey(filter)}`;
}

/** Events strictly after `afterSeq` up to and with `lastSeq`, as JSON. */
export class EventBatch {
  readonly afterSeq: number;
  readonly lastSeq: number;
  readonly #lines: readonly string[];
  /** Not persisted: the events, parsed when the first filter or selection asks. */
  #parsed: readonly FilteredEvent[] | undefined;
  /** Not persisted: payloads by distinct operation and cursor; null where nothing passes. */
  readonly #payloads = new Map<string, string | null>();

  /** @throws FactoryError INTEGRITY when the lines are not as many as the seqs say. */
  constructor(afterSeq: number, lastSeq: number, lines: readonly string[]) {
    if (lines.length !== lastSeq - afterSeq) {
      throw new FactoryError("INTEGRITY", `A batch of the seqs ${afterSeq + 1} to ${lastSeq} has ${lines.length} events.`);
    }
    this.afterSeq = afterSeq;
    this.lastSeq = lastSeq;
    this.#lines = lines;
  }

  /** From NDJSON, one line an event, each ended by a newline. @throws as the constructor. */
  static ofNdjson(afterSeq: number, lastSeq: number, ndjson: string): EventBatch {
    const lines = ndjson.split("\n");
    lines.pop();
    return new EventBatch(afterSeq, lastSeq, lines);
  }

  /** The payload of an operation that has everything up to `cursor`; null when nothing of the batch is for it. */
  payload(distinct: Distinct, cursor: number): string | null {
    const from = Math.max(cursor, this.afterSeq);
    const key = `${from} ${distinctKey(distinct)}`;
    const known = this.#payloads.get(key);
    if (known !== undefined) return known;
    const events = this.#passing(distinct.filter, from);
    const made = events.lines.length === 0 ? null : distinct.protocol.payload(events, this.lastSeq, distinct.selection);
    this.#payloads.set(key, made);
    return made;
  }

  #passing(filter: EventFilter, cursor: number): PassedEvents {
    const skip = cursor - this.afterSeq;
    const all = filterKey(filter) === OPEN_FILTER_KEY;
    const passed = (_value: unknown, index: number): boolean =>
      index >= skip && (all || passes(filter, this.#events()[index] ?? { kind: "SESSION_SUBMITTED" }));
    return { lines: all && skip === 0 ? this.#lines : this.#lines.filter(passed), parsed: () => this.#events().filter(passed) };
  }

  /** The log wrote the lines and is trusted inside. */
  #events(): readonly FilteredEvent[] {
    return (this.#parsed ??= this.#lines.map((line) => JSON.parse(line) as FilteredEvent));
  }
}
