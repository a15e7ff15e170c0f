/** A shard with a log that speaks the contract and sockets that outlive it; every answer of the log comes when the test says so. */
import { migrate } from "@factory/durable";
import { ManualClock, MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import { GENESIS_HASH, refuse, sessionIdOf, type EventKind, type Result, type Stream } from "@factory/schemas";
import { type LogAddress, type LogBatch, type LogTip } from "@factory/schemas/rpc";
import { EventBatch } from "../event-batch.ts";
import { FACTORY_LOG_PROTOCOL } from "../factory-log-protocol.ts";
import { LIVE_CURSOR_MIGRATIONS } from "../live-cursors.ts";
import type { ShardSocket } from "../shard-clients.ts";
import type { SocketState } from "../socket-state.ts";
import { SubscriberShard, type Principal, type ShardConnection } from "../subscriber-shard.ts";
import type { SubscriptionProtocol } from "../subscription-protocol.ts";
import { SELECTION_MIGRATIONS } from "../subscriptions/selection-texts.ts";
import { sessionDocument, testDialects } from "./graphql-dialects.ts";

export const ORG = "acme";
export const SESSION = sessionIdOf(ORG, "WO-1", "envelope-1");

/** A run of the session. */
export const RUN = "RUN-b";

/** An event as far as a shard looks at it. */
export type TestEvent = { readonly seq: number; readonly kind: EventKind; readonly stream: Stream; readonly runId?: string };

/** What an event is, by its seq: streams, runs and kinds take turns. */
export function eventAt(seq: number): TestEvent {
  if (seq % 3 === 0) return { seq, kind: "BEAD_CLAIMED", stream: "beadUpdates", runId: seq % 2 === 0 ? "RUN-a" : RUN };
  if (seq % 3 === 1) return { seq, kind: "COMPILATION_STARTED", stream: "sessionEvents" };
  return { seq, kind: "ARTIFACT_WRITTEN", stream: "artifactWrites" };
}

type ServerFrame = {
  readonly type: string;
  /** Of `graphql-transport-ws`. */
  readonly payload?:
    | { readonly data?: { readonly [field: string]: Batch } }
    | readonly { readonly message: string; readonly extensions?: { readonly code: string } }[];
  readonly id?: string;
  readonly events?: readonly TestEvent[];
  readonly lastSeq?: number;
  readonly code?: string;
  readonly message?: string;
};

type Batch = { readonly events?: readonly TestEvent[]; readonly lastSeq?: number };

/** The batch of a frame, and the code of an error, as `factory-log.v1` has them, whatever the dialect. */
function flat(frame: ServerFrame): ServerFrame {
  const { payload } = frame;
  if (payload === undefined) return frame;
  if ("map" in payload)
    return { ...frame, ...(payload[0]?.extensions === undefined ? {} : { code: payload[0].extensions.code }), message: payload[0]?.message ?? "" };
  return { ...frame, ...Object.values(payload.data ?? {})[0] };
}

/** A client's end of a socket. Its attachment is copied as the runtime copies it. */
export class TestSocket implements ShardSocket {
  readonly frames: ServerFrame[] = [];
  readonly texts: string[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  #attachment: unknown;

  send(text: string): void {
    if (this.closed !== undefined) throw new TypeError("Can't call WebSocket send() after close().");
    this.texts.push(text);
    this.frames.push(flat(JSON.parse(text) as ServerFrame));
  }

  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
  }

  attachment(): unknown {
    return structuredClone(this.#attachment);
  }

  keep(state: SocketState): void {
    this.#attachment = structuredClone(state);
  }

  /** Puts anything where the state is kept. */
  corrupt(attachment: unknown): void {
    this.#attachment = attachment;
  }

  /** Seqs that an operation was sent, in order. */
  seqs(id: string): number[] {
    return this.frames.filter((frame) => frame.type === "next" && frame.id === id).flatMap(({ events }) => (events ?? []).map(({ seq }) => seq));
  }

  /** The seq that a client resumes an operation with. */
  lastSeq(id: string): number | undefined {
    return this.frames.findLast((frame) => frame.type === "next" && frame.id === id)?.lastSeq;
  }

  /** Types of the frames of an operation, in order. */
  types(id: string): string[] {
    return this.frames.filter((frame) => frame.id === id).map(({ type }) => type);
  }
}

/** How many events one read gives: few, so that a replay takes several. */
const PAGE = 4;

/** The key that a socket may prove itself with, and whose it is. */
export const KEY = { authorization: "Bearer good", principal: { id: "browser", scopes: ["session:read"] } } as const;

/** A session's log, a shard that may die at any time, and its sockets. */
export class ShardWorld {
  readonly clock = new ManualClock();
  readonly journal = new MemoryLog();
  readonly storage = new NodeSqliteStorage();
  readonly sockets: TestSocket[] = [];
  /** Events of the log. */
  tip = 0;
  closed = false;
  /** Where the log stands with the shard; null while it does not push. */
  sinkCursor: number | null = null;
  reads = 0;
  attaches = 0;
  detaches = 0;
  assemblies: readonly string[] = [];
  /** Sessions by the run. */
  readonly runs = new Map<string, string>([[RUN, SESSION]]);
  /** Next attaches are answered with this. */
  attachRefused = false;
  brokenReads = 0;
  watchAt: number | null = null;
  #life = 0;
  readonly #pending: { readonly life: number; readonly work: () => () => void }[] = [];
  /** What the log has done and not yet answered. */
  readonly #answers: { readonly life: number; readonly answer: () => void }[] = [];
  shard: SubscriberShard;

  readonly #protocols: readonly SubscriptionProtocol[];
  readonly #protocol: SubscriptionProtocol;

  /** @param dialect - what {@link connect} and {@link subscribe} speak */
  constructor(dialect: string = FACTORY_LOG_PROTOCOL.name) {
    migrate(this.storage, [...LIVE_CURSOR_MIGRATIONS, ...SELECTION_MIGRATIONS]);
    this.#protocols = [FACTORY_LOG_PROTOCOL, ...testDialects()];
    this.#protocol = this.#protocols.find(({ name }) => name === dialect) ?? FACTORY_LOG_PROTOCOL;
    this.shard = this.#newShard();
  }

  /** The shard loses its memory; what it had asked is answered to nobody. */
  evict(): void {
    this.#life += 1;
    this.shard = this.#newShard();
    this.shard.resume();
  }

  connect(principal = "ci"): TestSocket {
    const socket = this.upgrade({ id: principal, scopes: [] });
    if (this.#protocol.ack !== null) this.say(socket, { type: "connection_init" });
    return socket;
  }

  /** A socket that has said nothing yet; of nobody when the principal is null. */
  upgrade(principal: ShardConnection["principal"]): TestSocket {
    const socket = new TestSocket();
    this.sockets.push(socket);
    this.shard.open(socket, { protocol: this.#protocol, principal, connectionId: `c${this.sockets.length}` });
    return socket;
  }

  say(socket: TestSocket, message: object): void {
    this.shard.receive(socket, JSON.stringify(message));
  }

  subscribe(socket: TestSocket, id: string, afterSeq: number, more: object = {}): void {
    if (this.#protocol === FACTORY_LOG_PROTOCOL) this.say(socket, { type: "subscribe", id, log: { sessionId: SESSION }, afterSeq, ...more });
    else this.say(socket, { type: "subscribe", id, payload: { query: sessionDocument, variables: { sessionId: SESSION, runId: RUN, afterSeq }, ...more } });
  }

  /** Ends an operation as a client of the dialect does. */
  unsubscribe(socket: TestSocket, id: string): void {
    this.say(socket, { type: this.#protocol === FACTORY_LOG_PROTOCOL ? "unsubscribe" : "complete", id });
  }

  append(count: number): void {
    if (!this.closed) this.tip += count;
  }

  /** The batch strictly after `after`, at most `count` events. */
  batch(after: number, count = Number.MAX_SAFE_INTEGER): LogBatch {
    const lastSeq = Math.min(this.tip, after + count);
    const lines = range(after, lastSeq).map((seq) => `${JSON.stringify(eventAt(seq))}\n`);
    return { log: this.address, afterSeq: after, lastSeq, lines: lines.join(""), closed: this.closed && lastSeq === this.tip };
  }

  /** One push of the log, if it has something for the shard; a lost answer leaves the log where it was. */
  async push(count?: number, answerLost = false): Promise<void> {
    const after = this.sinkCursor;
    if (after === null || (after >= this.tip && !this.closed)) return;
    const life = this.#life;
    const answer = await this.shard.push(this.batch(after, count));
    if (answerLost || life !== this.#life) return;
    this.sinkCursor = answer.keep ? answer.lastSeq : null;
  }

  /** Calls of the shard that the log has not answered. */
  get waiting(): number {
    return this.#pending.length + this.#answers.length;
  }

  /** Lets the log take the `index`-th call or, from then on, lets its answer come: the log may move on in between. */
  async answer(index: number): Promise<void> {
    const at = index % Math.max(1, this.waiting);
    const call = at < this.#pending.length ? this.#pending.splice(at, 1)[0] : undefined;
    // The log does what it was asked even when the shard is gone.
    if (call !== undefined) this.#answers.push({ life: call.life, answer: call.work() });
    else {
      const [done] = this.#answers.splice(at - this.#pending.length, 1);
      if (done?.life === this.#life) done.answer();
    }
    await turn();
  }

  /** Everything that is under way comes to its end. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3;) {
      const before = [this.sinkCursor, this.attaches, this.reads].join();
      while (this.waiting > 0) await this.answer(0);
      const pushed = this.push();
      this.clock.advance(1_000);
      await turn();
      await pushed;
      await turn();
      quiet = this.waiting === 0 && before === [this.sinkCursor, this.attaches, this.reads].join() ? quiet + 1 : 0;
    }
  }

  /** {@link settle} with the timer's help. */
  async settleWithTimer(): Promise<void> {
    await this.settle();
    this.clock.advance(120_000);
    this.shard.watch();
    await this.settle();
  }

  /** What an operation that asked for everything after `after` has to be sent. */
  expected(after: number, pass: (event: TestEvent) => boolean = () => true): number[] {
    return range(after, this.tip).filter((seq) => pass(eventAt(seq)));
  }

  get address(): LogAddress {
    return { kind: "session", org: ORG, sessionId: SESSION };
  }

  #logTip(): LogTip {
    return { lastSeq: this.tip, rootHash: GENESIS_HASH, closed: this.closed, archived: false };
  }

  #newShard(): SubscriberShard {
    const life = this.#life;
    const alive = this.sockets.filter(({ closed }) => closed === undefined);
    return new SubscriberShard(
      {
        org: ORG,
        storage: this.storage,
        protocols: this.#protocols,
        admit: (authorization) => this.#later(() => this.#admit(authorization)),
        now: this.clock.now,
        startTimeout: (ms, callback) => this.clock.startTimeout(ms, () => life === this.#life && callback()),
        watchBy: (atMs) => (this.watchAt = Math.min(this.watchAt ?? atMs, atMs)),
        // What fails in the background is the shard's to report; a rejection would end the test.
        background: (work) => void work,
        journal: this.journal,
        logs: {
          read: (log, after) => this.#later(() => this.#read(log, after)),
          attach: (_log, after) => this.#later(() => this.#attach(after)),
          detach: () => this.#later(() => this.#detach()),
          assemblyExists: async (assemblyId) => this.assemblies.includes(assemblyId),
          sessionOfRun: (runId) => this.#later(() => this.runs.get(runId) ?? null),
        },
      },
      alive,
    );
  }

  #admit(authorization: string | null): Result<{ principal: Principal }> {
    return authorization === KEY.authorization ? { ok: true, principal: { ...KEY.principal, scopes: [...KEY.principal.scopes] } } : refuse("UNAUTHENTICATED");
  }

  #read(log: LogAddress, after: number) {
    this.reads += 1;
    if (this.brokenReads > 0) {
      this.brokenReads -= 1;
      throw new Error("the log was reset");
    }
    const tip = log.kind === "session" ? this.#logTip() : { ...this.#logTip(), lastSeq: 0, closed: false };
    const last = Math.max(after, Math.min(tip.lastSeq, after + PAGE));
    return {
      batch: new EventBatch(
        after,
        last,
        range(after, last).map((seq) => JSON.stringify(eventAt(seq))),
      ),
      tip,
    };
  }

  #attach(after: number): Result<{ tip: LogTip }> {
    this.attaches += 1;
    if (this.attachRefused) return refuse("TOO_LARGE", "A log pushes to 64 shards at most.");
    this.sinkCursor = after;
    return { ok: true, tip: this.#logTip() };
  }

  #detach(): void {
    this.detaches += 1;
    this.sinkCursor = null;
  }

  /** The log does it when the test lets it, and the answer comes when the test lets that. */
  #later<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const perform = (): (() => void) => {
        try {
          const result = work();
          return () => resolve(result);
        } catch (err) {
          return () => reject(err instanceof Error ? err : new Error(String(err)));
        }
      };
      this.#pending.push({ life: this.#life, work: perform });
    });
  }
}

/** Seqs strictly after `after` up to `last`. */
export function range(after: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - after) }, (_, index) => after + 1 + index);
}

/** Lets every promise that can go on do so. */
export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
