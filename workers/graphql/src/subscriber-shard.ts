/**
 * A shard of client sockets: the pure core of `SubscriberDO`.
 *
 * An operation first replays: it reads pages of the log from its own cursor. It turns live in the turn in which it has everything
 * that the log has pushed to this shard (`LiveCursors`), and from then on that one cursor is its own. Nothing is awaited between
 * looking at the two and sending, so nothing falls between replay and tail and nothing comes twice.
 *
 * A push is answered when its frames are sent. What gathers in the log meanwhile comes with the next push: the log is the only
 * buffer, and the window of coalescing is a delay of the answer.
 */
import { messageOf, runBestEffort, type Log, type StartTimeout, type StoragePort } from "@factory/durable";
import { FactoryError, idSchema, refuse, type Org, type Refusal, type Result } from "@factory/schemas";
import type { LogAddress, LogBatch, LogTip } from "@factory/schemas/rpc";
import { EventBatch } from "./event-batch.ts";
import { LiveCursors } from "./live-cursors.ts";
import { SharedReads, type ReadPage, type ReplayPage } from "./shared-reads.ts";
import { distinctOf, joinLive, leaveLog, liveCount, stateOf, type Client, type FollowedLog, type Operation, type ShardSocket } from "./shard-clients.ts";
import { SelectionTexts } from "./subscriptions/selection-texts.ts";
import { parseSocketState, type SocketState } from "./socket-state.ts";
import {
  ACK_PATIENCE_MS,
  CLOSE,
  FRAME_COST_MS,
  INIT_PATIENCE_MS,
  MAX_WINDOW_MS,
  PING_EVERY_CHARS,
  READS_AT_ONCE,
  RESUME_MS,
  RUN_LOOKUP_EVERY_MS,
  RUN_LOOKUPS,
  SUBSCRIPTION_LIMITS,
  WATCH_MS,
} from "./subscription-limits.ts";
import type { ClientCommand, LogChoice, SubscribeCommand, SubscriptionProtocol } from "./subscription-protocol.ts";

/** The logs of the org, as a shard calls them. */
export interface ShardLogs {
  readonly read: ReadPage;
  attach(log: LogAddress, after: number): Promise<Result<{ tip: LogTip }>>;
  detach(log: LogAddress): Promise<void>;
  /** True when the org has the assembly. Its log is empty until its first session writes. */
  assemblyExists(assemblyId: string): Promise<boolean>;
  /** The session that a run of the org belongs to; null when the read model knows no such run. */
  sessionOfRun(runId: string): Promise<string | null>;
}

/** What a shard needs of its surroundings. */
export interface ShardDeps {
  readonly org: Org;
  readonly storage: StoragePort;
  readonly logs: ShardLogs;
  readonly protocols: readonly SubscriptionProtocol[];
  /** Who a credential proves, in the org and with the scope to read. */
  readonly admit: (authorization: string | null) => Promise<Result<{ principal: Principal }>>;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly startTimeout: StartTimeout;
  /** Has {@link SubscriberShard.watch} called at that time or before, after an eviction too. */
  readonly watchBy: (atMs: number) => void;
  /** Keeps the object until the work is done. */
  readonly background: (work: Promise<unknown>) => void;
  readonly journal: Log;
}

/** Who has proved to be it. */
export type Principal = NonNullable<SocketState["principal"]>;
/** Who opens a socket; null when that is still to be proved in it. */
export type ShardConnection = { readonly protocol: SubscriptionProtocol; readonly principal: Principal | null; readonly connectionId: string };

const sessionIdSchema = idSchema("SES");
/** Most bytes of a close frame's reason, RFC 6455 5.5. */
const CLOSE_REASON_BYTES = 123;

/** A reason that fits its frame; what is not ASCII is left out, so that a character is a byte. */
const closeReason = (text: string): string => text.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, CLOSE_REASON_BYTES);

const SLOW_REASON = "Too slow: what was sent is not acknowledged. Connect again and resume with your last seq.";
const RESTART_REASON = "The shard was restarted. Connect again and resume with your last seq.";

