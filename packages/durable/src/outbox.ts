/**
 * The outbox: an effect is a row in the same transaction as the state change that calls for it, and leaves the object
 * afterwards, at least once. Receivers de-duplicate by effect id (see {@link Inbox}).
 *
 * Order is kept per lane: an effect leaves only when every earlier one of its lane has been acknowledged. Lanes are
 * independent and run side by side up to a bound.
 *
 * With a way to work in the background, effects leave right after their transaction and the timer is only the safety net:
 * it is set with the first row and stays, so that a busy object writes it every {@link NET_MS} and not with each effect.
 *
 * An acknowledged row is deleted by the next transaction that the outbox takes part in, never in one of its own: until
 * then its number is remembered in memory, and a crash in between costs one more delivery.
 */
import type { OutboxHealth } from "@factory/schemas/rpc";
import { DEFAULT_BACKOFF, fullJitterMs } from "./backoff.ts";
import type { BackoffPolicy, Random } from "./backoff.ts";
import { runBestEffort } from "./best-effort.ts";
import { startRealTimeout, withDeadline } from "./deadline.ts";
import type { StartTimeout } from "./deadline.ts";
import { failureOf, messageOf, TerminalError } from "./errors.ts";
import type { Log } from "./log.ts";
import { migrate } from "./migrations.ts";
import type { Scheduler } from "./scheduler.ts";
import { OUTBOX_MIGRATIONS, OutboxRows } from "./outbox-rows.ts";
import type { EffectRow } from "./outbox-rows.ts";
import type { StoragePort } from "./sql.ts";

/** An effect on its way out. */
export interface NewEffect {
  /** Unique and derived from what is done, so that a repeated command enqueues the same id. */
  readonly effectId: string;
  /** Order is kept within a lane. */
  readonly lane: string;
  /** Whom `deliver` is to call. */
  readonly target: string;
  /** JSON value, or one that is text already. */
  readonly payload: unknown;
  /** Earliest delivery in epoch milliseconds; it holds back the rest of the lane too. */
  readonly notBefore?: number;
}

/**
 * A JSON value that its maker has serialised already: the text is stored as it is. Delivered is the value that the maker
 * gave with it, as long as the object remembers it, and what the text says otherwise: to the receiver both have to be the same.
 */
export class JsonText {
  readonly text: string;
  readonly value: unknown;

  constructor(text: string, value?: unknown) {
    this.text = text;
    this.value = value;
  }
}

/** An effect as `deliver` gets it. */
export interface Effect {
  readonly effectId: string;
  readonly payload: unknown;
}

/** What became of a delivery. Not `ok`: tried again, or parked when `terminal` says why no repetition helps. */
export type Delivery = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs?: number; readonly terminal?: string };

/** An effect that is no longer tried. It stays in the outbox until it is unparked. */
export interface ParkedEffect extends NewEffect {
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly parkedAt: number;
  readonly attempts: number;
}

/** Bounds of an outbox. */
export interface OutboxLimits {
  /** Lanes that are delivered side by side. */
  readonly maxLanes: number;
  /** Most effects in one delivery. */
  readonly maxBatchEffects: number;
  /** Most payload characters in one delivery; a single larger effect goes alone. */
  readonly maxBatchChars: number;
  /** Longest wait for one delivery, in milliseconds. */
  readonly deliveryTimeoutMs: number;
  /** Failed attempts after which an effect is parked. */
  readonly maxAttempts: number;
  /** After this time a drain starts no further delivery, in milliseconds; the rest follows with the next alarm. */
  readonly drainBudgetMs: number;
}

/** What an outbox needs. */
export interface OutboxDeps {
  readonly storage: StoragePort;
  readonly scheduler: Pick<Scheduler, "on" | "scheduleBy">;
  /**
   * Hands consecutive effects of one lane to their common target. It may be called again with effects that arrived
   * before. Throwing is a failure like `ok: false`; a TerminalError parks.
   */
  readonly deliver: (target: string, effects: readonly Effect[], signal: AbortSignal) => Promise<Delivery>;
  /** Called in the transaction that parks an effect, so that the object records it with its own state; synchronous. */
  readonly onParked: (effect: ParkedEffect) => void;
  readonly log: Log;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly random: Random;
  readonly backoff?: BackoffPolicy;
  readonly limits?: Partial<OutboxLimits>;
  /** Whether a parked effect holds back the rest of its lane (`block`, the default) or is passed over. */
  readonly whenParked?: "block" | "skip";
  readonly startTimeout?: StartTimeout;
  /**
   * Takes a promise nobody waits for and keeps the object alive for it, as `ctx.waitUntil` does. With it
   * {@link Outbox.poke} delivers at once; without it a delivery begins with the timer.
   */
  readonly background?: (work: Promise<unknown>) => void;
}

