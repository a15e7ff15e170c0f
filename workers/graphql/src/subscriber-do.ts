/** A shard of client sockets as a Durable Object: hibernating WebSockets around the pure core of `subscriber-shard.ts`. */
import { DurableObject } from "cloudflare:workers";
import { consoleLog, messageOf, migrate, Scheduler, startRealTimeout, type Log } from "@factory/durable";
import { IssuerKeySets, JWKS_MAX_AGE_MS, PolicyClient, type RecordLookup } from "@factory/governance";
import { GraphQLError } from "graphql";
import { FactoryError, objectName, parseObjectName } from "@factory/schemas";
import { CONNECTION_HEADER, GRAPHQL_STREAM_PATH, parseConnection } from "@factory/schemas/rpc";
import type { EventSinkRpc, LogBatch, PolicyRequest, PolicyRpc } from "@factory/schemas/rpc";
import { FACTORY_LOG_PROTOCOL } from "./factory-log-protocol.ts";
import { LIVE_CURSOR_MIGRATIONS } from "./live-cursors.ts";
import { schema } from "./schema/schema.ts";
import { refusedUpgrade } from "./refused-upgrade.ts";
import type { ShardSocket } from "./shard-clients.ts";
import { shardLogs } from "./shard-logs.ts";
import type { SocketState } from "./socket-state.ts";
import { SubscriberShard, type Principal } from "./subscriber-shard.ts";
import { WATCH_MS } from "./subscription-limits.ts";
import type { SubscribeCommand, SubscriptionProtocol } from "./subscription-protocol.ts";
import { admitToOrg } from "./subscriptions/admission.ts";
import { EventStream } from "./subscriptions/event-stream.ts";
import { errorsOfDocument } from "./subscriptions/graphql-errors.ts";
import { OperationPlanner } from "./subscriptions/operation-plan.ts";
import { SelectedEvents } from "./subscriptions/selected-events.ts";
import { SELECTION_MIGRATIONS } from "./subscriptions/selection-texts.ts";
import { refusedStream, sseProtocol } from "./subscriptions/sse-protocol.ts";
import { readStreamRequest, type StreamRequest } from "./subscriptions/stream-request.ts";
import { subscribeCommand } from "./subscriptions/subscribe-command.ts";
import { transportWsProtocol } from "./subscriptions/transport-ws-protocol.ts";

const WATCH = "watch";
/** Key records that were read stay good for so long, in seconds, as at the gateway. */
const RECORD_CACHE_S = 60;
/** Of the one operation of a stream. */
const STREAM_OPERATION = "stream";

const STREAM_HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache, no-transform", "x-accel-buffering": "no" };

/** Sockets of one shard; named by `objectName.subscribers`. */
export class SubscriberDO extends DurableObject<Env> implements EventSinkRpc {
  readonly #org: string;
  readonly #timers: Scheduler;
  readonly #shard: SubscriberShard;
  readonly #planner = new OperationPlanner(schema);
  /** The dialects of sockets; each socket is tagged with the name of its own, and only tagged sockets are ever written to. */
  readonly #protocols: readonly SubscriptionProtocol[];
  readonly #sse: SubscriptionProtocol;
  /** Not persisted: one port a socket, so that the core can tell sockets apart. */
  readonly #ports = new WeakMap<WebSocket, ShardSocket>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const sink = ownAddress(ctx.id.name);
    this.#org = sink.org;
    const journal = consoleLog();
    migrate(ctx.storage, [...LIVE_CURSOR_MIGRATIONS, ...SELECTION_MIGRATIONS]);
    const selected = new SelectedEvents(schema, (errors) => {
      journal.event({ op: "subscriber.select", outcome: "failed", durationMs: 0, ids: { org: sink.org }, fields: { error: errors.map(messageOf).join("; ") } });
    });
    this.#protocols = [transportWsProtocol(this.#planner, selected), FACTORY_LOG_PROTOCOL];
    this.#sse = sseProtocol(selected);
    this.#timers = new Scheduler({ storage: ctx.storage, timer: ctx.storage, log: journal, now: Date.now, random: Math.random });
    const watchBy = (atMs: number): void => ctx.waitUntil(this.#timers.scheduleBy(WATCH, atMs));
    const deps = {
      org: sink.org,
      storage: ctx.storage,
      logs: shardLogs(env, sink),
      protocols: this.#protocols,
      admit: admission(env, sink.org, journal),
      now: Date.now,
      startTimeout: startRealTimeout,
      watchBy,
      background: (work: Promise<unknown>) => ctx.waitUntil(work),
      journal,
    };
    this.#shard = new SubscriberShard(deps, this.#survivors());
    this.#timers.on(WATCH, () => this.#shard.watch(), { dueAt: () => (this.#shard.sockets > 0 ? Date.now() + WATCH_MS : null) });
    void ctx.blockConcurrencyWhile(() => this.#timers.rearm());
    for (const { autoResponse } of this.#protocols) {
      ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(autoResponse.request, autoResponse.response));
    }
    this.#shard.resume();
  }

