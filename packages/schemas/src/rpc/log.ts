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

export interface SessionLogRpc {
  /**
   * Appends events in order; an event id that is known is skipped. All of a call are in one transaction.
   * Refuses FAILED_PRECONDITION for a new event after the terminal one and TOO_LARGE for an event over the limit.
   */
  append(identity: LogIdentity, events: readonly EventWrite[]): Promise<Result<{ tip: LogTip; appended: number }>>;
  /** Events strictly after `after`, at most `limit`, in order. */
  read(after: number, limit: number): Promise<{ events: SessionEvent[]; tip: LogTip }>;
  /**
   * NDJSON of events strictly after `after`: first what is stored, then live, one JSON object a line; an empty line
   * is a heartbeat. Ends after the terminal event.
   */
  subscribe(after: number): Promise<ReadableStream<Uint8Array>>;
  tip(): Promise<LogTip>;
}
