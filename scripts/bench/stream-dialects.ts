/** How the load generator speaks to each of the servers it measures. */
import { sessionIdOf, subscriberShardOf, ulidId } from "@factory/schemas";
import { GRAPHQL_TRANSPORT_WS_SUBPROTOCOL, LOG_SUBPROTOCOL } from "@factory/schemas/rpc";
import type { RawSocket } from "./raw-socket.ts";

/** What a subscriber learns from one frame: the last seq it now has and how many events came; null for a frame that carries none. */
export type Heard = { readonly lastSeq: number; readonly events: number } | null;

/** One server's dialect. */
export interface Dialect {
  readonly subprotocol: string;
  /** Part of the server that holds the subscriber; frames of one subscriber of each part are that part's pushes. */
  part(index: number): number;
  publisherPath(): string;
  subscriberPath(index: number): string;
  /** Sent once the socket is open. */
  hello(socket: RawSocket, index: number): void;
  /** Reads a frame as cheaply as it can be read; `whole` parses all of it and checks it. */
  hear(frame: Buffer, socket: RawSocket, lastSeq: number, whole: boolean): Heard;
  /** The message that publishes the `seq`-th event. */
  event(seq: number): string;
}

/** Principals that the subscribers are spread over: each may have 128 sockets on a shard. */
const PRINCIPALS = 16;
const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';
const NINE = 57;
const ZERO = 48;

/** The number that ends at `end`, both in ASCII. */
function numberBefore(frame: Buffer, end: number): number {
  let value = 0;
  let scale = 1;
  for (let at = end; at >= 0; at--) {
    const byte = frame.readUInt8(at);
    if (byte < ZERO || byte > NINE) break;
    value += (byte - ZERO) * scale;
    scale *= 10;
  }
  return value;
}

/** The number that starts at `from`. */
function numberAt(frame: Buffer, from: number): number {
  let value = 0;
  for (let at = from; at < frame.length; at++) {
    const byte = frame.readUInt8(at);
    if (byte < ZERO || byte > NINE) break;
    value = value * 10 + (byte - ZERO);
  }
  return value;
}

/** What both dialects of the factory share: its door, its shards and a session of the run's own. */
function factoryDoor(run: string) {
  const org = "bench";
  const session = sessionIdOf(org, "WO-bench", run);
  const principal = (index: number): string => `bench-${index % PRINCIPALS}`;
  return {
    session,
    part: (index: number): number => subscriberShardOf(principal(index), String(index)),
    publisherPath: (): string => `/publish?org=${org}&session=${session}`,
    subscriberPath: (index: number): string => `/subscriptions?org=${org}&principal=${principal(index)}&connection=${index}`,
    event: (seq: number): string =>
      JSON.stringify({
        eventId: ulidId("EVT"),
        kind: "COMPILATION_STARTED",
        occurredAt: Date.now(),
        payload: { fromState: "AWAITING_APPROVAL", toState: "COMPILING", reason: `event ${seq}` },
      }),
  };
}

/** `factory-log.v1` through the door of `stream-bench.worker.ts`; a run has a session of its own. */
export function factoryDialect(run: string): Dialect {
  const { session, ...door } = factoryDoor(run);
  return {
    ...door,
    subprotocol: LOG_SUBPROTOCOL,
    hello: (socket, index) => socket.send(JSON.stringify({ type: "subscribe", id: `op-${index}`, log: { sessionId: session }, afterSeq: 0 })),
    hear: (frame, socket, lastSeq, whole) => {
      if (isPing(frame)) {
        socket.send(PONG);
        return null;
      }
      // A frame ends with `"lastSeq":N}`, and the log is gapless.
      const heard = numberBefore(frame, frame.length - 2);
      if (whole) checkFactoryFrame(frame, lastSeq, heard);
      return { lastSeq: heard, events: heard - lastSeq };
    },
  };
}

/** Shorter than any batch. */
const CONTROL_FRAME_BYTES = 64;

