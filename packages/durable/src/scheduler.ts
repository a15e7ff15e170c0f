/**
 * One scheduler for all timers of an object, over its single alarm. Timers are rows; the alarm is only the wake-up for
 * the earliest of them, and what it should be is always derived from the rows.
 *
 * A timer's row stays until its handler has succeeded, so a timer survives a crash at any point and its handler has to
 * be idempotent. A failing handler is run again with back-off, for as long as it takes: the platform would give an alarm
 * that throws six retries only.
 */
import { DEFAULT_BACKOFF, fullJitterMs } from "./backoff.ts";
import type { BackoffPolicy, Random } from "./backoff.ts";
import { startRealTimeout, withDeadline } from "./deadline.ts";
import type { StartTimeout } from "./deadline.ts";
import { failureOf, messageOf, TerminalError } from "./errors.ts";
import type { Log } from "./log.ts";
import { migrate } from "./migrations.ts";
import type { Migration } from "./migrations.ts";
import type { StoragePort } from "./sql.ts";

/** The one alarm of an object. `ctx.storage` fits; an object on `agents` adapts the agent's schedule. Epoch milliseconds. */
export interface TimerPort {
  getAlarm(): Promise<number | null>;
  setAlarm(atMs: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

/** A timer that is due, as its handler sees it. */
export interface DueTimer {
  readonly name: string;
  /** What was scheduled with it; any JSON value, null when nothing was. */
  readonly payload: unknown;
  /** When it was due, in epoch milliseconds. */
  readonly scheduledAt: number;
  /** Failed runs before this one. */
  readonly failures: number;
  /** Aborted when the handler's time is up. */
  readonly signal: AbortSignal;
}

/** Runs a due timer. Throwing runs it again with back-off. A timer that the handler schedules again stays scheduled. */
export type TimerHandler = (timer: DueTimer) => void | Promise<void>;

/** How one timer is run. */
export interface TimerOptions {
  /** Longest run in milliseconds; after it the run counts as failed. */
  readonly timeoutMs?: number;
  /** When state says that this timer has to run, in epoch milliseconds; {@link Scheduler.rearm} creates it if it is missing. */
  readonly dueAt?: () => number | null;
}

/** What a scheduler needs. */
export interface SchedulerDeps {
  readonly storage: StoragePort;
  readonly timer: TimerPort;
  readonly log: Log;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly random: Random;
  readonly backoff?: BackoffPolicy;
  readonly startTimeout?: StartTimeout;
}

/** Well under the 15 minutes of wall clock that the platform gives an alarm. */
export const HANDLER_TIMEOUT_MS = 60_000;
/** An alarm that is this late is taken as lost and set again. */
export const ALARM_LATE_MS = 60_000;

const SCHEDULER_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-timers",
    statements: [
      `CREATE TABLE scheduler_timers (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        due_at INTEGER NOT NULL,
        payload TEXT NOT NULL,
        failures INTEGER NOT NULL DEFAULT 0
      ) STRICT`,
      "CREATE INDEX scheduler_timers_by_due ON scheduler_timers (due_at)",
    ],
  },
];

interface Registration extends TimerOptions {
  readonly handler: TimerHandler;
}

/** `seq` is never used twice, so it tells a timer that was scheduled again from the one that ran. */
type TimerRow = { seq: number; name: string; due_at: number; payload: string; failures: number };

