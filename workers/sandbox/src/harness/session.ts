/**
 * The state of one run: fuel, faults, captured console, timers. An isolate has one session at a time; the globals that code
 * under test sees are fixed for the isolate's life and act on the session of the moment.
 */
import { MAX_CALL_DEPTH, type Meter } from "@factory/verification/compile";
import { platform } from "./platform.ts";
import type { RawFault, RawPlace } from "./raw-report.ts";
import { RunClock } from "./run-clock.ts";

/** How often a run is looked at for standing still, in milliseconds. */
const IDLE_TICK_MS = 2;
/** Looks in a row without anything left to happen before the run is taken to stand still. */
const IDLE_TICKS = 2;
/** Code units of one message; what is longer is cut. */
const MAX_MESSAGE_CHARS = 4_000;

/** Thrown by the sandbox into code under test; never counts as an error of the code's own. */
export class SandboxFault extends Error {
  readonly fault: RawFault;

  constructor(fault: RawFault) {
    super(fault.message);
    this.name = "SandboxFault";
    this.fault = fault;
  }
}

type HarnessTimer = { readonly callback: () => void; readonly due: number; readonly handle: Handle };
/** What the runtime gives for a timer. */
type Handle = ReturnType<typeof platform.setTimeout>;

let current: Session | undefined;

/** Bounds of a session. With a `clock`, in epoch milliseconds, its time, timers and random bytes are its own: see `RunClock`. */
export type SessionOptions = { readonly fuel: number; readonly outputChars: number; readonly clock?: number };

/** Starts a session; `undefined` when another one is under way. */
export function beginSession(options: SessionOptions, format: (values: unknown[]) => string): Session | undefined {
  if (current !== undefined) return undefined;
  current = new Session(options, format);
  return current;
}

export class Session {
  readonly meter: Meter;
  readonly #format: (values: unknown[]) => string;
  /** Every fault of the run in order; the first one names the run. */
  readonly #faults: RawFault[] = [];
  readonly #clock: RunClock | undefined;
  readonly #userTimers = new Map<number, Handle>();
  readonly #harnessTimers = new Map<number, HarnessTimer>();
  readonly #unhandled: unknown[] = [];
  #nextTimer = 1;
  #idleTicks = 0;
  #watch: Handle | undefined;
  #console: string[] = [];
  #outputLeft: number;
  #droppedOutput = 0;
  #random = 0x9e37_79b9;