/** The sockets of one shard. */
export class SubscriberShard {
  readonly #deps: ShardDeps;
  readonly #cursors: LiveCursors;
  readonly #reads: SharedReads;
  readonly #selections: SelectionTexts;
  /** Not persisted: the sockets, read back from their attachments. */
  readonly #clients = new Map<ShardSocket, Client>();
  /** Not persisted: the logs that their operations name. */
  readonly #logs = new Map<string, FollowedLog>();
  /** Not persisted: detaches under way; an attach waits for them, so that the log hears the last word last. */
  readonly #detaching = new Map<string, Promise<void>>();

  /** @param sockets - those that outlived the shard's last life */
  constructor(deps: ShardDeps, sockets: Iterable<ShardSocket>) {
    this.#deps = deps;
    this.#cursors = new LiveCursors(deps);
    this.#reads = new SharedReads(deps.logs.read, READS_AT_ONCE);
    this.#selections = new SelectionTexts(deps.storage);
    for (const socket of sockets) this.#restore(socket);
    this.#selections.prune();
    // A row without a follower is of sockets that are gone; the log is told when it pushes next.
    for (const key of this.#cursors.logs()) if (!this.#logs.has(key)) this.#cursors.delete(key);
  }

  /** Sockets held. */
  get sockets(): number {
    return this.#clients.size;
  }

  /** Null when a socket of the principal, or of nobody yet, may be added; else why not, with the limit. */
  refusal(principalId: string | null): Refusal | null {
    const { socketsPerShard, socketsPerPrincipal, unprovedPerShard } = SUBSCRIPTION_LIMITS;
    if (this.#clients.size >= socketsPerShard) return refuse("RATE_LIMITED", `This shard holds ${socketsPerShard} sockets, which is its limit.`);
    let own = 0;
    for (const { principal } of this.#clients.values()) if ((principal?.id ?? null) === principalId) own += 1;
    if (principalId === null) {
      return own < unprovedPerShard ? null : refuse("RATE_LIMITED", `This shard holds ${own} sockets without a credential, which is its limit.`);
    }
    if (own < socketsPerPrincipal) return null;
    return refuse("RATE_LIMITED", `The principal has ${own} sockets on this shard; the limit is ${socketsPerPrincipal}.`);
  }

  /** Takes a socket that was just accepted. */
  open(socket: ShardSocket, { protocol, principal, connectionId }: ShardConnection): void {
    const client = newClient(socket, { protocol, principal, connectionId });
    this.#clients.set(socket, client);
    socket.keep(stateOf(client));
    if (client.stage !== "ready") client.stopWaiting = this.#deps.startTimeout(INIT_PATIENCE_MS, () => this.#lateInit(client));
  }

  /** Takes one frame of a client. */
  receive(socket: ShardSocket, frame: string | ArrayBuffer): void {
    const client = this.#clients.get(socket);
    if (client === undefined) return socket.close(CLOSE.RESTART, RESTART_REASON);
    if (typeof frame !== "string") return this.#close(client, CLOSE.BINARY, "Frames are text.");
    const { frameChars } = client.protocol;
    if (frame.length > frameChars) return this.#close(client, CLOSE.TOO_LARGE, `A frame has at most ${frameChars} characters.`);
    const command = client.protocol.parse(frame, client.stage === "ready");
    if (command.type === "fault") this.#close(client, command.code, command.reason);
    else if (command.type !== "refused") this.#obey(client, command);
    else if (taken(client, command.id)) this.#idInUse(client, command.id);
    else this.#answer(client, command.frame);
  }

  /** Takes the one operation of a connection that was opened for it. */
  begin(socket: ShardSocket, command: SubscribeCommand): void {
    const client = this.#clients.get(socket);
    if (client !== undefined) this.#subscribe(client, command);
  }

  /** Forgets a socket that is gone. */
  leave(socket: ShardSocket): void {
    const client = this.#clients.get(socket);
    if (client === undefined) return;
    this.#clients.delete(socket);
    client.stopWaiting?.();
    for (const operation of client.operations.values()) this.#forget(operation);
    client.operations.clear();
    client.locating.clear();
  }

  /**
   * Takes a batch of a log and answers when its frames are sent. Where it does not join, the answer's `lastSeq` says where to go on.
   *
   * @throws FactoryError INTEGRITY for a batch that is not gapless.
   */
  async push({ log: address, afterSeq, lastSeq, lines, closed }: LogBatch): Promise<{ readonly keep: boolean; readonly lastSeq: number }> {
    if (address.org !== this.#deps.org) throw new FactoryError("INTEGRITY", `A shard of ${this.#deps.org} was sent events of ${address.org}.`);
    const batch = EventBatch.ofNdjson(afterSeq, lastSeq, lines);
    const key = keyOf(address);
    const log = this.#logs.get(key);
    if (log === undefined) return { keep: false, lastSeq };
    log.heardAt = this.#deps.now();
    await this.#window(log);
    const live = this.#cursors.get(key);
    // While all replay, the first to finish sets the cursor and attaches with it.
    if (live === undefined) return { keep: !closed && this.#logs.has(key), lastSeq };
    if (afterSeq > live.cursor) return { keep: true, lastSeq: live.cursor };
    if (lastSeq > live.cursor) {
      this.#cursors.advance(key, lastSeq);
      this.#fanOut(log, batch, live.cursor);
    }
    if (closed && lastSeq >= live.cursor) this.#completeLive(log);
    return { keep: !closed && this.#logs.has(key), lastSeq: Math.max(lastSeq, live.cursor) };
  }

  /** Takes up what is unfinished and makes sure that silent logs still push. Called after an eviction and by the timer. */
  watch(): void {
    const now = this.#deps.now();
    for (const client of this.#clients.values()) {
      if (client.ping !== undefined && now - client.ping.sentAt >= ACK_PATIENCE_MS) this.#tooSlow(client);
    }
    for (const log of this.#logs.values()) {
      for (const operation of log.operations) if (!operation.live) this.#replay(operation);
      const live = this.#cursors.get(log.key);
      if (live !== undefined && (!live.attached || now - log.heardAt >= WATCH_MS)) this.#attach(log);
    }
    if (this.#clients.size > 0) this.#deps.watchBy(now + (this.#unfinished() ? RESUME_MS : WATCH_MS));
  }

  /** Takes up, after an eviction, what needs no timer to be found. */
  resume(): void {
    if (this.#unfinished()) this.watch();
  }

  #unfinished(): boolean {
    for (const log of this.#logs.values()) {
      if (this.#cursors.get(log.key)?.attached !== true) return true;
      for (const operation of log.operations) if (!operation.live) return true;
    }
    return false;
  }

  #restore(socket: ShardSocket): void {
    const state = parseSocketState(socket.attachment());
    const protocol = this.#deps.protocols.find(({ name }) => name === state?.protocol);
    // Without its cursor a live operation does not know what it was sent.
    const lost = state?.operations.some(
      ({ live, log, selection }) =>
        (live && this.#cursors.get(keyOf(log)) === undefined) || (selection !== undefined && this.#selections.text(selection) === undefined),
    );
    if (state?.settled !== true || protocol === undefined || lost === true) return socket.close(CLOSE.RESTART, RESTART_REASON);
    const { principal, connectionId } = state;
    const client: Client = { ...newClient(socket, { protocol, principal, connectionId }), stage: "ready" };
    this.#clients.set(socket, client);
    for (const { id, log, cursor, live, selection: key, ...filter } of state.operations) {
      const selection = key === undefined ? undefined : { key, text: this.#selections.text(key) ?? "" };
      const operation = this.#follow(client, { id, choice: log, filter, selection, cursor });
      operation.live = live;
      if (live) joinLive(operation);
    }
  }

  #obey(client: Client, command: ClientCommand): void {
    switch (command.type) {
      case "init":
        return this.#init(client, command.authorization);
      case "subscribe":
        return this.#subscribe(client, command);
      case "unsubscribe": {
        if (client.locating.delete(command.id)) client.socket.keep(stateOf(client));
        const operation = client.operations.get(command.id);
        if (operation !== undefined) this.#end(operation);
        return;
      }
      case "ping":
        return this.#send(client, client.protocol.pong());
      case "pong":
        return this.#acknowledge(client);
      default:
        return command satisfies never;
    }
  }

  /** Who opened the socket proves who it is, unless the upgrade has done that. */
  #init(client: Client, authorization: string | null): void {
    const { ack } = client.protocol;
    if (client.stage !== "new" || ack === null) return this.#close(client, CLOSE.TOO_MANY_INITS, "Too many initialisation requests");
    client.stage = "asked";
    if (client.principal === null) this.#deps.background(this.#admit(client, ack, authorization));
    else this.#ready(client, ack, client.principal);
  }

  async #admit(client: Client, ack: string, authorization: string | null): Promise<void> {
    try {
      const answer = await this.#deps.admit(authorization);
      if (this.#clients.get(client.socket) !== client) return;
      if (!answer.ok) return this.#close(client, CLOSE.FORBIDDEN, `Forbidden: ${answer.message}`);
      const tooMany = this.refusal(answer.principal.id);
      if (tooMany !== null) return this.#close(client, CLOSE.TRY_LATER, tooMany.message);
      this.#ready(client, ack, answer.principal);
    } catch (err) {
      this.#deps.journal.event({ op: "subscriber.admit", outcome: "failed", durationMs: 0, ids: { org: this.#deps.org }, fields: { error: messageOf(err) } });
      this.#close(client, CLOSE.TRY_LATER, "The credential could not be looked up. Connect again.");
    }
  }

  #ready(client: Client, ack: string, principal: Principal): void {
    client.stopWaiting?.();
    client.principal = principal;
    client.stage = "ready";
    client.socket.keep(stateOf(client));
    this.#send(client, ack);
  }

  #lateInit(client: Client): void {
    if (this.#clients.get(client.socket) === client) this.#close(client, CLOSE.INIT_TIMEOUT, "Connection initialisation timeout");
  }

  #subscribe(client: Client, { id, log, filter, afterSeq, selection }: SubscribeCommand): void {
    if (taken(client, id)) return this.#idInUse(client, id);
    const limit = SUBSCRIPTION_LIMITS.operationsPerSocket;
    if (client.operations.size + client.locating.size >= limit) {
      return this.#refuse(client, id, refuse("TOO_LARGE", `A socket has at most ${limit} operations.`));
    }
    const start = (choice: LogChoice): void => this.#start(client, { id, choice, filter, selection, cursor: afterSeq });
    if ("runId" in log) this.#deps.background(this.#locate(client, id, log.runId, start));
    else start(log);
  }

  /** Finds a run's session. The operation's id is taken meanwhile, and given back when the client ends it. */
  async #locate(client: Client, id: string, runId: string, start: (choice: LogChoice) => void): Promise<void> {
    const token = Symbol(id);
    client.locating.set(id, token);
    client.socket.keep(stateOf(client));
    const wanted = (): boolean => client.locating.get(id) === token;
    const sessionId = await this.#sessionOf(runId, wanted).catch((err: unknown) => refuse("UNAVAILABLE", `The run could not be looked up: ${messageOf(err)}`));
    if (!wanted()) return;
    client.locating.delete(id);
    client.socket.keep(stateOf(client));
    if (typeof sessionId === "string") start({ sessionId });
    else this.#refuse(client, id, sessionId ?? refuse("NOT_FOUND", `There is no run ${runId} for this org.`));
  }

  /** The read model may be a moment behind the log in which the client has read of the run. */
  async #sessionOf(runId: string, wanted: () => boolean): Promise<string | null> {
    for (let lookup = 1; ; lookup++) {
      const sessionId = await this.#deps.logs.sessionOfRun(runId);
      if (sessionId !== null || lookup === RUN_LOOKUPS || !wanted()) return sessionId;
      await new Promise<void>((resolve) => void this.#deps.startTimeout(RUN_LOOKUP_EVERY_MS, resolve));
    }
  }

  #start(client: Client, asked: NewOperation): void {
    const { choice, cursor } = asked;
    // What is not shaped like an id is asked of nobody: addressing an object makes it.
    if ("sessionId" in choice && !sessionIdSchema.safeParse(choice.sessionId).success) return this.#refuse(client, asked.id, absent(choice));
    const operation = this.#follow(client, asked);
    const live = this.#cursors.get(operation.log.key);
    if (live?.cursor === cursor && live.attached) this.#goLive(operation);
    else {
      client.socket.keep(stateOf(client));
      this.#deps.watchBy(this.#deps.now() + RESUME_MS);
      this.#replay(operation);
    }
  }

  #follow(client: Client, { id, choice, filter, selection, cursor }: NewOperation): Operation {
    const key = keyOf(choice);
    let log = this.#logs.get(key);
    if (log === undefined) {
      log = { key, address: addressOf(this.#deps.org, choice), operations: new Set(), live: new Map(), sentAt: 0, heardAt: 0, attaching: false };
      this.#logs.set(key, log);
    }
    if (selection !== undefined) this.#selections.retain(selection);
    const operation: Operation = { id, client, log, choice, filter, selection, cursor, live: false, replaying: false };
    log.operations.add(operation);
    client.operations.set(id, operation);
    return operation;
  }

  /** True while the operation has not been ended. */
  #open(operation: Operation): boolean {
    return operation.client.operations.get(operation.id) === operation;
  }

  #replay(operation: Operation): void {
    if (operation.replaying) return;
    operation.replaying = true;
    this.#deps.background(this.#readUntilLive(operation));
  }

  async #readUntilLive(operation: Operation): Promise<void> {
    const { log, client } = operation;
    try {
      while (this.#open(operation) && !operation.live) {
        // The pong goes on with it: a replay is as fast as its client.
        if (client.unacked >= PING_EVERY_CHARS) return;
        const page = await this.#reads.page(log.key, log.address, operation.cursor);
        if (!this.#open(operation)) return;
        const refusal = await this.#misplaced(operation, page);
        if (!this.#open(operation)) return;
        if (refusal === null) this.#take(operation, page);
        else this.#fail(operation, refusal);
      }
    } catch (err) {
      // The timer takes it up again.
      this.#report("subscriber.replay", operation.log, err);
      this.#deps.watchBy(this.#deps.now() + RESUME_MS);
    } finally {
      operation.replaying = false;
    }
  }

  /** Why an operation cannot stand where it says; null when it can. */
  async #misplaced({ choice, cursor }: Operation, { tip }: ReplayPage): Promise<Refusal | null> {
    if (cursor > tip.lastSeq) return refuse("INVALID_ARGUMENT", `afterSeq ${cursor} is after the log's last event, ${tip.lastSeq}: nobody can have seen it.`);
    if (tip.lastSeq > 0) return null;
    const exists = "assemblyId" in choice && (await this.#deps.logs.assemblyExists(choice.assemblyId));
    return exists ? null : absent(choice);
  }

  /** Sends a page of a replay and, in the same turn, turns the operation live when it has what the shard has. */
  #take(operation: Operation, { batch, tip }: ReplayPage): void {
    const { client, log } = operation;
    if (batch.lastSeq <= operation.cursor && operation.cursor < tip.lastSeq) {
      throw new FactoryError("INTEGRITY", `The log has no event ${operation.cursor + 1}, yet it ends at ${tip.lastSeq}.`);
    }
    const payload = batch.payload(distinctOf(operation), operation.cursor);
    operation.cursor = Math.max(operation.cursor, batch.lastSeq);
    if (payload !== null) this.#send(client, client.protocol.next(operation.id, payload));
    if (!this.#open(operation)) return;
    if (tip.closed && operation.cursor >= tip.lastSeq) return this.#complete(operation);
    const live = this.#cursors.get(log.key);
    if (operation.cursor >= (live?.cursor ?? tip.lastSeq)) this.#goLive(operation);
    else client.socket.keep(stateOf(client));
  }

  #goLive(operation: Operation): void {
    const { client, log } = operation;
    operation.live = true;
    joinLive(operation);
    if (this.#cursors.get(log.key) === undefined) {
      this.#cursors.begin(log.key, operation.cursor);
      this.#attach(log);
    }
    client.socket.keep(stateOf(client));
    this.#deps.watchBy(this.#deps.now() + WATCH_MS);
  }

  /** Waits until the log's frames are far enough apart: not at all when it was silent, as long as a fan-out costs under load. */
  async #window(log: FollowedLog): Promise<void> {
    const window = Math.min(MAX_WINDOW_MS, Math.floor(liveCount(log) * FRAME_COST_MS));
    const wait = log.sentAt + window - this.#deps.now();
    if (wait > 0) await new Promise<void>((resolve) => void this.#deps.startTimeout(wait, resolve));
  }

  /** Sends every live operation what it does not have: one payload for all that agree, with each one's id around it. */
  #fanOut(log: FollowedLog, batch: EventBatch, cursor: number): void {
    log.sentAt = this.#deps.now();
    for (const { members, ...distinct } of log.live.values()) {
      const { protocol } = distinct;
      const shared = batch.payload(distinct, cursor);
      let last: { readonly id: string; readonly frame: string } | undefined;
      for (const operation of members) {
        const ahead = operation.cursor > cursor;
        const payload = ahead ? (operation.cursor < batch.lastSeq ? batch.payload(distinct, operation.cursor) : null) : shared;
        if (payload === null) continue;
        if (ahead) this.#sendLive(operation.client, protocol.next(operation.id, payload));
        else {
          if (last?.id !== operation.id) last = { id: operation.id, frame: protocol.next(operation.id, payload) };
          this.#sendLive(operation.client, last.frame);
        }
      }
    }
  }

  /** What a client does not drain is not queued without end: it comes back and reads the log. */
  #sendLive(client: Client, frame: string): void {
    if (client.unacked > SUBSCRIPTION_LIMITS.unackedChars) return this.#tooSlow(client);
    this.#send(client, frame);
  }

