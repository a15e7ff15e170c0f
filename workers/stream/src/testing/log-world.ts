/** A session's log, its assembly's, and everything they call, with all that can go wrong between them. */
import { canonicalJson, refuse } from "@factory/schemas";
import type { Result, SessionEvent } from "@factory/schemas";
import { objectName } from "@factory/schemas";
import type { LinearProjectionMessage, LogBatch, LogIdentity, LogTip, ProjectionMessage, SinkAddress } from "@factory/schemas/rpc";
import { ManualAlarm, ManualClock, MemoryLog, MortalStorage, NodeSqliteStorage } from "@factory/durable/testing";
import type { StoragePort } from "@factory/durable";
import type { Bucket } from "../archive.ts";
import { AssemblyEvents } from "../assembly-events.ts";
import type { AssemblyEventsDeps } from "../assembly-events.ts";
import type { LogRuntime } from "../event-log.ts";
import { SessionEvents } from "../session-events.ts";
import type { SessionEventsDeps } from "../session-events.ts";
import { anIdentity } from "./builders.ts";

/** R2 as a map of texts, with failures. */
export class MemoryBucket implements Bucket {
  readonly texts = new Map<string, string>();
  /** Called before each operation; what it throws is the operation's failure. */
  before: (operation: "read" | "write", key: string) => void = () => undefined;
  reads = 0;

  async read(key: string): Promise<string | null> {
    this.reads += 1;
    this.before("read", key);
    return this.texts.get(key) ?? null;
  }

  async write(key: string, text: string, _digest: string): Promise<void> {
    this.before("write", key);
    this.texts.set(key, text);
  }
}

/** What a shard does with one push. */
export type SinkBehaviour = "take" | "throw" | "lose the answer" | "go back" | "hang" | "leave";

/** A shard of client sockets: it takes what joins what it has and answers what it has. */
export class SinkDouble {
  lastSeq: number;
  readonly lines: string[] = [];
  readonly batches: LogBatch[] = [];
  closed = false;
  /** What the next pushes do; `take` when it is empty. */
  readonly behaviours: SinkBehaviour[] = [];
  active = 0;
  maxActive = 0;
  readonly hanging: (() => void)[] = [];

  constructor(after = 0) {
    this.lastSeq = after;
  }

  async push(batch: LogBatch): Promise<{ keep: boolean; lastSeq: number }> {
    this.active += 1;
    this.maxActive = Math.max(this.maxActive, this.active);
    this.batches.push(batch);
    try {
      // Lets what runs beside the push run.
      await Promise.resolve();
      return await this.#answer(batch);
    } finally {
      this.active -= 1;
    }
  }

  async #answer(batch: LogBatch): Promise<{ keep: boolean; lastSeq: number }> {
    const behaviour = this.behaviours.shift() ?? "take";
    switch (behaviour) {
      case "throw":
        throw new Error("no answer");
      case "leave":
        return { keep: false, lastSeq: this.lastSeq };
      case "go back":
        return { keep: true, lastSeq: this.lastSeq };
      case "hang":
        await new Promise<void>((resolve) => void this.hanging.push(resolve));
        return this.#take(batch);
      case "lose the answer":
        this.#take(batch);
        throw new Error("answer lost");
      case "take":
        return this.#take(batch);
      default:
        return behaviour satisfies never;
    }
  }

  #take(batch: LogBatch): { keep: boolean; lastSeq: number } {
    // A batch that does not join is asked for again; of one that overlaps only the rest is new.
    if (batch.afterSeq <= this.lastSeq) {
      this.lines.push(
        ...batch.lines
          .split("\n")
          .slice(0, -1)
          .slice(this.lastSeq - batch.afterSeq),
      );
      this.lastSeq = Math.max(this.lastSeq, batch.lastSeq);
      this.closed ||= batch.closed;
    }
    return { keep: true, lastSeq: this.lastSeq };
  }
}

/** The overridable parts of a session's log. */
export type WorldOptions = Partial<Pick<SessionEventsDeps, "archiveAfterMs" | "archivePage" | "limits">> & {
  /** Work is shown in Linear. */
  readonly linear?: boolean;
};

