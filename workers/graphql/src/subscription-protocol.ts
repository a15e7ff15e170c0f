/**
 * What a shard says and hears, apart from how it is written on the wire. A dialect is a module behind this interface; a socket
 * speaks the one it negotiated.
 */
import type { Refusal } from "@factory/schemas";
import type { EventFilter } from "./event-filter.ts";

/** Which log of the socket's org. */
export type LogChoice = { readonly sessionId: string } | { readonly assemblyId: string };

/** What a client asks for. */
export type ClientCommand =
  | { readonly type: "subscribe"; readonly id: string; readonly log: LogChoice; readonly filter: EventFilter; readonly afterSeq: number }
  | { readonly type: "unsubscribe"; readonly id: string }
  | { readonly type: "ping" }
  | { readonly type: "pong" };

/** A frame that is none of the dialect's: of one operation, which is refused, or of the whole socket, which is closed. */
export type ProtocolFault =
  | { readonly type: "refused"; readonly id: string; readonly refusal: Refusal }
  | { readonly type: "fault"; readonly code: number; readonly reason: string };

/** One dialect. */
export interface SubscriptionProtocol {
  /** The WebSocket subprotocol it is negotiated by. */
  readonly name: string;
  /** A client's ping and its answer, given by the runtime without waking the shard. */
  readonly autoResponse: { readonly request: string; readonly response: string };
  parse(frame: string): ClientCommand | ProtocolFault;
  /** The part of `next` that all clients of a distinct operation share; `lines` are events as JSON. */
  payload(lines: readonly string[], lastSeq: number): string;
  /** Splices an operation's id around a payload. */
  next(id: string, payload: string): string;
  complete(id: string): string;
  error(id: string, refusal: Refusal): string;
  ping(): string;
  pong(): string;
}
