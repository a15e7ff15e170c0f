/** RPC of SubscriptionBufferDO: one session's event log. */
import type { EventWrite, SessionEvent } from "../events.ts";
import type { Result } from "../errors.ts";

/** Whose log it is; the first append fixes it, another identity is refused with INTEGRITY. */
export type LogIdentity = { readonly org: string; readonly sessionId: string; readonly workOrderId: string; readonly assemblyId: string };

export type LogTip = {
  /** 0 for an empty log. */
  readonly lastSeq: number;
  /** Hash of the last event; the genesis hash for an empty log. */
  readonly rootHash: string;
  /** True once the terminal event is in. */
  readonly closed: boolean;
};

/** Limits of a log; what is over one is TOO_LARGE and the message names it. */
export const LOG_LIMITS = {
  /** Of one event as a JSON line, in UTF-8 bytes. */
  eventBytes: 256 * 1024,
  /** Of one `append` or one `read`. */
  pageEvents: 1_000,
} as const;

export interface SessionLogRpc {
  /**
   * Appends events in order; an event id that is known is skipped. All of a call are in one transaction.
   * Refuses FAILED_PRECONDITION for a new event after the terminal one and TOO_LARGE for an event over the limit.
   */
  append(identity: LogIdentity, events: readonly EventWrite[]): Promise<Result<{ tip: LogTip; appended: number }>>;
  /**
   * Events strictly after `after`, at most `limit`, in order; fewer when they are large, at least one when there is one.
   *
   * @throws FactoryError TOO_LARGE for a limit over `LOG_LIMITS.pageEvents`, INVALID_ARGUMENT for what is no cursor.
   */
  read(after: number, limit: number): Promise<{ events: SessionEvent[]; tip: LogTip }>;
  /**
   * NDJSON of events strictly after `after`: first what is stored, then live, one JSON object a line; an empty line
   * is a heartbeat. Ends after the terminal event.
   *
   * @throws FactoryError INVALID_ARGUMENT for what is no cursor.
   */
  subscribe(after: number): Promise<ReadableStream<Uint8Array>>;
  tip(): Promise<LogTip>;
}
