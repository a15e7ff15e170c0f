/**
 * What every log's object is, around its events: storage that exists only while there is something to keep, readers that
 * follow, sinks that are pushed to, and the one alarm.
 *
 * A log without tables may be new, or archived and removed. The archive is asked once before it answers as an empty one,
 * and a failure of the archive is an error, never an empty log.
 */
import { migrate, Scheduler } from "@factory/durable";
import type { StoragePort, TimerPort } from "@factory/durable";
import { FactoryError, GENESIS_HASH } from "@factory/schemas";
import type { LogAddress, LogTip, SinkAddress } from "@factory/schemas/rpc";
import type { Carrier } from "./carrier.ts";
import { checkCursor, checkPageSize } from "./limits.ts";
import { LiveTail } from "./live-tail.ts";
import type { LogPage, PageBounds } from "./log-lines.ts";
import { hasTables, LOG_MIGRATIONS } from "./log-schema.ts";
import type { PumpSurroundings } from "./pump.ts";
import { Sinks } from "./sinks.ts";
import type { SinksDeps } from "./sinks.ts";

/** What the runtime gives a log. */
export interface LogRuntime extends PumpSurroundings {
  readonly storage: StoragePort;
  readonly timer: TimerPort;
  /** Removes every table and the alarm; no other event of the object runs meanwhile. */
  readonly deleteAll: () => Promise<void>;
  /** Resolves when everything written so far is on disk. */
  readonly durable: () => Promise<void>;
  readonly push: SinksDeps["push"];
}

/** The events of a log that has storage. */
export interface LogEvents {
  tip(): LogTip;
  pageAfter(after: number, bounds: PageBounds): LogPage | Promise<LogPage>;
  /** What carries events elsewhere, besides the sinks. */
  readonly carriers: readonly Carrier[];
  /**
   * Whether the storage may go. A log that says so lies in the archive, where `findMoved` of {@link EventLogDeps} finds it.
   */
  spent(): boolean;
}

/** Where a log is that has no events in storage. */
export interface MovedLog {
  readonly tip: LogTip;
  pageAfter(after: number, bounds: PageBounds): Promise<LogPage>;
}

/** What makes a log. */
export interface EventLogDeps<Events extends LogEvents, Moved extends MovedLog> {
  readonly runtime: LogRuntime;
  readonly address: LogAddress;
  /** Makes the events over tables that exist; registers its timers. */
  readonly open: (scheduler: Scheduler) => Events;
  /** Looks the log up in the archive; null when it is not there. Called until it has answered once. */
  readonly findMoved: () => Promise<Moved | null>;
}

/** Name of the timer that does what a crash or a failure left undone. */
const SAFETY_TIMER = "deliveries";
/** Deliveries follow each commit at once; the alarm that finds what was left is set at most once in this time. */
export const SAFETY_MS = 10_000;
/** How long an alarm waits for deliveries under way. */
const SETTLE_MS = 25_000;

const EMPTY_TIP: LogTip = { lastSeq: 0, rootHash: GENESIS_HASH, closed: false, archived: false };

/** Not persisted: what exists while the log has storage. */
interface Open<Events> {
  readonly events: Events;
  readonly scheduler: Scheduler;
  readonly sinks: Sinks;
  readonly carriers: readonly Carrier[];
}

/** One log: its storage, its readers and its deliveries. */
export class EventLog<Events extends LogEvents, Moved extends MovedLog> {
  readonly #deps: EventLogDeps<Events, Moved>;
  readonly #runtime: LogRuntime;
  readonly #tail: LiveTail;
  #open: Open<Events> | undefined;
  /** Not persisted: the archive's answer; undefined until it has been asked. */
  #moved: Moved | null | undefined;
  /** Not persisted: the question under way. */
  #finding: Promise<Moved | null> | undefined;
  /** Not persisted: when the safety timer is known to fire; null when it is not known to be set. */
  #safeAt: number | null = null;
  /** Not persisted: whether timers run; the scheduler still has rows to write then. */
  #alarming = false;