/** Time and log of a world, and one object's database and alarm, which outlive its incarnations. */
class LogHost {
  readonly database = new NodeSqliteStorage();
  readonly alarm = new ManualAlarm();
  readonly clock: ManualClock;
  readonly journal = new MemoryLog();
  /** Called before the storage is removed; what it throws is the failure of the removal. */
  beforeDeleteAll: () => void = () => undefined;
  /** How often the storage was removed. */
  removals = 0;
  storage: MortalStorage;

  constructor(clock: ManualClock) {
    this.clock = clock;
    this.storage = new MortalStorage(this.database);
  }

  /** Tables of the object. */
  tables(): string[] {
    return this.database.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .toArray()
      .map(({ name }) => name);
  }

  runtime(storage: MortalStorage, push: LogRuntime["push"]): LogRuntime {
    this.storage = storage;
    const { clock, journal } = this;
    return {
      storage,
      timer: this.alarm,
      deleteAll: async () => {
        this.beforeDeleteAll();
        removeAll(storage);
        await this.alarm.deleteAlarm();
        this.removals += 1;
      },
      durable: async () => undefined,
      push,
      now: clock.now,
      random: () => 0.5,
      // What a dead object had planned does not happen.
      startTimeout: (ms, callback) => clock.startTimeout(ms, () => storage.dead || callback()),
      log: journal,
      background: (work) =>
        void work.catch((err: unknown) => {
          if (!storage.dead) throw err;
        }),
    };
  }
}

function requireLife(storage: MortalStorage): void {
  if (storage.dead) throw new Error("The caller has crashed.");
}

function removeAll(storage: StoragePort): void {
  const rows = storage.sql
    .exec<{ type: string; name: string }>("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'trigger') AND name NOT LIKE 'sqlite_%'")
    .toArray();
  for (const { name } of rows.filter(({ type }) => type === "trigger")) storage.sql.exec(`DROP TRIGGER ${name}`);
  for (const { name } of rows.filter(({ type }) => type === "table")) storage.sql.exec(`DROP TABLE ${name}`);
}

/** Between two of them, what waits for a timer runs once. */
const PASS_STEPS = 40;

/** Lets everything run that waits for nothing but its turn. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** One session's log and what it calls. */
export class SessionWorld extends LogHost {
  readonly identity: LogIdentity;
  readonly bucket = new MemoryBucket();
  readonly sinks = new Map<number, SinkDouble>();
  readonly messages: ProjectionMessage[] = [];
  /** The same of the queue for Linear. */
  readonly linearMessages: LinearProjectionMessage[] = [];
  /** What the assembly's log has received, repeats included. */
  readonly carried: SessionEvent[] = [];
  /** What the assembly's log and the queues throw while it is there. */
  failures: { writes?: Error; queue?: Error; linearQueue?: Error } = {};
  readonly #options: WorldOptions;
  /** Whether the next incarnation is told to show work in Linear. */
  linear: boolean;
  events: SessionEvents;

  constructor(options: WorldOptions = {}, clock = new ManualClock()) {
    super(clock);
    this.identity = anIdentity();
    this.#options = options;
    this.linear = options.linear ?? false;
    this.events = this.#open();
  }

  /** Drops the object in memory and starts the next one, as the platform does. */
  async restart(): Promise<void> {
    this.storage.die();
    this.events = this.#open();
    await this.events.log.start();
    await turns();
  }

  append(writes: Parameters<SessionEvents["append"]>[1]): ReturnType<SessionEvents["append"]> {
    return this.events.append(this.identity, writes);
  }

  async attach(shard: number, after = 0): Promise<SinkDouble> {
    const sink = this.sinks.get(shard) ?? new SinkDouble(after);
    this.sinks.set(shard, sink);
    await this.events.log.attach(this.shard(shard), after);
    return sink;
  }

  shard(shard: number): SinkAddress {
    return { org: this.identity.org, shard };
  }

  tip(): Promise<LogTip> {
    return this.events.log.tip();
  }