/** How long after a poke the timer looks for effects that a crash has left behind, in milliseconds. */
export const NET_MS = 10_000;

/** Name of the outbox's timer in the object's scheduler. */
export const OUTBOX_TIMER = "outbox";

/**
 * Six outgoing connections are the platform's limit for one invocation. 20 attempts under {@link DEFAULT_BACKOFF} span
 * about 25 minutes on average. A drain ends within budget and delivery timeout, well under an alarm's 15 minutes.
 */
export const DEFAULT_OUTBOX_LIMITS: OutboxLimits = {
  maxLanes: 6,
  maxBatchEffects: 100,
  maxBatchChars: 1_000_000,
  deliveryTimeoutMs: 20_000,
  maxAttempts: 20,
  drainBudgetMs: 30_000,
};

/** Acknowledged rows after which they are deleted without waiting for a transaction: bounds what every query leaves out. */
export const FLUSH_AT = 1_000;

/** Largest payload as UTF-8, in bytes: a row of Durable Object SQLite holds 2 MB, its other columns included. */
export const MAX_PAYLOAD_BYTES = 1_800_000;
/** A UTF-16 unit is at most 3 bytes: text up to this is not measured. */
const SURE_PAYLOAD_CHARS = MAX_PAYLOAD_BYTES / 3;

