/**
 * `factory-log.v1`: one JSON object a text frame.
 *
 * Client: `{type:"subscribe", id, log:{sessionId}|{assemblyId}, afterSeq, streams?, runId?, mode?}`, `{type:"unsubscribe", id}`,
 * `{type:"ping"}`, `{type:"pong"}`. Server: `{type:"next", id, events, lastSeq}`, `{type:"complete", id}`,
 * `{type:"error", id, code, message, suggestion}`, `{type:"ping"}`, `{type:"pong"}`. A client answers a ping with a pong; a server's
 * ping asks whether the client has what came before it.
 *
 * An event is `{ seq, eventId, kind, occurredAt, payload, runId?, sessionId?, sessionSeq? }`, the last two on an assembly's log. What
 * the client said itself when it subscribed is not said again with each event, and hashes are for those who read the log whole.
 */
import { ERRORS, refuse } from "@factory/schemas";
import type { Refusal, SessionEvent } from "@factory/schemas";
import { LOG_SUBPROTOCOL } from "@factory/schemas/rpc";
import type { AssemblyEvent } from "@factory/schemas/rpc";
import { z } from "zod";
import { filterShape } from "./event-filter.ts";
import { CLOSE, SUBSCRIPTION_LIMITS } from "./subscription-limits.ts";
import type { ClientCommand, ProtocolFault, SubscriptionProtocol } from "./subscription-protocol.ts";

const id = z.string().min(1).max(64);

const sessionLog = z.strictObject({ sessionId: z.string().min(1).max(64) });
const assemblyLog = z.strictObject({ assemblyId: z.string().min(1).max(128) });

/** An assembly's log has one stream and no runs. */
const subscribe = z.union([
  z.strictObject({ type: z.literal("subscribe"), id, log: sessionLog, afterSeq: z.int().min(0), ...filterShape }),
  z.strictObject({ type: z.literal("subscribe"), id, log: assemblyLog, afterSeq: z.int().min(0), mode: filterShape.mode }),
]);
const unsubscribe = z.strictObject({ type: z.literal("unsubscribe"), id });

/** Any message, as far as it tells what it is and what it is about. */
const head = z.looseObject({ type: z.enum(["subscribe", "unsubscribe", "ping", "pong"]), id: z.string().optional() });

const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';

function parse(frame: string): ClientCommand | ProtocolFault {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return fault("A frame is one JSON object.");
  }
  const message = head.safeParse(value);
  if (!message.success) return fault("type is subscribe, unsubscribe, ping or pong; id is text.");
  switch (message.data.type) {
    case "ping":
    case "pong":
      return { type: message.data.type };
    case "subscribe": {
      const parsed = subscribe.safeParse(value);
      if (!parsed.success) return refused(message.data.id, parsed.error);
      const { id: operation, log, afterSeq, type: _type, ...filter } = parsed.data;
      return { type: "subscribe", id: operation, log, afterSeq, filter };
    }
    case "unsubscribe": {
      const parsed = unsubscribe.safeParse(value);
      return parsed.success ? parsed.data : refused(message.data.id, parsed.error);
    }
    default:
      return message.data.type satisfies never;
  }
}

/** A fault of an operation that can be named refuses that operation; of any other one nobody could be told. */
function refused(operation: string | undefined, error: z.ZodError): ProtocolFault {
  const parsed = id.safeParse(operation);
  const text = z.prettifyError(error).replaceAll("\n", " ").slice(0, 500);
  if (!parsed.success) return fault("id is text of 1 to 64 characters.");
  return { type: "refused", id: parsed.data, frame: errorFrame(parsed.data, refuse("INVALID_ARGUMENT", text)) };
}

/** The event of a stored line as clients see it. The log wrote the line and is trusted inside. */
function eventOf(line: string): string {
  const { seq, eventId, kind, occurredAt, runId, sessionId, sessionSeq, payload } = JSON.parse(line) as Partial<SessionEvent & AssemblyEvent>;
  const origin = sessionSeq === undefined ? {} : { sessionId, sessionSeq };
  return JSON.stringify({ seq, eventId, kind, occurredAt, runId, ...origin, payload });
}

const errorFrame = (operation: string, { code, message }: Refusal): string =>
  JSON.stringify({ type: "error", id: operation, code, message, suggestion: ERRORS[code].suggestion });

const fault = (reason: string): ProtocolFault => ({ type: "fault", code: CLOSE.BAD_MESSAGE, reason });

/** The dialect of the shell. */
export const FACTORY_LOG_PROTOCOL: SubscriptionProtocol = {
  name: LOG_SUBPROTOCOL,
  autoResponse: { request: PING, response: PONG },
  ack: null,
  single: false,
  frameChars: SUBSCRIPTION_LIMITS.messageChars,
  slowCode: CLOSE.SLOW,
  parse,
  payload: ({ lines }, lastSeq) => `,"events":[${lines.map(eventOf).join(",")}],"lastSeq":${lastSeq}}`,
  next: (operation, payload) => `{"type":"next","id":${JSON.stringify(operation)}${payload}`,
  complete: (operation) => JSON.stringify({ type: "complete", id: operation }),
  error: errorFrame,
  ping: () => PING,
  pong: () => PONG,
};
