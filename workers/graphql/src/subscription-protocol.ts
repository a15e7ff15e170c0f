/**
 * What a shard says and hears, apart from how it is written on the wire. A dialect is a module behind this interface; a socket
 * speaks the one it negotiated.
 */
import type { Refusal } from "@factory/schemas";
import type { EventFilter } from "./event-filter.ts";

/** Which log of the socket's org. */
export type LogChoice = { readonly sessionId: string } | { readonly assemblyId: string };

/** What an operation is sent of each event, in a dialect that lets it choose. Two of one key are sent the same. */
export type Selection = { readonly key: string; readonly text: string };

/** Asks for the events of a log; a run's are in the log of its session, which the shard finds. */
export type SubscribeCommand = {
  readonly type: "subscribe";
  readonly id: string;
  readonly log: LogChoice | { readonly runId: string };
  readonly filter: EventFilter;
  readonly afterSeq: number;
  readonly selection?: Selection;
};

/** What a client asks for. */
export type ClientCommand =
  /** Opens a connection within the socket; `authorization` is as the header of that name, null without a credential. */
  | { readonly type: "init"; readonly authorization: string | null }
  | SubscribeCommand
  | { readonly type: "unsubscribe"; readonly id: string }
  | { readonly type: "ping" }
  | { readonly type: "pong" };

/** A frame that is none of the dialect's: of one operation, which is answered with `frame`, or of the whole socket, which is closed. */
export type ProtocolFault =
  | { readonly type: "refused"; readonly id: string; readonly frame: string }
  | { readonly type: "fault"; readonly code: number; readonly reason: string };

/** Events of a log that an operation is sent, as JSON and, once somebody asks, parsed. */
export type PassedEvents = { readonly lines: readonly string[]; readonly parsed: () => readonly object[] };

/** One dialect. */
export interface SubscriptionProtocol {
  /** The WebSocket subprotocol it is negotiated by. */
  readonly name: string;
  /** A client's ping and its answer, given by the runtime without waking the shard. */
  readonly autoResponse: { readonly request: string; readonly response: string };
  /** The answer to a client's `init`, before which its socket may ask for nothing; null in a dialect without a handshake. */
  readonly ack: string | null;
  /** True where a connection is one operation and ends with it. */
  readonly single: boolean;
  /** Of one frame that a client sends, in characters. */
  readonly frameChars: number;
  /** Closes a socket that does not drain. */
  readonly slowCode: number;
  /** @param ready - false for a socket that has not been sent `ack` yet */
  parse(frame: string, ready: boolean): ClientCommand | ProtocolFault;
  /** The part of `next` that all clients of a distinct operation share. */
  payload(events: PassedEvents, lastSeq: number, selection: Selection | undefined): string;
  /** Splices an operation's id around a payload. */
  next(id: string, payload: string): string;
  complete(id: string): string;
  error(id: string, refusal: Refusal): string;
  ping(): string;
  pong(): string;
}