  constructor({ fuel, outputChars, clock }: SessionOptions, format: (values: unknown[]) => string) {
    this.#format = format;
    this.#clock = clock === undefined ? undefined : new RunClock(clock);
    this.#outputLeft = outputChars;
    this.meter = { f: fuel, d: 0, x: () => this.#overrun() };
    Error.stackTraceLimit = 50;
    this.#watchIdle();
  }

  /** Ends the session: nothing that it started runs after this. */
  end(): void {
    platform.clearTimeout(this.#watch);
    for (const handle of this.#userTimers.values()) platform.clearTimeout(handle);
    for (const { handle } of this.#harnessTimers.values()) platform.clearTimeout(handle);
    this.#userTimers.clear();
    this.#harnessTimers.clear();
    this.meter.f = -1;
    if (current === this) current = undefined;
  }

  get fuelLeft(): number {
    return Math.max(0, this.meter.f);
  }

  get console(): string {
    return this.#console.join("");
  }

  get droppedOutput(): number {
    return this.#droppedOutput;
  }

  get faults(): readonly RawFault[] {
    return this.#faults;
  }

  /** Errors that nothing handled, in the order they came. */
  get unhandled(): readonly unknown[] {
    return this.#unhandled;
  }

  /** Records a fault and throws it. */
  fail(code: RawFault["code"], message: string): never {
    const error = new SandboxFault({ code, message });
    const at = placeOf(error);
    const fault = at === undefined ? error.fault : { ...error.fault, at };
    this.#faults.push(fault);
    throw new SandboxFault(fault);
  }

  /** Cuts a message to size and takes it out of the output allowance. */
  spend(text: string): string {
    const cut = text.length > MAX_MESSAGE_CHARS ? `${text.slice(0, MAX_MESSAGE_CHARS)}… (${text.length - MAX_MESSAGE_CHARS} more)` : text;
    const kept = cut.slice(0, this.#outputLeft);
    this.#outputLeft -= kept.length;
    this.#droppedOutput += text.length - Math.min(text.length, kept.length);
    return kept;
  }

  log(values: unknown[]): void {
    if (this.#outputLeft === 0) {
      this.#droppedOutput += 1;
      return;
    }
    this.#console.push(this.spend(`${this.#formatted(values)}\n`));
  }

  noteUnhandled(reason: unknown): void {
    // A fault of the sandbox is on its own list already.
    if (!(reason instanceof SandboxFault)) this.#unhandled.push(reason);
  }

  /** Runs code under test that nobody waits for. */
  guard(callback: () => void): void {
    this.meter.d = 0;
    try {
      callback();
    } catch (err) {
      this.noteUnhandled(err);
    }
  }

  setUserTimer(callback: unknown, delayMs: unknown, args: unknown[], repeat: boolean): number {
    if (typeof callback !== "function") throw new TypeError("A timer needs a function");
    const id = this.#nextTimer++;
    const delay = Math.max(repeat ? 1 : 0, Number(delayMs) || 0);
    const fire = (): void => {
      if (current !== this) return;
      if (repeat) this.#schedule(id, delay, fire);
      else this.#userTimers.delete(id);
      this.#idleTicks = 0;
      this.guard(() => {
        Reflect.apply(callback, undefined, args);
      });
    };
    this.#schedule(id, delay, fire);
    return id;
  }

  #schedule(id: number, delayMs: number, fire: () => void): void {
    if (this.#clock === undefined) this.#userTimers.set(id, platform.setTimeout(fire, delayMs));
    else this.#clock.set(id, delayMs, fire);
  }

  /** Fires the next timer of a session with a clock of its own; false when there is none. */
  advance(): boolean {
    return this.#clock?.advance() ?? false;
  }

  clearUserTimer(id: unknown): void {
    if (typeof id !== "number") return;
    this.#clock?.clear(id);
    platform.clearTimeout(this.#userTimers.get(id));
    this.#userTimers.delete(id);
  }

  /** A timer of the runner. When code under test has nothing left to wait for, it fires at once: only it can go on. */
  setHarnessTimer(callback: () => void, delayMs = 0): number {
    const id = this.#nextTimer++;
    const fire = (): void => {
      const timer = this.#harnessTimers.get(id);
      this.#harnessTimers.delete(id);
      this.meter.d = 0;
      if (timer !== undefined && current === this) timer.callback();
    };
    this.#harnessTimers.set(id, { callback, due: platform.now() + delayMs, handle: platform.setTimeout(fire, delayMs) });
    return id;
  }

  clearHarnessTimer(id: number | undefined): void {
    if (id === undefined) return;
    platform.clearTimeout(this.#harnessTimers.get(id)?.handle);
    this.#harnessTimers.delete(id);
  }

  /** The next number of mulberry32: the same sequence at every run, so that a verdict can be reproduced. */
  random(): number {
    this.#random = (this.#random + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Epoch milliseconds, for code under test. */
  now(): number {
    return this.#clock?.now ?? platform.dateNow();
  }

  /** Milliseconds of the clock that measures durations, for code under test. */
  elapsed(): number {
    return this.#clock?.elapsed ?? platform.now();
  }

  /** Fills a typed array with random bytes, the same at every run of a session with a clock of its own. */
  randomValues(array: Uint8Array): Uint8Array {
    // It refuses what is no array of integers or too long, in either case.
    platform.getRandomValues(array);
    if (this.#clock === undefined) return array;
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = this.random() * 256;
    return array;
  }

  /** A UUID of version 4, from {@link Session.randomValues}. */
  randomUUID(): string {
    if (this.#clock === undefined) return platform.randomUUID();
    const bytes = this.randomValues(new Uint8Array(16));
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const variant = "89ab"[(bytes[8] ?? 0) & 3] ?? "8";
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  #overrun(): never {
    if (this.meter.f < 0) {
      this.meter.f = 0;
      this.fail("FUEL", "The fuel of the run is used up: an endless loop, or work far beyond the size of the task");
    }
    this.meter.d -= 1;
    this.fail("RECURSION", `More than ${MAX_CALL_DEPTH} calls are open: a recursion that does not end`);
  }

  /**
   * In a timer's turn the microtasks are done. Isolates have no input or output, so where no timer of the code is pending
   * either, only the runner's timeouts are left, and waiting for them would change nothing.
   */
  #watchIdle(): void {
    this.#watch = platform.setTimeout(() => {
      this.#idleTicks = this.#userTimers.size === 0 ? this.#idleTicks + 1 : 0;
      if (this.#idleTicks > IDLE_TICKS) this.#fireEarliest();
      this.#watchIdle();
    }, IDLE_TICK_MS);
  }

  #fireEarliest(): void {
    let earliest: [id: number, timer: HarnessTimer] | undefined;
    for (const entry of this.#harnessTimers) if (earliest === undefined || entry[1].due < earliest[1].due) earliest = entry;
    if (earliest === undefined) return;
    this.clearHarnessTimer(earliest[0]);
    this.#idleTicks = 0;
    this.meter.d = 0;
    earliest[1].callback();
  }

  #formatted(values: unknown[]): string {
    try {
      return this.#format(values);
    } catch (err) {
      if (err instanceof SandboxFault) throw err;
      // A value may throw from any of its getters; what it is then cannot be shown.
      return "[a value that cannot be printed]";
    }
  }
}

const MODULE_FRAME = /\bmodule-(\d+)\.js:(\d+):\d+/;

/** Where in the job's code an error was made, read from its stack. */
export function placeOf(error: unknown): RawPlace | undefined {
  try {
    const stack: unknown = error instanceof Error ? error.stack : undefined;
    const match = typeof stack === "string" ? MODULE_FRAME.exec(stack) : null;
    return match === null ? undefined : { module: Number(match[1]), line: Number(match[2]) };
  } catch {
    // The stack of a foreign error may be a getter that throws; then there is no place to name.
    return undefined;
  }
}

/** A function that reports its use as FORBIDDEN, whether called or constructed. */
export function blocked(name: string): object {
  return function blockedUse(): never {
    if (current === undefined) throw new TypeError(`${name} is not available`);
    return current.fail("FORBIDDEN", `${name} is not available to code under test`);
  };
}

/** The globals that act on the session of the moment. */
export function globalsOfSession(): { [name: string]: unknown } {
  platform.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    current?.noteUnhandled(event.reason);
  });
  const log = (...values: unknown[]): void => current?.log(values);
  return {
    console: {
      log,
      info: log,
      warn: log,
      error: log,
      debug: log,
      trace: log,
      dir: log,
      table: log,
      group: log,
      groupCollapsed: log,
      groupEnd: () => undefined,
      time: () => undefined,
      timeEnd: () => undefined,
      timeLog: () => undefined,
      count: () => undefined,
      countReset: () => undefined,
      clear: () => undefined,
      assert: (condition: unknown, ...values: unknown[]) => {
        if (!condition) log("Assertion failed:", ...values);
      },
    },
    setTimeout: (callback: unknown, delayMs?: unknown, ...args: unknown[]) => current?.setUserTimer(callback, delayMs, args, false) ?? 0,
    setInterval: (callback: unknown, delayMs?: unknown, ...args: unknown[]) => current?.setUserTimer(callback, delayMs, args, true) ?? 0,
    clearTimeout: (id: unknown) => current?.clearUserTimer(id),
    clearInterval: (id: unknown) => current?.clearUserTimer(id),
    queueMicrotask: (callback: unknown) => {
      if (typeof callback !== "function") throw new TypeError("queueMicrotask needs a function");
      platform.queueMicrotask(() => current?.guard(callback as () => void));
    },
    performance: { now: () => current?.elapsed() ?? 0 },
    crypto: {
      randomUUID: () => current?.randomUUID() ?? platform.randomUUID(),
      getRandomValues: (array: Uint8Array) => current?.randomValues(array) ?? platform.getRandomValues(array),
    },
    "Math.random": () => current?.random() ?? 0,
    "Date.now": () => current?.now() ?? platform.dateNow(),
  };
}
