/**
 * The lane from a session's log to its assembly's: events of `artifactWrites`, in order, at least once. The log's own rows
 * are its outbox: an append adds the number of the event in its transaction, an acknowledgement takes it out.
 */
import { RetryableError } from "@factory/durable";
import type { StoragePort } from "@factory/durable";
import type { Result } from "@factory/schemas";
import type { LogIdentity } from "@factory/schemas/rpc";
import type { Carrier } from "./carrier.ts";
import { Pump } from "./pump.ts";
import type { Delivery, PumpSurroundings } from "./pump.ts";
import type { StoredWrite } from "./session-log.ts";

/** What the lane needs. */
export interface WritesLaneDeps extends PumpSurroundings {
  readonly storage: StoragePort;
  readonly identity: () => LogIdentity | null;
  /** @param lines - the events' lines, each ended by a newline */
  readonly appendWrites: (org: string, assemblyId: string, lines: string) => Promise<Result>;
}

/** One delivery: at most this many events and about this many bytes. */
export const LANE_BATCH = { events: 200, bytes: 2 * 1024 * 1024 } as const;

/** Shortest time between two deliveries that are not full, in milliseconds: a commit of the assembly's log costs more than the events in it. */
export const CARRY_WINDOW_MS = 25;

/** Bytes of lines that are kept for the next delivery; what is beyond is read back from the rows. */
const KEPT_BYTES = 2 * LANE_BATCH.bytes;

type PendingRow = Pick<StoredWrite, "seq" | "line">;

/** Carries a session's writes to the log of its assembly. */
export class WritesLane implements Carrier {
  readonly #deps: WritesLaneDeps;
  readonly #pump: Pump;
  /** Not persisted: lines of the events that wait, as they were appended; undefined when some of them are in the rows alone. */
  #kept: StoredWrite[] | undefined;
  #keptBytes = 0;
  /** Not persisted: the last event that waits or waited; the table has those that wait. */
  #last: number;
  /** Not persisted: the last event that was acknowledged. */
  #acknowledged = 0;
  /** Not persisted: up to where acknowledged events are out of the table. */
  #settled = 0;
  /** Not persisted: when the last delivery began. */
  #deliveredAt = Number.NEGATIVE_INFINITY;
  /** Not persisted: stops the wait for the window's end. */
  #stopWindow: (() => void) | undefined;

  constructor(deps: WritesLaneDeps) {
    this.#deps = deps;
    this.#last = deps.storage.sql.exec<{ last: number | null }>("SELECT max(seq) AS last FROM log_writes").toArray()[0]?.last ?? 0;
    this.#kept = this.#last === 0 ? [] : undefined;
    this.#pump = new Pump({
      ...deps,
      op: "log.carryWrites",
      ids: () => ({ session: deps.identity()?.sessionId ?? "", assembly: deps.identity()?.assemblyId ?? "" }),
      next: () => this.#next(),
    });
  }

  /** Tells the lane of committed events of `artifactWrites`. */
  added(writes: readonly StoredWrite[]): void {
    for (const write of writes) {
      this.#last = Math.max(this.#last, write.seq);
      this.#kept?.push(write);
      this.#keptBytes += write.bytes;
    }
    if (this.#keptBytes > KEPT_BYTES) this.#kept = undefined;
  }

  kick(): void {
    this.#pump.kick();
  }

  settle(): void {
    if (this.#acknowledged === this.#settled) return;
    this.#deps.storage.sql.exec("DELETE FROM log_writes WHERE seq <= ?", this.#acknowledged);
    this.#settled = this.#acknowledged;
  }

  dueAt(): number | null {
    return this.#pending() ? this.#pump.dueAt : null;
  }

  idle(): Promise<void> {
    return this.#pump.idle();
  }

  stop(): void {
    this.#endWindow();
    this.#pump.stop();
  }

  #next(): Delivery | null {
    if (!this.#pending()) return null;
    const waitMs = this.#isFull() ? 0 : this.#deliveredAt + CARRY_WINDOW_MS - this.#deps.now();
    if (waitMs <= 0) return () => this.#deliver();
    this.#stopWindow ??= this.#deps.startTimeout(waitMs, () => {
      this.#stopWindow = undefined;
      this.#pump.kick();
    });
    return null;
  }

  /** Whether what waits fills a delivery, as far as memory says. */
  #isFull(): boolean {
    return this.#kept === undefined || this.#kept.length >= LANE_BATCH.events || this.#keptBytes >= LANE_BATCH.bytes;
  }

  #endWindow(): void {
    this.#stopWindow?.();
    this.#stopWindow = undefined;
  }

  #pending(): boolean {
    return this.#last > this.#acknowledged;
  }

  async #deliver(): Promise<void> {
    this.#endWindow();
    this.#deliveredAt = this.#deps.now();
    const identity = this.#deps.identity();
    const rows = this.#batch();
    const last = rows.at(-1);
    if (identity === null || last === undefined) {
      this.#took(this.#last);
      return;
    }
    let lines = "";
    for (const { line } of rows) lines += `${line}\n`;
    const answer = await this.#deps.appendWrites(identity.org, identity.assemblyId, lines);
    if (!answer.ok) throw new RetryableError(`The assembly's log refused: ${answer.code}: ${answer.message}`);
    this.#took(last.seq);
  }

  /** The receiver has everything up to an event. */
  #took(seq: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, seq);
    this.#kept = this.#pending() ? this.#kept?.filter((write) => write.seq > this.#acknowledged) : [];
    this.#keptBytes = (this.#kept ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #batch(): readonly PendingRow[] {
    return this.#kept === undefined ? this.#readBatch() : this.#kept.slice(0, boundOf(this.#kept));
  }

  #readBatch(): PendingRow[] {
    const { sql } = this.#deps.storage;
    const sizes = sql
      .exec<{ seq: number; bytes: number }>(
        "SELECT log_events.seq, bytes FROM log_writes JOIN log_events USING (seq) WHERE log_writes.seq > ? ORDER BY log_writes.seq LIMIT ?",
        this.#acknowledged,
        LANE_BATCH.events,
      )
      .toArray();
    const last = sizes[boundOf(sizes) - 1]?.seq ?? 0;
    return sql
      .exec<PendingRow>(
        "SELECT log_events.seq, line FROM log_writes JOIN log_events USING (seq) WHERE log_writes.seq > ? AND log_writes.seq <= ? ORDER BY log_writes.seq",
        this.#acknowledged,
        last,
      )
      .toArray();
  }
}

/** How many of these rows one delivery takes: one at least, if there is one. */
function boundOf(rows: readonly Pick<StoredWrite, "bytes">[]): number {
  let total = 0;
  for (const [index, { bytes }] of rows.entries()) {
    total += bytes;
    if (index === LANE_BATCH.events || (total > LANE_BATCH.bytes && index > 0)) return index;
  }
  return rows.length;
}