  constructor(deps: EventLogDeps<Events, Moved>) {
    this.#deps = deps;
    this.#runtime = deps.runtime;
    this.#tail = new LiveTail({
      page: (after, bounds) => this.page(after, bounds),
      durable: deps.runtime.durable,
      startTimeout: deps.runtime.startTimeout,
    });
  }

  /** Takes up what an earlier incarnation left; the constructor of the object calls it while it holds other events back. */
  async start(): Promise<void> {
    if (!hasTables(this.#runtime.storage)) return;
    const { scheduler } = this.#create();
    await scheduler.rearm();
    this.#kick();
  }

  /** The events if the log has any in storage. */
  stored(): Events | undefined {
    const events = this.#open?.events;
    return events === undefined || events.tip().lastSeq === 0 ? undefined : events;
  }

  /** The archived log; null when there is none. Rejects when the archive does not answer. */
  moved(): Promise<Moved | null> {
    this.#finding ??= this.#find();
    return this.#finding;
  }

  /** The events, with tables made for them if need be. */
  opened(): Events {
    return (this.#open ?? this.#create()).events;
  }

  /** The events while the log has tables, with or without events in them. */
  openedEvents(): Events | undefined {
    return this.#open?.events;
  }

  /** Readers that wait for the next event. */
  get waiting(): number {
    return this.#tail.waiting;
  }

  /** Where the log ends. */
  async tip(): Promise<LogTip> {
    return this.stored()?.tip() ?? (await this.moved())?.tip ?? EMPTY_TIP;
  }

  /** Lines strictly after `after`. At once when they are in storage, so that no commit falls between a page and what follows it. */
  page(after: number, bounds: PageBounds): LogPage | Promise<LogPage> {
    checkCursor(after);
    checkPageSize(bounds.events);
    const stored = this.stored();
    if (stored !== undefined) return stored.pageAfter(after, bounds);
    if (this.#moved === undefined) return this.moved().then(() => this.page(after, bounds));
    return this.#moved?.pageAfter(after, bounds) ?? { text: "", count: 0, lastSeq: after, tip: EMPTY_TIP };
  }

  /** NDJSON of events strictly after `after`, stored and live. @throws FactoryError INVALID_ARGUMENT for what is no cursor. */
  async subscribe(after: number): Promise<ReadableStream<Uint8Array>> {
    checkCursor(after);
    if (this.stored() === undefined) await this.moved();
    return this.#tail.open(after);
  }

  /** Adds a sink; durable when it returns. @throws FactoryError as {@link Sinks.attach}. */
  async attach(sink: SinkAddress, after: number): Promise<LogTip> {
    const tip = await this.tip();
    const { sinks } = this.#open ?? this.#create();
    try {
      sinks.attach(sink, after);
    } catch (err) {
      await this.#removeSpent();
      throw err;
    }
    this.#arm();
    return this.stored()?.tip() ?? tip;
  }

  /** Removes a sink, and the storage with the last one of a log that has nothing in it. */
  async detach(sink: SinkAddress): Promise<void> {
    this.#open?.sinks.detach(sink);
    await this.#removeSpent();
  }

  /** Tells readers, sinks and carriers of a commit; in the same turn, so that what it writes is part of it. */
  committed(): void {
    this.#tail.wake();
    for (const carrier of this.#open?.carriers ?? []) carrier.settle();
    this.#kick();
  }

  /** Nothing is left to deliver to sinks and carriers. */
  drained(): boolean {
    return this.#open === undefined || (this.#open.sinks.size === 0 && this.#dueAt() === null);
  }

  /** The object's alarm. */
  async onAlarm(now: number): Promise<void> {
    this.#alarming = true;
    try {
      await this.#open?.scheduler.onAlarm(now);
    } finally {
      this.#alarming = false;
    }
    await this.#removeSpent();
  }

  /** Resolves when no delivery is under way. */
  async idle(): Promise<void> {
    await Promise.all((this.#open?.carriers ?? []).map((carrier) => carrier.idle()));
  }

  #create(): Open<Events> {
    const { runtime, address, open } = this.#deps;
    migrate(runtime.storage, LOG_MIGRATIONS);
    const scheduler = new Scheduler({ ...runtime, timer: runtime.timer });
    const events = open(scheduler);
    const sinks = new Sinks({ ...runtime, address, page: (after, bounds) => this.page(after, bounds), tip: () => this.#knownTip() });
    scheduler.on(SAFETY_TIMER, () => this.#catchUp(), { dueAt: () => this.#dueAt() });
    this.#safeAt = null;
    this.#open = { events, scheduler, sinks, carriers: [...events.carriers, sinks] };
    return this.#open;
  }

  async #find(): Promise<Moved | null> {
    try {
      this.#moved = await this.#deps.findMoved();
      return this.#moved;
    } catch (err) {
      this.#finding = undefined;
      if (err instanceof FactoryError) throw err;
      throw new FactoryError("UNAVAILABLE", `The archive of logs did not answer: ${err instanceof Error ? err.message : String(err)}. Try again.`);
    }
  }

  #knownTip(): LogTip | null {
    const stored = this.stored();
    if (stored !== undefined) return stored.tip();
    return this.#moved === undefined ? null : (this.#moved?.tip ?? EMPTY_TIP);
  }

  /** When something is left to deliver; null when nothing is. */
  #dueAt(): number | null {
    const due = (this.#open?.carriers ?? []).flatMap((carrier) => carrier.dueAt() ?? []);
    return due.length === 0 ? null : Math.min(...due);
  }

  #kick(): void {
    for (const carrier of this.#open?.carriers ?? []) carrier.kick();
    this.#arm();
  }

  /** Sets the safety timer unless it is set or nothing is left to do. */
  #arm(): void {
    const due = this.#dueAt();
    if (this.#open === undefined || due === null) return;
    const at = Math.max(due, this.#runtime.now() + SAFETY_MS);
    if (this.#safeAt !== null && this.#safeAt <= at) return;
    this.#safeAt = at;
    this.#runtime.background(this.#open.scheduler.scheduleBy(SAFETY_TIMER, at));
  }

  /** The safety timer: what was acknowledged is written, and what is left is tried until the next one. */
  async #catchUp(): Promise<void> {
    this.#safeAt = null;
    for (const carrier of this.#open?.carriers ?? []) carrier.kick();
    const { promise: waited, resolve } = Promise.withResolvers<void>();
    const stop = this.#runtime.startTimeout(SETTLE_MS, resolve);
    await Promise.race([this.idle(), waited]);
    stop();
    for (const carrier of this.#open?.carriers ?? []) carrier.settle();
    this.#arm();
  }

  /** Removes storage that holds nothing which is not in the archive. */
  async #removeSpent(): Promise<void> {
    const open = this.#open;
    if (open === undefined || this.#alarming || open.sinks.size > 0 || this.#dueAt() !== null) return;
    const hasEvents = open.events.tip().lastSeq > 0;
    if (hasEvents && !open.events.spent()) return;
    for (const carrier of open.carriers) carrier.stop();
    // From this turn on the log is where it has moved to; a call that arrives finds it there.
    this.#open = undefined;
    if (hasEvents) {
      this.#moved = undefined;
      this.#finding = undefined;
    }
    await this.#runtime.deleteAll();
  }
}