/** `graphql-transport-ws` through the same door, with the fields that the peer's clients ask for. */
export function factoryGraphqlDialect(run: string): Dialect {
  const { session, ...door } = factoryDoor(run);
  const query = "subscription ($id: ID!) { sessionEvents(sessionId: $id) { events { seq sessionId kind occurredAt payload } lastSeq } }";
  return {
    ...door,
    subprotocol: GRAPHQL_TRANSPORT_WS_SUBPROTOCOL,
    hello: (socket) => socket.send('{"type":"connection_init"}'),
    hear: (frame, socket, lastSeq, whole) => {
      if (frame.length < CONTROL_FRAME_BYTES) {
        const { type } = JSON.parse(frame.toString("utf8")) as { readonly type: string };
        if (type === "connection_ack") socket.send(JSON.stringify({ type: "subscribe", id: "op", payload: { query, variables: { id: session } } }));
        else if (type === "ping") socket.send(PONG);
        else throw new Error(`The factory said ${frame.toString("utf8")}`);
        return null;
      }
      // A frame ends with `"lastSeq":N}}}}`.
      const heard = numberBefore(frame, frame.length - 5);
      if (whole) checkGraphqlFrame(frame, lastSeq, heard);
      return { lastSeq: heard, events: heard - lastSeq };
    },
  };
}

const isPing = (frame: Buffer): boolean => frame.length === PING.length && frame.toString("latin1") === PING;

type Numbered = readonly { readonly seq: number }[];

function checkFactoryFrame(frame: Buffer, lastSeq: number, heard: number): void {
  const { type, events } = JSON.parse(frame.toString("utf8")) as { readonly type: string; readonly events?: Numbered };
  checkGapless(frame, type === "next" ? (events ?? []) : [], lastSeq, heard);
}

function checkGraphqlFrame(frame: Buffer, lastSeq: number, heard: number): void {
  const { payload } = JSON.parse(frame.toString("utf8")) as {
    readonly payload?: { readonly data?: { readonly sessionEvents?: { readonly events: Numbered } } };
  };
  checkGapless(frame, payload?.data?.sessionEvents?.events ?? [], lastSeq, heard);
}

function checkGapless(frame: Buffer, events: Numbered, lastSeq: number, heard: number): void {
  const gapless = events.every(({ seq }, index) => seq === lastSeq + 1 + index) && events.at(-1)?.seq === heard;
  if (!gapless) throw new Error(`A subscriber at ${lastSeq} was sent ${frame.toString("utf8").slice(0, 200)}`);
}

const SEQ_FIELD = '"seq":';

/** `graphql-transport-ws` as `stream-peer.ts` serves it. */
export function graphqlDialect(): Dialect {
  const query = "subscription { event { seq sessionId kind occurredAt payload } }";
  return {
    subprotocol: "graphql-transport-ws",
    part: () => 0,
    publisherPath: () => "/publish",
    subscriberPath: () => "/graphql",
    hello: (socket) => socket.send('{"type":"connection_init"}'),
    hear: (frame, socket, lastSeq, whole) => {
      const at = frame.indexOf(SEQ_FIELD);
      if (at < 0) {
        const { type } = JSON.parse(frame.toString("utf8")) as { readonly type: string };
        if (type === "connection_ack") socket.send(JSON.stringify({ type: "subscribe", id: "1", payload: { query } }));
        else if (type === "ping") socket.send('{"type":"pong"}');
        else throw new Error(`The peer said ${frame.toString("utf8").slice(0, 200)}`);
        return null;
      }
      const heard = numberAt(frame, at + SEQ_FIELD.length);
      if (whole) JSON.parse(frame.toString("utf8"));
      if (whole && lastSeq !== 0 && heard !== lastSeq + 1) throw new Error(`A subscriber of the peer went from ${lastSeq} to ${heard}.`);
      return { lastSeq: heard, events: 1 };
    },
    // Some 180 bytes as JSON, as the peers were measured.
    event: (seq) =>
      JSON.stringify({
        seq,
        sessionId: "SES-0123456789ABCDEFGHJKMNPQRS",
        kind: "COMPILATION_STARTED",
        occurredAt: Date.now(),
        payload: `from AWAITING_APPROVAL to COMPILING, event ${seq}`,
      }),
  };
}