/** Keeps effects with the object's state and delivers them. */
export class Outbox {
  readonly #deps: OutboxDeps;
  readonly #limits: OutboxLimits;
  readonly #startTimeout: StartTimeout;
  readonly #rows: OutboxRows;
  /** Not persisted: lanes to look at in this drain, in turn. */
  readonly #ready = new Set<string>();
  /** Not persisted: lanes with a delivery under way; never two for one lane. */
  readonly #active = new Set<string>();
  /** Not persisted: batch size by lane after a failure, until deliveries succeed again. */
  readonly #narrowed = new Map<string, number>();
  /** Not persisted: values of {@link JsonText} by effect id, until their delivery has ended. */
  readonly #values = new Map<string, unknown>();
  /** Not persisted: the drain under way. */
  #drain: { readonly done: PromiseWithResolvers<void>; readonly startedAt: number } | undefined;
  /** Not persisted: what stopped the drain under way, when it was storage. */
  #broken: { readonly err: unknown } | undefined;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
    this.#limits = { ...DEFAULT_OUTBOX_LIMITS, ...deps.limits };
    this.#startTimeout = deps.startTimeout ?? startRealTimeout;
    migrate(deps.storage, OUTBOX_MIGRATIONS, "outbox");
    this.#rows = new OutboxRows(deps.storage, deps.whenParked ?? "block");
    deps.scheduler.on(
      OUTBOX_TIMER,
      async () => {
        await this.drain();
        this.flush();
      },
      {
        timeoutMs: this.#limits.drainBudgetMs + 2 * this.#limits.deliveryTimeoutMs,
        dueAt: () => this.#rows.earliestDue(),
      },
    );
  }

  /**
   * Adds an effect to the caller's transaction and deletes what has been acknowledged. {@link Outbox.poke} follows when
   * the transaction is over.
   *
   * An id that is still in the outbox with the same content is not added again.
   *
   * @returns whether the effect was added
   * @throws TerminalError when the id is in the outbox with another content, or when the payload is no JSON or too large.
   */
  enqueue(effect: NewEffect): boolean {
    const payload = payloadText(effect);
    const now = this.#deps.now();
    // Without a savepoint: what is deleted here may go whether or not the effect is added.
    this.#rows.deleteAcknowledged();
    const added = this.#rows.insert({ ...effect, payload, notBefore: Math.trunc(effect.notBefore ?? now) }, now);
    if (added) this.#remember(effect);
    // A drain under way takes it along.
    if (added && this.#drain !== undefined) this.#ready.add(effect.lane);
    return added;
  }

  /**
   * Has what was added delivered as soon as possible. Called in the transaction that added it, or after it.
   *
   * @returns resolves when the timer is set
   */
  poke(): Promise<void> {
    const { scheduler, now, background, log } = this.#deps;
    if (background === undefined) return scheduler.scheduleBy(OUTBOX_TIMER, now());
    background(runBestEffort("outbox.drain", () => this.drain(), log));
    return scheduler.scheduleBy(OUTBOX_TIMER, now() + NET_MS);
  }

  /**
   * Delivers what is due. There is one drain at a time: a call during a drain makes it look at every lane again and
   * resolves with it. What remains is left to the timer.
   */
  async drain(): Promise<void> {
    // The caller may be inside a transaction; nothing leaves before it has ended.
    await Promise.resolve();
    this.#rows.forgetDeleted();
    for (const lane of this.#rows.lanes()) this.#ready.add(lane);
    this.#drain ??= { done: Promise.withResolvers<void>(), startedAt: this.#deps.now() };
    const { done } = this.#drain;
    this.#pump();
    await done.promise;
  }

  /** Deletes acknowledged rows in the caller's transaction. */
  flush(): void {
    this.#rows.deleteAcknowledged();
  }

  /**
   * Makes a parked effect due again, with its attempts forgotten. {@link Outbox.poke} follows.
   *
   * @returns whether there was such a parked effect
   */
  unpark(effectId: string): boolean {
    return this.#rows.unpark(effectId, this.#deps.now());
  }

  /** Number of effects that are not acknowledged and not parked. */
  pending(): number {
    return this.#rows.pending();
  }

  /** The parked effects, oldest first. */
  parked(): ParkedEffect[] {
    return this.#rows.parked().map(parkedEffect);
  }

  /** Milliseconds since the oldest effect that is not acknowledged was enqueued, parked ones included; null when there is none. */
  oldestAgeMs(): number | null {
    const enqueuedAt = this.#rows.oldestEnqueuedAt();
    return enqueuedAt === null ? null : Math.max(0, this.#deps.now() - enqueuedAt);
  }

  /** What waits, since when, and what is parked; for who runs the factory. */
  health(): OutboxHealth {
    return this.#rows.health();
  }

  #remember({ effectId, payload }: NewEffect): void {
    if (!(payload instanceof JsonText) || payload.value === undefined) return;
    if (this.#values.size >= MAX_VALUES) this.#values.clear();
    this.#values.set(effectId, payload.value);
  }

  #effectOf({ effect_id: effectId, payload }: EffectRow): Effect {
    return { effectId, payload: this.#values.get(effectId) ?? JSON.parse(payload) };
  }

  /** Starts deliveries up to the bound; ends the drain when nothing is left to start or to wait for. */
  #pump(): void {
    const drain = this.#drain;
    if (drain === undefined) return;
    if (this.#broken !== undefined || this.#deps.now() - drain.startedAt >= this.#limits.drainBudgetMs) this.#ready.clear();
    for (const lane of this.#ready) {
      if (this.#active.size >= this.#limits.maxLanes) return;
      // An active lane stays in the set: it is looked at again when its delivery has ended.
      if (this.#active.has(lane)) continue;
      this.#ready.delete(lane);
      void this.#step(lane);
    }
    if (this.#active.size === 0 && this.#ready.size === 0) void this.#finish(drain.done);
  }

  async #finish(done: PromiseWithResolvers<void>): Promise<void> {
    const broken = this.#broken;
    this.#drain = undefined;
    this.#broken = undefined;
    try {
      if (broken !== undefined) throw broken.err;
      const next = this.#rows.earliestDue();
      if (next !== null) await this.#deps.scheduler.scheduleBy(OUTBOX_TIMER, next);
      done.resolve();
    } catch (err) {
      done.reject(err);
    }
  }

  /** One delivery of a lane, after which the lane queues behind the others. Never rejects. */
  async #step(lane: string): Promise<void> {
    this.#active.add(lane);
    // A step never ends in the turn in which it began, so starting one cannot re-enter the pump.
    await Promise.resolve();
    try {
      this.#rows.forgetDeleted();
      const batch = this.#nextBatch(lane);
      const head = batch[0];
      if (head !== undefined) {
        const delivery = await this.#deliver(head.target, batch);
        for (const { effect_id: effectId } of batch) this.#values.delete(effectId);
        if (delivery.ok) this.#acknowledge(lane, batch);
        else this.#fail(lane, head, batch.length, delivery);
        this.#ready.add(lane);
      }
    } catch (err) {
      this.#broken = { err };
    } finally {
      this.#active.delete(lane);
      this.#pump();
    }
  }

  #nextBatch(lane: string): EffectRow[] {
    const maxEffects = this.#narrowed.get(lane) ?? this.#limits.maxBatchEffects;
    return this.#rows.nextBatch(lane, this.#deps.now(), maxEffects, this.#limits.maxBatchChars);
  }

  async #deliver(target: string, batch: readonly EffectRow[]): Promise<Delivery> {
    const startedAt = this.#deps.now();
    try {
      return await withDeadline(
        `A delivery to ${target}`,
        this.#limits.deliveryTimeoutMs,
        (signal) =>
          this.#deps.deliver(
            target,
            batch.map((row) => this.#effectOf(row)),
            signal,
          ),
        this.#startTimeout,
      );
    } catch (err) {
      const failure = failureOf(err);
      this.#deps.log.event({
        op: "outbox.deliver",
        outcome: "failed",
        durationMs: this.#deps.now() - startedAt,
        ids: { target, effect: batch[0]?.effect_id ?? "" },
        fields: { effects: batch.length, error: failure.message },
      });
      if (failure.kind === "terminal") return { ok: false, terminal: failure.message };
      return failure.retryAfterMs === undefined ? { ok: false } : { ok: false, retryAfterMs: failure.retryAfterMs };
    }
  }

  #acknowledge(lane: string, batch: readonly EffectRow[]): void {
    this.#rows.acknowledge(batch);
    if (this.#rows.acknowledged >= FLUSH_AT) this.flush();
    const narrowed = this.#narrowed.get(lane);
    if (narrowed === undefined) return;
    if (narrowed * 2 >= this.#limits.maxBatchEffects) this.#narrowed.delete(lane);
    else this.#narrowed.set(lane, narrowed * 2);
  }

  /**
   * A failed batch is halved until the effect at fault is alone; only an effect that failed alone is parked, so a good
   * one is never parked for its neighbour.
   */
  #fail(lane: string, head: EffectRow, batchSize: number, delivery: Extract<Delivery, { ok: false }>): void {
    this.#narrowed.set(lane, Math.max(1, Math.floor(batchSize / 2)));
    const alone = batchSize === 1;
    if (delivery.terminal !== undefined && !alone) return;

    const attempts = head.attempts + 1;
    if (alone && delivery.terminal !== undefined) {
      this.#park(head, attempts, delivery.terminal);
    } else if (alone && attempts >= this.#limits.maxAttempts) {
      this.#park(head, attempts, `No delivery to ${head.target} succeeded in ${attempts} attempts.`);
    } else {
      const waitMs = Math.max(delivery.retryAfterMs ?? 0, fullJitterMs(attempts, this.#deps.backoff ?? DEFAULT_BACKOFF, this.#deps.random), 1);
      this.#deps.storage.transactionSync(() => {
        this.#rows.deleteAcknowledged();
        this.#rows.postpone(head.seq, attempts, this.#deps.now() + waitMs);
      });
    }
  }

  #park(row: EffectRow, attempts: number, reason: string): void {
    const { storage, log, onParked } = this.#deps;
    const parkedAt = this.#deps.now();
    const parkRow = (): void => {
      this.#rows.deleteAcknowledged();
      this.#rows.park(row.seq, attempts, reason, parkedAt);
    };
    const ids = { target: row.target, lane: row.lane, effect: row.effect_id };
    log.event({ op: "outbox.park", outcome: "failed", durationMs: 0, ids, fields: { attempts, reason } });
    try {
      storage.transactionSync(() => {
        parkRow();
        onParked(parkedEffect({ ...row, attempts, parked_reason: reason, parked_at: parkedAt }));
      });
    } catch (err) {
      // Parked without the object's own record rather than delivered for ever; the log has both facts.
      log.event({ op: "outbox.onParked", outcome: "failed", durationMs: 0, ids, fields: { error: messageOf(err) } });
      storage.transactionSync(parkRow);
    }
  }
}

/** Values that are remembered; what is beyond is read back from its text. */
const MAX_VALUES = 1_000;

const UTF8 = new TextEncoder();

function payloadText(effect: NewEffect): string {
  const text: string | undefined = effect.payload instanceof JsonText ? effect.payload.text : JSON.stringify(effect.payload);
  if (text === undefined) throw new TerminalError(`The payload of effect ${effect.effectId} is no JSON value.`);
  const bytes = text.length <= SURE_PAYLOAD_CHARS ? text.length : UTF8.encode(text).length;
  if (bytes > MAX_PAYLOAD_BYTES) {
    throw new TerminalError(
      `The payload of effect ${effect.effectId} has ${bytes} bytes; an effect carries ${MAX_PAYLOAD_BYTES}. Store the content and send its id.`,
    );
  }
  return text;
}

function parkedEffect(row: EffectRow): ParkedEffect {
  return {
    effectId: row.effect_id,
    lane: row.lane,
    target: row.target,
    payload: JSON.parse(row.payload),
    reason: row.parked_reason ?? "",
    parkedAt: row.parked_at ?? 0,
    attempts: row.attempts,
  };
}
