/** The events of a session's log, by pages. */
import type { EventKind, SessionEvent, Stream } from "@factory/schemas";
import { LOG_LIMITS, type SessionLogRpc } from "@factory/schemas/rpc";
import { decodeCursor } from "./cursors.ts";
import { pageOf, pageSize, type Page, type PageArgs } from "./pages.ts";

/** An event as it is shown. */
export type TimelineEvent = SessionEvent;

/** Which events; an absent filter lets everything pass. */
export type TimelineArgs = PageArgs & {
  /** Strictly after this `seq`; `after` wins. */
  readonly afterSeq?: number | null | undefined;
  readonly kinds?: readonly EventKind[] | null | undefined;
  readonly streams?: readonly Stream[] | null | undefined;
  readonly runId?: string | null | undefined;
  readonly beadId?: string | null | undefined;
};

/** A page of events, with how far the log was read for it and where it ends. */
export type TimelinePage = Page<TimelineEvent> & { readonly readToSeq: number; readonly tipSeq: number; readonly closed: boolean };

/** Pages of the log that one page of a filtered timeline reads at most: 5 000 events. */
const MAX_LOG_PAGES = 5;
const LIST = "events";

/** Reads of the logs of an org's sessions. */
export class TimelineReads {
  readonly #logOf: (sessionId: string) => Pick<SessionLogRpc, "read">;

  /** @param logOf - the log of a session of the viewer's org; ask only for sessions that are known, since asking makes an object */
  constructor(logOf: (sessionId: string) => Pick<SessionLogRpc, "read">) {
    this.#logOf = logOf;
  }

  /**
   * Events in the order of their `seq`. A page may be short although there is more: then its `endCursor` goes on from where the
   * log was read to.
   *
   * @throws FactoryError INVALID_ARGUMENT
   */
  async page(sessionId: string, args: TimelineArgs): Promise<TimelinePage> {
    const size = pageSize(args);
    const start = args.after === undefined || args.after === null ? (args.afterSeq ?? 0) : decodeCursor(LIST, args.after)[0];
    const log = this.#logOf(sessionId);
    const found: TimelineEvent[] = [];
    let readToSeq = start;
    let tip = { lastSeq: start, closed: false };
    for (let pages = 0; pages < MAX_LOG_PAGES && found.length < size; pages++) {
      const read = await log.read(readToSeq, filters(args) ? LOG_LIMITS.pageEvents : size - found.length);
      tip = read.tip;
      for (const event of read.events) {
        if (found.length === size) break;
        readToSeq = event.seq;
        if (passes(args, event)) found.push(event);
      }
      if (readToSeq >= tip.lastSeq || read.events.length === 0) break;
    }
    const page = pageOf(LIST, found, size, ({ seq }) => [seq, seq], args);
    return { ...page, more: readToSeq < tip.lastSeq, readToSeq, tipSeq: tip.lastSeq, closed: tip.closed };
  }
}

function filters({ kinds, streams, runId, beadId }: TimelineArgs): boolean {
  return [kinds, streams, runId, beadId].some((filter) => filter !== undefined && filter !== null);
}

function passes({ kinds, streams, runId, beadId }: TimelineArgs, event: TimelineEvent): boolean {
  if (kinds !== undefined && kinds !== null && !kinds.includes(event.kind)) return false;
  if (streams !== undefined && streams !== null && !streams.includes(event.stream)) return false;
  if (runId !== undefined && runId !== null && event.runId !== runId) return false;
  return beadId === undefined || beadId === null || ("beadId" in event.payload && event.payload.beadId === beadId);
}
