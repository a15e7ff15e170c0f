/** A shard of client sockets as a Durable Object: hibernating WebSockets around the pure core of `subscriber-shard.ts`. */
import { DurableObject } from "cloudflare:workers";
import { consoleLog, migrate, Scheduler, startRealTimeout } from "@factory/durable";
import { FactoryError, objectName, parseObjectName } from "@factory/schemas";
import { CONNECTION_HEADER, parseConnection } from "@factory/schemas/rpc";
import type { EventSinkRpc, LogBatch } from "@factory/schemas/rpc";
import { FACTORY_LOG_PROTOCOL } from "./factory-log-protocol.ts";
import { LIVE_CURSOR_MIGRATIONS } from "./live-cursors.ts";
import { refusedUpgrade } from "./refused-upgrade.ts";
import type { ShardSocket } from "./shard-clients.ts";
import { shardLogs } from "./shard-logs.ts";
import type { SocketState } from "./socket-state.ts";
import { SubscriberShard } from "./subscriber-shard.ts";
import { WATCH_MS } from "./subscription-limits.ts";
import type { SubscriptionProtocol } from "./subscription-protocol.ts";

/** The dialects; a socket is tagged with the name of its own, and only tagged sockets are ever written to. */
const PROTOCOLS: readonly SubscriptionProtocol[] = [FACTORY_LOG_PROTOCOL];
const WATCH = "watch";

/** Sockets of one shard; named by `objectName.subscribers`. */
export class SubscriberDO extends DurableObject<Env> implements EventSinkRpc {
  readonly #org: string;
  readonly #timers: Scheduler;
  readonly #shard: SubscriberShard;
  /** Not persisted: one port a socket, so that the core can tell sockets apart. */
  readonly #ports = new WeakMap<WebSocket, ShardSocket>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const sink = ownAddress(ctx.id.name);
    this.#org = sink.org;
    const journal = consoleLog();
    migrate(ctx.storage, LIVE_CURSOR_MIGRATIONS);
    this.#timers = new Scheduler({ storage: ctx.storage, timer: ctx.storage, log: journal, now: Date.now, random: Math.random });
    const watchBy = (atMs: number): void => ctx.waitUntil(this.#timers.scheduleBy(WATCH, atMs));
    const deps = {
      org: sink.org,
      storage: ctx.storage,
      logs: shardLogs(env, sink),
      protocols: PROTOCOLS,
      now: Date.now,
      startTimeout: startRealTimeout,
      watchBy,
      background: (work: Promise<unknown>) => ctx.waitUntil(work),
      journal,
    };
    this.#shard = new SubscriberShard(deps, this.#survivors());
    this.#timers.on(WATCH, () => this.#shard.watch(), { dueAt: () => (this.#shard.sockets > 0 ? Date.now() + WATCH_MS : null) });
    void ctx.blockConcurrencyWhile(() => this.#timers.rearm());
    for (const { autoResponse } of PROTOCOLS) {
      ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(autoResponse.request, autoResponse.response));
    }
    this.#shard.resume();
  }

  /** Takes a socket from the Worker's door; the only path to it. */
  override async fetch(request: Request): Promise<Response> {
    const connection = parseConnection(request.headers.get(CONNECTION_HEADER));
    const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
    const protocol = PROTOCOLS.find(({ name }) => offered.includes(name));
    if (connection === null || connection.org !== this.#org) return refusedUpgrade("INTERNAL", "The connection is not of this shard's org.");
    if (protocol === undefined) return refusedUpgrade("INVALID_ARGUMENT", `Offer the subprotocol ${PROTOCOLS.map(({ name }) => name).join(" or ")}.`);
    const refusal = this.#shard.refusal(connection.principalId);
    if (refusal !== null) return refusedUpgrade(refusal.code, refusal.message);
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [protocol.name]);
    const principal = { id: connection.principalId, scopes: connection.scopes };
    this.#shard.open(this.#port(server), { protocol, principal, connectionId: connection.connectionId });
    return new Response(null, { status: 101, webSocket: client, headers: { "sec-websocket-protocol": protocol.name } });
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
    for (const { name } of PROTOCOLS) {
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
