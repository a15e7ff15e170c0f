/**
 * `graphql-transport-ws`, as the standard `graphql-ws` client speaks it, on sockets that hibernate: what its library keeps in memory is
 * in the shard's attachments and rows here. Operations other than subscriptions are refused one by one.
 *
 * `connection_init` carries the credential of a client that could not set a header on its upgrade: `payload.authorization`, as that
 * header, or `payload.apiKey`. A `next` is one batch.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
import { GRAPHQL_TRANSPORT_WS_SUBPROTOCOL } from "@factory/schemas/rpc";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { z } from "zod";
import { CLOSE } from "../subscription-limits.ts";
import type { ClientCommand, ProtocolFault, SubscriptionProtocol } from "../subscription-protocol.ts";
import { errorOfRefusal, errorsOfDocument } from "./graphql-errors.ts";
import { OPERATION_LIMITS } from "./operation-limits.ts";
import type { OperationPlanner, OperationRequest } from "./operation-plan.ts";
import type { SelectedEvents } from "./selected-events.ts";
import { subscribeCommand } from "./subscribe-command.ts";

const object = z.record(z.string(), z.unknown());
const id = z.string().min(1).max(128);

/** What a client of the protocol may say; a message of the server's is none. */
const clientMessage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("connection_init"), payload: object.nullish() }),
  z.object({ type: z.literal("ping"), payload: object.nullish() }),
  z.object({ type: z.literal("pong"), payload: object.nullish() }),
  z.object({ type: z.literal("complete"), id }),
  z.object({
    type: z.literal("subscribe"),
    id,
    payload: z.object({ query: z.string(), operationName: z.string().nullish(), variables: object.nullish(), extensions: object.nullish() }),
  }),
]);
type ClientMessage = z.infer<typeof clientMessage>;

/** A close reason has 123 bytes; a message of the parser may be longer, and is cut where characters are of one byte. */
const REASON_CHARS = 100;

const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';
const fault = (code: number, reason: string): ProtocolFault => ({ type: "fault", code, reason });

function read(frame: string): ClientMessage | ProtocolFault {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return fault(CLOSE.BAD_MESSAGE, "A message is one JSON object.");
  }
  const message = clientMessage.safeParse(value);
  if (message.success) return message.data;
  const text = z.prettifyError(message.error).replaceAll(/[^\x20-\x7e]+/g, " ");
  return fault(CLOSE.BAD_MESSAGE, `Invalid message: ${text.slice(0, REASON_CHARS)}`);
}

const text = z.string().min(1);
/** A browser's client may write the header's name as it likes. */
const credential = z.object({ authorization: text.optional(), Authorization: text.optional(), apiKey: text.optional() });

/** The `authorization` header that a `connection_init` stands for; a bare key is taken for one of Bearer. */
function authorizationOf(payload: { readonly [name: string]: unknown } | null | undefined): string | null {
  const { authorization, Authorization, apiKey } = credential.safeParse(payload ?? {}).data ?? {};
  const given = authorization ?? Authorization ?? apiKey;
  if (given === undefined) return null;
  return given.includes(" ") ? given : `Bearer ${given}`;
}

const errorFrame = (operation: string, errors: readonly GraphQLFormattedError[]): string => JSON.stringify({ id: operation, type: "error", payload: errors });

/** The dialect over one schema. */
export function transportWsProtocol(planner: OperationPlanner, selected: SelectedEvents): SubscriptionProtocol {
  const subscribe = (operation: string, request: OperationRequest): ClientCommand | ProtocolFault => {
    const plan = planner.plan(request);
    const command = plan.ok ? subscribeCommand(operation, plan) : plan.errors;
    if ("type" in command) return command;
    const errors = command instanceof GraphQLError ? [command] : command;
    return { type: "refused", id: operation, frame: errorFrame(operation, errorsOfDocument(errors)) };
  };
  return {
    name: GRAPHQL_TRANSPORT_WS_SUBPROTOCOL,
    autoResponse: { request: PING, response: PONG },
    ack: '{"type":"connection_ack"}',
    single: false,
    // A document and its variables, escaped, with what is around them.
    frameChars: 2 * (OPERATION_LIMITS.documentChars + OPERATION_LIMITS.variablesChars),
    slowCode: CLOSE.TRY_LATER,
    parse: (frame, ready) => {
      const message = read(frame);
      switch (message.type) {
        case "connection_init":
          return { type: "init", authorization: authorizationOf(message.payload) };
        case "ping":
        case "pong":
          return { type: message.type };
        case "complete":
          return { type: "unsubscribe", id: message.id };
        case "subscribe":
          // Nothing of a document is looked at before the connection is acknowledged.
          return ready ? subscribe(message.id, requestOf(message.payload)) : fault(CLOSE.UNAUTHORIZED, "Unauthorized");
        case "refused":
        case "fault":
          return message;
        default:
          return message satisfies never;
      }
    },
    payload: (events, lastSeq, selection) => {
      if (selection === undefined) throw new TypeError("An operation of GraphQL selects what it is sent.");
      return `,"payload":${selected.render(selection, events.parsed(), lastSeq)}}`;
    },
    next: (operation, payload) => `{"type":"next","id":${JSON.stringify(operation)}${payload}`,
    complete: (operation) => JSON.stringify({ id: operation, type: "complete" }),
    error: (operation, refusal) => errorFrame(operation, [errorOfRefusal(refusal)]),
    ping: () => PING,
    pong: () => PONG,
  };
}

/** Without the fields that an operation is not read by. */
function requestOf({ query, operationName, variables }: (ClientMessage & { type: "subscribe" })["payload"]): OperationRequest {
  return { query, operationName: operationName ?? null, variables: variables ?? null };
}
