/**
 * The shards of client sockets that a log pushes to. Each has a cursor over the log and one push under way at most; what
 * gathers meanwhile goes with the next push. The log is the only buffer, so a slow shard costs nothing but its row.
 */
import { RetryableError } from "@factory/durable";
import type { StoragePort } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import type { LogAddress, LogBatch, LogTip, SinkAddress } from "@factory/schemas/rpc";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import type { Carrier } from "./carrier.ts";
import { checkCursor, overLimit } from "./limits.ts";
import type { LogPage, PageBounds } from "./log-lines.ts";
import { Pump } from "./pump.ts";
import type { PumpSurroundings } from "./pump.ts";

/** What the sinks need of the log around them. */
export interface SinksDeps extends PumpSurroundings {
  readonly storage: StoragePort;
  readonly address: LogAddress;
  readonly page: (after: number, bounds: PageBounds) => LogPage | Promise<LogPage>;
  /** Where the log ends; null while that is not known without asking the archive. */
  readonly tip: () => LogTip | null;
  readonly push: (sink: SinkAddress, batch: LogBatch) => Promise<{ readonly keep: boolean; readonly lastSeq: number }>;
}

/** One push: large enough to catch up fast, small enough for a shard that many logs push to. */
export const PUSH_PAGE: PageBounds = { events: 512, bytes: 512 * 1024 };
/** How often in a row a sink may go back before it counts as failing, in pushes. */
export const MAX_REWINDS = 3;
/** A sink that took nothing for this long is taken off the log; its clients attach again. */
export const SINK_GIVE_UP_MS = 24 * 60 * 60_000;

type SinkRow = { shard: number; cursor: number; failing_since: number | null };

/** Not persisted but for its row: one shard. */
interface Sink {
  readonly shard: number;
  cursor: number;
  /** The cursor in the row. */
  stored: number;
  failingSince: number | null;
  /** Pushes in a row after which it went back. */
  rewinds: number;
  /** Counts attaches and detaches: the answer to a push that began before one moves nothing. */
  turn: number;
  attached: boolean;
  readonly pump: Pump;
}

/** The sinks of one log. */
export class Sinks implements Carrier {
  readonly #deps: SinksDeps;
  readonly #sinks = new Map<number, Sink>();

  constructor(deps: SinksDeps) {
    this.#deps = deps;
    const rows = deps.storage.sql.exec<SinkRow>("SELECT shard, cursor, failing_since FROM log_sinks ORDER BY shard").toArray();
    for (const { shard, cursor, failing_since } of rows) this.#sinks.set(shard, this.#sink(shard, cursor, failing_since));
  }