/** Multiplexes the timers of one object. */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #startTimeout: StartTimeout;
  readonly #registrations = new Map<string, Registration>();
  /** Not persisted: timers whose handler runs now; a crash ends the handlers too. */
  readonly #running = new Set<string>();
  /** Not persisted: what the alarm is known to be set to; `undefined` until it has been read or set. */
  #armedAt: number | null | undefined;
  /** Not persisted: the arming that is under way. */
  #arming: Promise<void> | undefined;

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
    this.#startTimeout = deps.startTimeout ?? startRealTimeout;
    migrate(deps.storage, SCHEDULER_MIGRATIONS, "scheduler");
  }

  /**
   * Names the handler of a timer; the constructor of the object registers all of them before {@link Scheduler.rearm}.
   *
   * @throws TerminalError when the name is taken.
   */
  on(name: string, handler: TimerHandler, options: TimerOptions = {}): void {
    if (this.#registrations.has(name)) throw new TerminalError(`Two handlers for the timer "${name}".`);
    this.#registrations.set(name, { ...options, handler });
  }

  /**
   * Sets the timer `name` to `atMs`, replacing what it was set to. The row is written before the call returns, so it
   * belongs to the caller's transaction; the alarm follows when that transaction is over.
   *
   * @param atMs - epoch milliseconds; the past means as soon as possible
   * @param payload - JSON value for the handler
   * @returns resolves when the alarm is set
   */
  schedule(name: string, atMs: number, payload: unknown = null): Promise<void> {
    if (!Number.isFinite(atMs)) throw new TerminalError(`The timer "${name}" has no valid time: ${atMs}.`);
    this.#deps.storage.sql.exec(
      "INSERT OR REPLACE INTO scheduler_timers (name, due_at, payload) VALUES (?, ?, ?)",
      name,
      Math.trunc(atMs),
      JSON.stringify(payload) ?? "null",
    );
    return this.#arm();
  }

  /** Makes sure that the timer `name` runs at `atMs` or before; an earlier one is left as it is. */
  scheduleBy(name: string, atMs: number): Promise<void> {
    const current = this.scheduledAt(name);
    // A running timer's row goes away when its handler succeeds, so it does not count.
    if (current !== null && current <= atMs && !this.#running.has(name)) return this.#isArmedBy(current) ? Promise.resolve() : this.#arm();
    return this.schedule(name, atMs);
  }

  /** Removes the timer; a handler that runs already is not stopped. Resolves when the alarm is adjusted. */
  cancel(name: string): Promise<void> {
    this.#deps.storage.sql.exec("DELETE FROM scheduler_timers WHERE name = ?", name);
    return this.#arm();
  }

  /** When the timer is due, in epoch milliseconds; null when it is not set. */
  scheduledAt(name: string): number | null {
    return this.#deps.storage.sql.exec<{ due_at: number }>("SELECT due_at FROM scheduler_timers WHERE name = ?", name).toArray()[0]?.due_at ?? null;
  }

  /**
   * Creates the timers that state calls for and that are missing, and sets the alarm if it is missing, too late or
   * overdue. The constructor of the object calls it once, inside `blockConcurrencyWhile`.
   */
  async rearm(): Promise<void> {
    for (const [name, { dueAt }] of this.#registrations) {
      const at = dueAt?.() ?? null;
      if (at !== null) await this.scheduleBy(name, at);
    }
    const alarm = await this.#deps.timer.getAlarm();
    this.#armedAt = alarm !== null && alarm < this.#deps.now() - ALARM_LATE_MS ? null : alarm;
    await this.#arm();
  }

  /**
   * Runs everything that is due, side by side and each for itself, then sets the alarm to the next. The object's
   * `alarm()` calls it and nothing else.
   *
   * @param now - epoch milliseconds up to which timers are due
   */
  async onAlarm(now: number): Promise<void> {
    // The platform has taken the alarm that led here.
    this.#armedAt = null;
    const due = this.#deps.storage.sql
      .exec<TimerRow>("SELECT seq, name, due_at, payload, failures FROM scheduler_timers WHERE due_at <= ? ORDER BY due_at, name", now)
      .toArray()
      .filter(({ name }) => !this.#running.has(name));
    await Promise.all(due.map((row) => this.#run(row)));
    await this.#arm();
  }

  async #run(row: TimerRow): Promise<void> {
    this.#running.add(row.name);
    const startedAt = this.#deps.now();
    try {
      const registration = this.#registrations.get(row.name);
      if (registration === undefined) throw new TerminalError(`No handler for the timer "${row.name}".`);
      await withDeadline(
        `The timer "${row.name}"`,
        registration.timeoutMs ?? HANDLER_TIMEOUT_MS,
        (signal) =>
          registration.handler({
            name: row.name,
            payload: JSON.parse(row.payload),
            scheduledAt: row.due_at,
            failures: row.failures,
            signal,
          }),
        this.#startTimeout,
      );
      this.#deps.storage.sql.exec("DELETE FROM scheduler_timers WHERE seq = ?", row.seq);
    } catch (err) {
      this.#postpone(row, err, startedAt);
    } finally {
      this.#running.delete(row.name);
    }
  }

  #postpone(row: TimerRow, err: unknown, startedAt: number): void {
    const failures = row.failures + 1;
    const failure = failureOf(err);
    const hintMs = failure.kind === "retryable" ? (failure.retryAfterMs ?? 0) : 0;
    const { now, random, backoff, log, storage } = this.#deps;
    const waitMs = Math.max(hintMs, 1, fullJitterMs(failures, backoff ?? DEFAULT_BACKOFF, random));
    storage.sql.exec("UPDATE scheduler_timers SET due_at = ?, failures = ? WHERE seq = ?", now() + waitMs, failures, row.seq);
    log.event({
      op: "timer.run",
      outcome: "failed",
      durationMs: now() - startedAt,
      ids: { timer: row.name },
      fields: { error: messageOf(err), failures, waitMs },
    });
  }

  /** Whether the alarm is known to go off at that time or before. */
  #isArmedBy(atMs: number): boolean {
    return this.#armedAt !== undefined && this.#armedAt !== null && this.#armedAt <= atMs;
  }

  /**
   * Sets the alarm to the earliest row. It begins in a later microtask: by then the caller's transaction has ended, so
   * the alarm never follows a row that was rolled back. Calls of one turn share one arming.
   */
  #arm(): Promise<void> {
    this.#arming ??= (async () => {
      await Promise.resolve();
      this.#arming = undefined;
      await this.#setAlarm();
    })();
    return this.#arming;
  }

  async #setAlarm(): Promise<void> {
    const { storage, timer } = this.#deps;
    // A timer that runs is left out: it is still overdue, and its end arms again.
    const earliest =
      storage.sql
        .exec<{ due_at: number }>(
          `SELECT due_at FROM scheduler_timers WHERE name NOT IN (SELECT value FROM json_each(?)) ORDER BY due_at LIMIT 1`,
          JSON.stringify([...this.#running]),
        )
        .toArray()[0]?.due_at ?? null;
    if (earliest === null) {
      if (this.#armedAt === null || this.#running.size > 0) return;
      this.#armedAt = null;
      await timer.deleteAlarm();
      return;
    }
    // An earlier alarm stays: it wakes once in vain, which is cheaper than a write for each extension of a timer.
    if (this.#isArmedBy(earliest)) return;
    // The platform refuses times before the epoch; any past time fires at once.
    const at = Math.max(1, earliest);
    this.#armedAt = at;
    try {
      await timer.setAlarm(at);
    } catch (err) {
      this.#armedAt = undefined;
      throw err;
    }
  }
}
