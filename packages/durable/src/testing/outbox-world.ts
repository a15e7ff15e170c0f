/** A sender with an outbox, its receivers with inboxes, and everything that can go wrong between them. */
import { Inbox } from "../inbox.ts";
import { Outbox } from "../outbox.ts";
import type { Delivery, Effect, NewEffect, OutboxDeps, ParkedEffect } from "../outbox.ts";
import { Scheduler } from "../scheduler.ts";
import { ManualAlarm, ManualClock } from "./manual-time.ts";
import { MemoryLog } from "./memory-log.ts";
import { MortalStorage } from "./mortal-storage.ts";
import { NodeSqliteStorage } from "./node-sqlite.ts";

/** What a receiver does with one delivery. */
export type Behaviour = "ok" | "refuse" | "throw" | "terminal" | "lost answer" | "hang" | "late" | "crash" | "crash after effect";

/** One delivery call as the receiver saw it. */
export interface Call {
  readonly target: string;
  readonly ids: readonly string[];
}

/** Deterministic stand-in for `Math.random`, uniform enough for back-off. */
function aRandom(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** One incarnation of the sending object. */
export interface Incarnation {
  readonly storage: MortalStorage;
  readonly scheduler: Scheduler;
  readonly outbox: Outbox;
}

/** The sender's and the receivers' storage, which outlive every incarnation. */
export class OutboxWorld {
  readonly database = new NodeSqliteStorage();
  readonly alarm = new ManualAlarm();
  readonly clock = new ManualClock();
  readonly log = new MemoryLog();
  readonly calls: Call[] = [];
  readonly parked: ParkedEffect[] = [];
  /** Effects that the receivers applied, by target, in order. */
  readonly applied = new Map<string, unknown[]>();
  /** What the next deliveries do; `ok` when it is empty. */
  readonly behaviours: Behaviour[] = [];
  /** Deliveries that arrive after their sender stopped waiting. */
  readonly late: (() => void)[] = [];
  /** Targets that got a second delivery while one was under way. */
  readonly overlaps: string[] = [];
  /** Most deliveries that were under way at once in one incarnation. */
  maxActive = 0;
  readonly #inbox: Inbox;
  readonly #options: Partial<OutboxDeps>;
  #current: Incarnation;

  constructor(options: Partial<OutboxDeps> = {}) {
    this.#options = options;
    this.#inbox = new Inbox({ storage: new NodeSqliteStorage() });
    this.#current = this.#open();
  }

  get outbox(): Outbox {
    return this.#current.outbox;
  }

  get storage(): MortalStorage {
    return this.#current.storage;
  }

  /** Enqueues in a transaction of its own. */
  enqueue(effect: Partial<NewEffect> & { readonly effectId: string }): boolean {
    const lane = effect.lane ?? "lane";
    return this.storage.transactionSync(() => this.outbox.enqueue({ lane, target: lane, payload: effect.effectId, ...effect }));
  }

  /** Drops the object in memory and starts the next one, as the platform does. */
  async restart(): Promise<void> {
    this.#current.storage.die();
    this.#current = this.#open();
    await this.#current.scheduler.rearm();
  }

  /** Fires the alarm as often as it is due now. */
  async fire(): Promise<void> {
    for (let fired = 0; this.alarm.take(this.clock.now()); fired += 1) {
      if (fired > 200) throw new Error("The alarm does not come to rest.");
      await this.survive(() => this.#current.scheduler.onAlarm(this.clock.now()));
    }
  }

  /** Lets time pass from alarm to alarm until there is none. */
  async settle(): Promise<void> {
    for (let steps = 0; this.alarm.at !== null; steps += 1) {
      if (steps > 500) throw new Error("The outbox does not come to rest.");
      this.clock.advance(Math.max(0, this.alarm.at - this.clock.now()));
      await this.fire();
    }
  }

  /** Runs work of the current incarnation; when it crashed meanwhile, the next one starts. */
  async survive(work: () => Promise<void>): Promise<void> {
    const { storage } = this.#current;
    try {
      await work();
    } catch (err) {
      if (!storage.dead) throw err;
    }
    if (storage.dead) await this.restart();
  }

  #open(): Incarnation {
    const storage = new MortalStorage(this.database);
    const shared = { storage, log: this.log, now: this.clock.now, random: aRandom(), startTimeout: this.clock.startTimeout };
    const scheduler = new Scheduler({ ...shared, timer: this.alarm });
    const active = new Set<string>();
    const outbox = new Outbox({
      ...shared,
      scheduler,
      onParked: (effect) => void this.parked.push(effect),
      ...this.#options,
      deliver: async (target, effects, signal) => {
        if (active.has(target)) this.overlaps.push(target);
        active.add(target);
        signal.addEventListener("abort", () => active.delete(target));
        this.maxActive = Math.max(this.maxActive, active.size);
        this.calls.push({ target, ids: effects.map(({ effectId }) => effectId) });
        try {
          // Lets other lanes start.
          await Promise.resolve();
          return await this.#receive(target, effects, storage);
        } finally {
          active.delete(target);
        }
      },
    });
    return { storage, scheduler, outbox };
  }

  async #receive(target: string, effects: readonly Effect[], sender: MortalStorage): Promise<Delivery> {
    const behaviour = this.behaviours.shift() ?? "ok";
    const apply = (): void => {
      for (const { effectId, payload } of effects) this.#inbox.once(effectId, () => this.#apply(target, payload));
    };
    switch (behaviour) {
      case "ok":
        apply();
        return { ok: true };
      case "refuse":
        return { ok: false, retryAfterMs: 700 };
      case "throw":
        throw new Error("no answer");
      case "terminal":
        return { ok: false, terminal: "will never do" };
      case "lost answer":
        apply();
        throw new Error("answer lost");
      case "hang":
      case "late":
        if (behaviour === "late") this.late.push(apply);
        queueMicrotask(() => this.clock.advance(60_000));
        return new Promise<never>(() => undefined);
      case "crash after effect":
        apply();
        sender.die();
        return { ok: true };
      case "crash":
        sender.die();
        return { ok: true };
      default:
        return behaviour satisfies never;
    }
  }

  #apply(target: string, payload: unknown): void {
    this.applied.set(target, [...(this.applied.get(target) ?? []), payload]);
  }
}