  /** Shards that are attached. */
  get size(): number {
    let count = 0;
    for (const { attached } of this.#sinks.values()) if (attached) count += 1;
    return count;
  }

  /**
   * Pushes to the sink everything strictly after `after` from now on; the same sink again only moves its cursor.
   *
   * @throws FactoryError INVALID_ARGUMENT for what is no cursor or shard, PERMISSION_DENIED for a sink of another org,
   *   TOO_LARGE over `LOG_LIMITS.sinks`.
   */
  attach({ org, shard }: SinkAddress, after: number): void {
    checkCursor(after);
    if (!Number.isSafeInteger(shard) || shard < 0) throw new FactoryError("INVALID_ARGUMENT", "A shard is a whole number from 0 on.");
    if (org !== this.#deps.address.org) throw new FactoryError("PERMISSION_DENIED", `A log of ${this.#deps.address.org} pushes to no shard of ${org}.`);
    const known = this.#sinks.get(shard);
    if (known?.attached !== true && this.size >= LOG_LIMITS.sinks) {
      throw overLimit("sinks", `The log pushes to ${this.size} shards`, "Attach through a shard that is attached, or detach one first.");
    }
    // A shard that hears nothing asks again each minute; what is in its row already is not written again.
    const unchanged = known?.attached === true && known.cursor === after && known.stored === after && known.failingSince === null;
    if (!unchanged) this.#writeRow(shard, after);
    const sink = known ?? this.#sink(shard, after, null);
    this.#sinks.set(shard, sink);
    Object.assign(sink, { cursor: after, stored: after, failingSince: null, rewinds: 0, attached: true, turn: sink.turn + 1 });
    sink.pump.retry();
  }

  /** Takes a sink off; one that is not attached stays so. */
  detach({ org, shard }: SinkAddress): void {
    const sink = org === this.#deps.address.org ? this.#sinks.get(shard) : undefined;
    if (sink !== undefined) this.#remove(sink);
  }

  kick(): void {
    for (const { pump } of this.#sinks.values()) pump.kick();
  }

  settle(): void {
    for (const sink of this.#sinks.values()) {
      if (!sink.attached || sink.cursor === sink.stored) continue;
      this.#deps.storage.sql.exec("UPDATE log_sinks SET cursor = ? WHERE shard = ?", sink.cursor, sink.shard);
      sink.stored = sink.cursor;
    }
  }

  dueAt(): number | null {
    let due: number | null = null;
    for (const sink of this.#sinks.values()) {
      if (this.#isBehind(sink)) due = Math.min(due ?? Number.POSITIVE_INFINITY, sink.pump.dueAt);
    }
    return due;
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#sinks.values()].map(({ pump }) => pump.idle()));
  }

  stop(): void {
    for (const { pump } of this.#sinks.values()) pump.stop();
  }

  #sink(shard: number, cursor: number, failingSince: number | null): Sink {
    const sink: Sink = {
      shard,
      cursor,
      stored: cursor,
      failingSince,
      rewinds: 0,
      turn: 0,
      attached: true,
      pump: new Pump({
        ...this.#deps,
        op: "log.push",
        ids: () => ({ org: this.#deps.address.org, shard: String(shard) }),
        next: () => (this.#isBehind(sink) ? (signal) => this.#push(sink, signal) : null),
        onFailure: () => this.#recordFailure(sink),
      }),
    };
    return sink;
  }

  /** A sink stays on a closed log until it has been told so. */
  #isBehind(sink: Sink): boolean {
    if (!sink.attached) return false;
    const tip = this.#deps.tip();
    return tip === null || sink.cursor < tip.lastSeq || tip.closed;
  }

  async #push(sink: Sink, signal: AbortSignal): Promise<void> {
    const { turn } = sink;
    const page = await this.#deps.page(sink.cursor, PUSH_PAGE);
    const closed = page.tip.closed && page.lastSeq >= page.tip.lastSeq;
    if (sink.turn !== turn || (page.count === 0 && !closed)) return;
    const batch: LogBatch = { log: this.#deps.address, afterSeq: page.lastSeq - page.count, lastSeq: page.lastSeq, lines: page.text, closed };
    const answer = await this.#deps.push({ org: this.#deps.address.org, shard: sink.shard }, batch);
    if (sink.turn === turn && !signal.aborted) this.#take(sink, batch, answer);
  }

  #take(sink: Sink, batch: LogBatch, answer: { readonly keep: boolean; readonly lastSeq: number }): void {
    if (!answer.keep) return this.#remove(sink);
    if (!Number.isSafeInteger(answer.lastSeq) || answer.lastSeq < 0) throw new RetryableError(`Shard ${sink.shard} answered no seq.`);
    if (sink.failingSince !== null) this.#writeFailing(sink, null);
    if (batch.closed && answer.lastSeq >= batch.lastSeq) return this.#remove(sink);
    sink.cursor = answer.lastSeq;
    sink.rewinds = answer.lastSeq < batch.lastSeq ? sink.rewinds + 1 : 0;
    if (sink.rewinds <= MAX_REWINDS) return;
    sink.rewinds = 0;
    throw new RetryableError(`Shard ${sink.shard} went back to event ${answer.lastSeq} ${MAX_REWINDS + 1} times in a row.`);
  }

  #recordFailure(sink: Sink): void {
    if (!sink.attached) return;
    const now = this.#deps.now();
    if (sink.failingSince === null) return this.#writeFailing(sink, now);
    if (now - sink.failingSince < SINK_GIVE_UP_MS) return;
    const ids = { org: this.#deps.address.org, shard: String(sink.shard) };
    this.#deps.log.event({ op: "log.dropSink", outcome: "failed", durationMs: now - sink.failingSince, ids, fields: { cursor: sink.cursor } });
    this.#remove(sink);
    sink.pump.stop();
    this.#sinks.delete(sink.shard);
  }

  #writeRow(shard: number, cursor: number): void {
    this.#deps.storage.sql.exec(
      "INSERT INTO log_sinks (shard, cursor) VALUES (?, ?) ON CONFLICT (shard) DO UPDATE SET cursor = excluded.cursor, failing_since = NULL",
      shard,
      cursor,
    );
  }

  #writeFailing(sink: Sink, since: number | null): void {
    this.#deps.storage.sql.exec("UPDATE log_sinks SET failing_since = ? WHERE shard = ?", since, sink.shard);
    sink.failingSince = since;
  }

  /** The object in memory stays while a push is under way, so that an attach meanwhile waits for its end. */
  #remove(sink: Sink): void {
    this.#deps.storage.sql.exec("DELETE FROM log_sinks WHERE shard = ?", sink.shard);
    sink.attached = false;
    sink.turn += 1;
  }
}
