/** RPC of SubscriptionBufferDO: one session's event log, or an assembly's log of what its sessions wrote. */
import type { EventKind, EventPayload, EventWrite, SessionEvent } from "../events.ts";
import type { Org } from "../identity.ts";
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
  /** True once it is served from the archive. */
  readonly archived: boolean;
};

/** Limits of a log; what is over one is TOO_LARGE and the message names it. */
export const LOG_LIMITS = {
  /** Of one event as a JSON line, in UTF-8 bytes. */
  eventBytes: 256 * 1024,
  /** Of one `append` or one `read`. */
  pageEvents: 1_000,
  /**
   * Of one session: 10 000 beads at some 30 events each, and room. The stream `sessionEvents` and the evidence package may use
   * {@link reservedEvents} more, so that a session can always end; its terminal event is taken always.
   */
  sessionEvents: 500_000,
  reservedEvents: 10_000,
  /** Shards that a log pushes to. */
  sinks: 64,
} as const;

/** Which log. */
export type LogAddress =
  | { readonly kind: "session"; readonly org: Org; readonly sessionId: string }
  | { readonly kind: "assembly"; readonly org: Org; readonly assemblyId: string };

/** A shard of client sockets that a log pushes to: the object `objectName.subscribers(org, shard)`. */
export type SinkAddress = { readonly org: Org; readonly shard: number };

/** Events of one log, gapless: strictly after `afterSeq` up to and with `lastSeq`. */
export type LogBatch = {
  readonly log: LogAddress;
  readonly afterSeq: number;
  readonly lastSeq: number;
  /** The events as NDJSON, one line an event, each ended by a newline; empty when the batch only says that the log is closed. */
  readonly lines: string;
  /** True when the log's last event is in and nothing will follow. */
  readonly closed: boolean;
};

/** The one upward call: what a log pushes to. */
export interface EventSinkRpc {
  /**
   * Takes a batch. `lastSeq` is what the sink has now: the log goes on from there, so a batch that does not join is asked
   * for again. `keep` false takes the sink off the log.
   */
  push(batch: LogBatch): Promise<{ readonly keep: boolean; readonly lastSeq: number }>;
}

/** What every log offers those who read it. */
export interface ReadableLogRpc {
  /**
   * NDJSON of events strictly after `after`: first what is stored, then live, one JSON object a line; an empty line
   * is a heartbeat. Ends after the terminal event. Served from the archive where the log has been archived.
   *
   * @throws FactoryError INVALID_ARGUMENT for what is no cursor.
   */
  subscribe(after: number): Promise<ReadableStream<Uint8Array>>;
  tip(): Promise<LogTip>;
  /** Pushes everything strictly after `after` to the sink from now on; the same sink again only moves its cursor. TOO_LARGE over `LOG_LIMITS.sinks`. */
  attach(sink: SinkAddress, after: number): Promise<Result<{ tip: LogTip }>>;
  detach(sink: SinkAddress): Promise<void>;
}

/** One row of an assembly's log: an event of a session's stream `artifactWrites`, with a gapless `seq` of the assembly's own. */
export type AssemblyEvent = {
  readonly seq: number;
  readonly eventId: string;
  readonly kind: EventKind;
  readonly assemblyId: string;
  readonly sessionId: string;
  /** The event's `seq` in its session's log. */
  readonly sessionSeq: number;
  readonly occurredAt: number;
  readonly payload: EventPayload;
  readonly prevHash: string;
  readonly hash: string;
};

/** The log of an assembly. It is never terminal and is trimmed to the archive by age. */
export interface AssemblyLogRpc extends ReadableLogRpc {
  /**
   * Takes events of a session in the order of their `seq`; a known one is skipped. Called by session logs only.
   *
   * @param lines - their lines as the session's log has them, each ended by a newline
   */
  appendWrites(org: Org, assemblyId: string, lines: string): Promise<Result<{ tip: LogTip }>>;
  /** As {@link SessionLogRpc.read}. */
  readWrites(after: number, limit: number): Promise<{ events: AssemblyEvent[]; tip: LogTip }>;
}

export interface SessionLogRpc extends ReadableLogRpc {
  /**
   * Appends events in order; an event id that is known is skipped. All of a call are in one transaction.
   * Refuses FAILED_PRECONDITION for a new event after the terminal one and TOO_LARGE for an event over the limit.
   */
  append(identity: LogIdentity, events: readonly EventWrite[]): Promise<Result<{ tip: LogTip; appended: number }>>;
  /**
   * As {@link SessionLogRpc.append}, of events as `textOfEvents` writes them. Their payloads are not checked again: only Workers
   * of the platform call it, and never with what somebody else has brought.
   */
  appendText(identity: LogIdentity, events: string): Promise<Result<{ tip: LogTip; appended: number }>>;
  /**
   * From now on takes nothing but the session's evidence and its terminal event, so that whoever else may append cannot come
   * between them and the chain that the evidence covers. Doing it again changes nothing.
   */
  seal(identity: LogIdentity): Promise<Result<{ tip: LogTip }>>;
  /**
   * Events strictly after `after`, at most `limit`, in order; fewer when they are large, at least one when there is one.
   *
   * @throws FactoryError TOO_LARGE for a limit over `LOG_LIMITS.pageEvents`, INVALID_ARGUMENT for what is no cursor.
   */
  read(after: number, limit: number): Promise<{ events: SessionEvent[]; tip: LogTip }>;
}

/** Body of a `projections` queue message: events of a session's log that the read model may not have. A hint, never the events. */
export type ProjectionMessage = { readonly org: Org; readonly sessionId: string; readonly fromSeq: number; readonly toSeq: number };