  /** Every event as a reader gets it. */
  async all(): Promise<SessionEvent[]> {
    const read: SessionEvent[] = [];
    for (;;) {
      const { events } = await this.events.read(read.at(-1)?.seq ?? 0, 1_000);
      if (events.length === 0) return read;
      read.push(...events);
    }
  }

  /** Lets time pass in steps, and the alarm fire when it is due. A crash is followed by the next incarnation. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    const step = Math.max(1, Math.ceil(ms / PASS_STEPS));
    for (;;) {
      await turns();
      while (this.alarm.take(this.clock.now())) await this.survive(() => this.events.log.onAlarm(this.clock.now()));
      const now = this.clock.now();
      if (now >= end) return;
      const next = Math.min(end, now + step, Math.max(now, this.alarm.at ?? end));
      this.clock.advance(next - now);
    }
  }

  async survive(work: () => Promise<unknown>): Promise<void> {
    const { storage } = this;
    try {
      await work();
    } catch (err) {
      if (!storage.dead) throw err;
    }
    if (storage.dead) await this.restart();
  }

  #open(): SessionEvents {
    const storage = new MortalStorage(this.database);
    const runtime = this.runtime(storage, async ({ shard }, batch) => {
      requireLife(storage);
      const sink = this.sinks.get(shard);
      if (sink === undefined) throw new Error(`No shard ${shard}.`);
      return sink.push(batch);
    });
    const { org, sessionId } = this.identity;
    const { linear: _, ...limits } = this.#options;
    const projectToLinear = async (message: LinearProjectionMessage): Promise<void> => {
      requireLife(storage);
      if (this.failures.linearQueue !== undefined) throw this.failures.linearQueue;
      this.linearMessages.push(message);
    };
    return new SessionEvents({
      runtime,
      objectName: objectName.sessionLog(org, sessionId),
      org,
      sessionId,
      bucket: this.bucket,
      appendWrites: async (_org, _assembly, lines): Promise<Result> => {
        requireLife(storage);
        if (this.failures.writes !== undefined) return refuse("UNAVAILABLE", this.failures.writes.message);
        this.carried.push(...sessionEvents(lines));
        return { ok: true };
      },
      project: async (message) => {
        requireLife(storage);
        if (this.failures.queue !== undefined) throw this.failures.queue;
        this.messages.push(message);
      },
      ...(this.linear ? { projectToLinear } : {}),
      defer: queueMicrotask,
      ...limits,
    });
  }
}

/** One assembly's log. */
export class AssemblyWorld extends LogHost {
  readonly bucket = new MemoryBucket();
  readonly sinks = new Map<number, SinkDouble>();
  readonly #options: Partial<Pick<AssemblyEventsDeps, "keepMs" | "trimPage">>;
  events: AssemblyEvents;

  constructor(options: Partial<Pick<AssemblyEventsDeps, "keepMs" | "trimPage">> = {}) {
    super(new ManualClock());
    this.#options = options;
    this.events = this.#open();
  }

  async restart(): Promise<void> {
    this.storage.die();
    this.events = this.#open();
    await this.events.log.start();
    await turns();
  }

  /** Fires the alarm as often as it is due now. */
  async fire(): Promise<void> {
    while (this.alarm.take(this.clock.now())) await this.events.log.onAlarm(this.clock.now());
  }

  #open(): AssemblyEvents {
    const storage = new MortalStorage(this.database);
    const runtime = this.runtime(storage, async ({ shard }, batch) => {
      requireLife(storage);
      const sink = this.sinks.get(shard);
      if (sink === undefined) throw new Error(`No shard ${shard}.`);
      return sink.push(batch);
    });
    return new AssemblyEvents({
      runtime,
      objectName: objectName.assemblyLog("acme", "pricing"),
      org: "acme",
      assemblyId: "pricing",
      bucket: this.bucket,
      defer: queueMicrotask,
      ...this.#options,
    });
  }
}

/** The events of a session's lines. */
function sessionEvents(lines: string): SessionEvent[] {
  // The cast holds: they are the lines of a session's log.
  return lines
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as SessionEvent);
}

/** Lines as a session's log carries them. */
export function linesOf(events: readonly SessionEvent[]): string {
  return events.map((event) => `${canonicalJson(event)}\n`).join("");
}
