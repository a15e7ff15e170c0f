/**
 * `graphql-sse` in distinct connections mode: one operation a connection, which ends with it. The shard speaks it through an
 * `EventStream`, to which a ping is a comment and its being read the pong.
 *
 * Each event's `id` is the batch's `lastSeq`, so that a client which keeps it (as `EventSource` does) resumes with `Last-Event-ID`.
 *
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
 */
import type { GraphQLFormattedError } from "graphql";
import { CLOSE } from "../subscription-limits.ts";
import type { SubscriptionProtocol } from "../subscription-protocol.ts";
import { errorOfRefusal } from "./graphql-errors.ts";
import type { SelectedEvents } from "./selected-events.ts";

/** Name of the dialect within a shard; it is negotiated by the request's path. */
export const SSE_PROTOCOL = "graphql-sse";

/** A comment, which clients read over. */
export const SSE_COMMENT = ":\n\n";
const COMPLETE = "event: complete\ndata:\n\n";

/** A `next` that carries errors and no data. */
export const errorEvent = (errors: readonly GraphQLFormattedError[]): string => `event: next\ndata: ${JSON.stringify({ errors })}\n\n`;

/** An operation that was refused before it began: the protocol tells of it in the stream. */
export const refusedStream = (errors: readonly GraphQLFormattedError[]): string => errorEvent(errors) + COMPLETE;

/** The dialect over one schema. */
export function sseProtocol(selected: SelectedEvents): SubscriptionProtocol {
  return {
    name: SSE_PROTOCOL,
    autoResponse: { request: SSE_COMMENT, response: SSE_COMMENT },
    ack: null,
    single: true,
    frameChars: 1,
    slowCode: CLOSE.TRY_LATER,
    // A client says nothing after its request; what comes is the stream's word that everything was read.
    parse: () => ({ type: "pong" }),
    payload: (events, lastSeq, selection) => {
      if (selection === undefined) throw new TypeError("An operation of GraphQL selects what it is sent.");
      return `event: next\nid: ${lastSeq}\ndata: ${selected.render(selection, events.parsed(), lastSeq)}\n\n`;
    },
    next: (_operation, payload) => payload,
    complete: () => COMPLETE,
    error: (_operation, refusal) => refusedStream([errorOfRefusal(refusal)]),
    ping: () => SSE_COMMENT,
    pong: () => SSE_COMMENT,
  };
}