  /** Takes a socket or a stream from the Worker's door; the only path to it. */
  override async fetch(request: Request): Promise<Response> {
    const connection = parseConnection(request.headers.get(CONNECTION_HEADER));
    if (connection === null || connection.org !== this.#org) return refusedUpgrade("INTERNAL", "The connection is not of this shard's org.");
    const { principalId, scopes, connectionId } = connection;
    const principal = principalId === null ? null : { id: principalId, scopes };
    if (new URL(request.url).pathname === GRAPHQL_STREAM_PATH) return this.#openStream(request, principal, connectionId);
    const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
    const protocol = this.#protocols.find(({ name }) => offered.includes(name));
    if (protocol === undefined) return refusedUpgrade("INVALID_ARGUMENT", `Offer the subprotocol ${this.#protocols.map(({ name }) => name).join(" or ")}.`);
    if (principal === null && protocol.ack === null) return refusedUpgrade("UNAUTHENTICATED", `${protocol.name} takes the credential with the upgrade.`);
    const refusal = this.#shard.refusal(principalId);
    if (refusal !== null) return refusedUpgrade(refusal.code, refusal.message);
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [protocol.name]);
    this.#shard.open(this.#port(server), { protocol, principal, connectionId });
    return new Response(null, { status: 101, webSocket: client, headers: { "sec-websocket-protocol": protocol.name } });
  }

  /** One subscription as server-sent events. */
  async #openStream(request: Request, principal: Principal | null, connectionId: string): Promise<Response> {
    if (principal === null) return refusedUpgrade("UNAUTHENTICATED", "A stream takes the credential with its request.");
    const asked = await readStreamRequest(request);
    if ("refusal" in asked) return Response.json(asked.refusal, { status: asked.status });
    const refusal = this.#shard.refusal(principal.id);
    if (refusal !== null) return refusedUpgrade(refusal.code, refusal.message);
    const command = this.#streamCommand(asked);
    if (typeof command === "string") return new Response(command, { headers: STREAM_HEADERS });
    const stream: EventStream = new EventStream({
      startTimeout: startRealTimeout,
      onPong: () => this.#shard.receive(stream, ""),
      onGone: () => this.#shard.leave(stream),
    });
    this.#shard.open(stream, { protocol: this.#sse, principal, connectionId });
    this.#shard.begin(stream, command);
    return new Response(stream.body, { headers: STREAM_HEADERS });
  }

  /** What to start, or the whole stream that says why nothing is. */
  #streamCommand({ operation, lastEventId }: StreamRequest): SubscribeCommand | string {
    const plan = this.#planner.plan(operation);
    const command = plan.ok ? subscribeCommand(STREAM_OPERATION, plan) : plan.errors;
    if ("type" in command) return { ...command, afterSeq: Math.max(command.afterSeq, lastEventId) };
    return refusedStream(errorsOfDocument(command instanceof GraphQLError ? [command] : command));
  }

  async push(batch: LogBatch): Promise<{ readonly keep: boolean; readonly lastSeq: number }> {
    return this.#shard.push(batch);
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#shard.receive(this.#port(socket), message);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#shard.leave(this.#port(socket));
  }

  override webSocketError(socket: WebSocket): void {
    this.#shard.leave(this.#port(socket));
  }

  override async alarm(): Promise<void> {
    await this.#timers.onAlarm(Date.now());
  }

  *#survivors(): Iterable<ShardSocket> {
    for (const { name } of this.#protocols) {
      for (const socket of this.ctx.getWebSockets(name)) if (socket.readyState === WebSocket.OPEN) yield this.#port(socket);
    }
  }

  #port(socket: WebSocket): ShardSocket {
    let port = this.#ports.get(socket);
    if (port === undefined) {
      port = portOf(socket);
      this.#ports.set(socket, port);
    }
    return port;
  }
}

/** What a credential in a first message is checked with; one for the life of the object, so that key sets and decisions are kept. */
function admission(env: Env, org: string, journal: Log): (authorization: string | null) => ReturnType<typeof admitToOrg> {
  const records: RecordLookup = (key) => env.CONFIG.get(key, { type: "json", cacheTtl: RECORD_CACHE_S });
  const issuerKeys = new IssuerKeySets({
    records,
    store: (key, value) => env.CONFIG.put(key, JSON.stringify(value), { expirationTtl: JWKS_MAX_AGE_MS / 1_000 }),
    fetch: (url, init) => fetch(url, init),
    now: Date.now,
    report: (issuer, err) =>
      journal.event({ op: "subscriber.issuerKeys", outcome: "failed", durationMs: 0, ids: { org }, fields: { issuer, error: messageOf(err) } }),
  });
  // A service binding is typed as a Fetcher; the governance Worker's entry class implements the interface.
  const governance = env.GOVERNANCE as unknown as PolicyRpc;
  const policy = new PolicyClient({ decide: (requests: readonly PolicyRequest[]) => governance.decide(requests), now: Date.now });
  return (authorization) => admitToOrg({ org, records, issuerKeys, policy, now: Date.now }, authorization);
}

function portOf(socket: WebSocket): ShardSocket {
  return {
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    attachment: (): unknown => socket.deserializeAttachment(),
    keep: (state: SocketState) => socket.serializeAttachment(state),
  };
}

/** Whose shard this is, from its name. @throws FactoryError INTEGRITY for another name. */
function ownAddress(name: string | undefined): { readonly org: string; readonly shard: number } {
  const parsed = parseObjectName(name ?? "");
  const shard = Number(parsed?.rest[0]);
  if (parsed === null || !Number.isSafeInteger(shard) || name !== objectName.subscribers(parsed.org, shard)) {
    throw new FactoryError("INTEGRITY", "This is not the name of a shard of client sockets.");
  }
  return { org: parsed.org, shard };
}