  #send(client: Client, frame: string): void {
    try {
      client.socket.send(frame);
    } catch (err) {
      // The socket closed before its close was told; nothing can be sent to it any more.
      this.#deps.journal.event({
        op: "subscriber.send",
        outcome: "failed",
        durationMs: 0,
        ids: this.#idsOf(client),
        fields: { error: messageOf(err) },
      });
      return this.leave(client.socket);
    }
    client.unacked += frame.length;
    if (client.ping === undefined && client.unacked >= PING_EVERY_CHARS) this.#ping(client);
  }

  #ping(client: Client): void {
    client.ping = { covers: client.unacked, sentAt: this.#deps.now() };
    client.socket.send(client.protocol.ping());
  }

  /** The client has everything that was sent before the open ping; a pong without one says nothing. */
  #acknowledge(client: Client): void {
    if (client.ping === undefined) return;
    client.unacked -= client.ping.covers;
    client.ping = undefined;
    if (client.unacked >= PING_EVERY_CHARS) this.#ping(client);
    for (const operation of client.operations.values()) if (!operation.live) this.#replay(operation);
  }

  #attach(log: FollowedLog): void {
    if (log.attaching) return;
    log.attaching = true;
    this.#deps.background(this.#attachNow(log));
  }

  async #attachNow(log: FollowedLog): Promise<void> {
    try {
      await this.#detaching.get(log.key);
      const live = this.#cursors.get(log.key);
      if (live === undefined) return;
      const answer = await this.#deps.logs.attach(log.address, live.cursor);
      if (this.#logs.get(log.key) === log) this.#attached(log, answer);
    } catch (err) {
      this.#report("subscriber.attach", log, err);
      this.#deps.watchBy(this.#deps.now() + RESUME_MS);
    } finally {
      log.attaching = false;
    }
  }

  #attached(log: FollowedLog, answer: Result<{ tip: LogTip }>): void {
    if (!answer.ok) {
      for (const operation of log.operations) this.#fail(operation, answer);
      return;
    }
    log.heardAt = this.#deps.now();
    const live = this.#cursors.get(log.key);
    if (live === undefined) return;
    this.#cursors.attached(log.key);
    if (answer.tip.closed && answer.tip.lastSeq <= live.cursor) this.#completeLive(log);
  }

  /** The log is closed and its live followers have all of it; who replays finds that out by reading. */
  #completeLive(log: FollowedLog): void {
    for (const operation of log.operations) if (operation.live) this.#complete(operation);
  }

  #complete(operation: Operation): void {
    this.#answer(operation.client, operation.client.protocol.complete(operation.id));
    this.#end(operation);
  }

  #fail(operation: Operation, refusal: Refusal): void {
    this.#refuse(operation.client, operation.id, refusal);
    this.#end(operation);
  }

  #refuse(client: Client, id: string, refusal: Refusal): void {
    this.#answer(client, client.protocol.error(id, refusal));
  }

  /** Sends the last word on an operation; a connection that is that operation ends with it. */
  #answer(client: Client, frame: string): void {
    this.#send(client, frame);
    if (!client.protocol.single) return;
    this.leave(client.socket);
    client.socket.close(CLOSE.DONE, "");
  }

  #idInUse(client: Client, id: string): void {
    this.#close(client, CLOSE.ID_IN_USE, `Subscriber for ${id.slice(0, 64)} already exists`);
  }

  #tooSlow(client: Client): void {
    this.#close(client, client.protocol.slowCode, SLOW_REASON);
  }

  #end(operation: Operation): void {
    const { client, id } = operation;
    if (!this.#open(operation)) return;
    client.operations.delete(id);
    client.socket.keep(stateOf(client));
    this.#forget(operation);
  }

  #close(client: Client, code: number, reason: string): void {
    this.leave(client.socket);
    client.socket.close(code, closeReason(reason));
    this.#deps.journal.event({
      op: "subscriber.close",
      outcome: "refused",
      durationMs: 0,
      ids: this.#idsOf(client),
      fields: { code, reason },
    });
  }

  /** Takes an operation off its log, and the shard off a log that nobody follows any more. */
  #forget(operation: Operation): void {
    const { log, selection } = operation;
    leaveLog(operation);
    if (selection !== undefined) this.#selections.release(selection);
    if (log.operations.size > 0 || this.#logs.get(log.key) !== log) return;
    this.#logs.delete(log.key);
    if (this.#cursors.get(log.key) === undefined) return;
    this.#cursors.delete(log.key);
    // A lost detach costs one push, which is answered with `keep: false`.
    const detached = runBestEffort("subscriber.detach", () => this.#deps.logs.detach(log.address), this.#deps.journal).finally(() => {
      if (this.#detaching.get(log.key) === detached) this.#detaching.delete(log.key);
    });
    this.#detaching.set(log.key, detached);
    this.#deps.background(detached);
  }

  #idsOf({ principal }: Client): { [name: string]: string } {
    return { org: this.#deps.org, ...(principal === null ? {} : { principalId: principal.id }) };
  }

  #report(op: string, { address }: FollowedLog, err: unknown): void {
    const ids = address.kind === "session" ? { org: address.org, sessionId: address.sessionId } : { org: address.org, assemblyId: address.assemblyId };
    this.#deps.journal.event({ op, outcome: "failed", durationMs: 0, ids, fields: { error: messageOf(err) } });
  }
}

/** An operation before the shard follows its log. */
type NewOperation = Pick<Operation, "id" | "choice" | "filter" | "selection" | "cursor">;

function newClient(socket: ShardSocket, { protocol, principal, connectionId }: ShardConnection): Client {
  const stage = protocol.ack === null ? "ready" : "new";
  return { socket, protocol, principal, connectionId, stage, operations: new Map(), locating: new Map(), stopWaiting: undefined, unacked: 0, ping: undefined };
}

/** True when an operation of the socket has the id. */
const taken = (client: Client, id: string): boolean => client.operations.has(id) || client.locating.has(id);

const addressOf = (org: Org, choice: LogChoice): LogAddress =>
  "sessionId" in choice ? { kind: "session", org, ...choice } : { kind: "assembly", org, ...choice };
/** The key of a log within its org. */
const keyOf = (log: LogChoice | LogAddress): string => ("sessionId" in log ? `session ${log.sessionId}` : `assembly ${log.assemblyId}`);

const absent = (choice: LogChoice): Refusal =>
  refuse(
    "NOT_FOUND",
    "sessionId" in choice ? `There is no session ${choice.sessionId} for this org.` : `There is no assembly ${choice.assemblyId} for this org.`,
  );
