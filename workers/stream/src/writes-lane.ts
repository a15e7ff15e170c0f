/**
 * The lane from a session's log to its assembly's: events of `artifactWrites`, in order, at least once. The log's own rows
 * are its outbox: an append adds the number of the event in its transaction, an acknowledgement takes it out.
 */
import { RetryableError } from "@factory/durable";
import type { StoragePort } from "@factory/durable";
import type { Result, SessionEvent } from "@factory/schemas";
import type { LogIdentity } from "@factory/schemas/rpc";
import type { Carrier } from "./carrier.ts";
import { Pump } from "./pump.ts";
import type { PumpSurroundings } from "./pump.ts";

/** What the lane needs. */
export interface WritesLaneDeps extends PumpSurroundings {
  readonly storage: StoragePort;
  readonly identity: () => LogIdentity | null;
  readonly appendWrites: (org: string, assemblyId: string, events: readonly SessionEvent[]) => Promise<Result>;
}

/** One delivery: at most this many events and about this many bytes. */
export const LANE_BATCH = { events: 200, bytes: 2 * 1024 * 1024 } as const;

type PendingRow = { seq: number; line: string };

/** Carries a session's writes to the log of its assembly. */
export class WritesLane implements Carrier {
  readonly #deps: WritesLaneDeps;
  readonly #pump: Pump;
  /** Not persisted: the last event that waits or waited; the table has those that wait. */
  #last: number;
  /** Not persisted: the last event that was acknowledged. */
  #acknowledged = 0;
  /** Not persisted: up to where acknowledged events are out of the table. */
  #settled = 0;

  constructor(deps: WritesLaneDeps) {
    this.#deps = deps;
    this.#last = deps.storage.sql.exec<{ last: number | null }>("SELECT max(seq) AS last FROM log_writes").toArray()[0]?.last ?? 0;
    this.#pump = new Pump({
      ...deps,
      op: "log.carryWrites",
      ids: () => ({ session: deps.identity()?.sessionId ?? "", assembly: deps.identity()?.assemblyId ?? "" }),
      next: () => (this.#pending() ? () => this.#deliver() : null),
    });
  }

  /** Tells the lane of a committed event of `artifactWrites`. */
  added(seq: number): void {
    this.#last = Math.max(this.#last, seq);
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
    this.#pump.stop();
  }

  #pending(): boolean {
    return this.#last > this.#acknowledged;
  }

  async #deliver(): Promise<void> {
    const identity = this.#deps.identity();
    const rows = this.#batch();
    const last = rows.at(-1);
    if (identity === null || last === undefined) {
      this.#acknowledged = this.#last;
      return;
    }
    // The cast holds: only this Worker writes lines, from events of that shape.
    const events = rows.map(({ line }) => JSON.parse(line) as SessionEvent);
    const answer = await this.#deps.appendWrites(identity.org, identity.assemblyId, events);
    if (!answer.ok) throw new RetryableError(`The assembly's log refused: ${answer.code}: ${answer.message}`);
    this.#acknowledged = Math.max(this.#acknowledged, last.seq);
  }

  #batch(): PendingRow[] {
    const { sql } = this.#deps.storage;
    const sizes = sql
      .exec<{ seq: number; bytes: number }>(
        "SELECT log_events.seq, bytes FROM log_writes JOIN log_events USING (seq) WHERE log_writes.seq > ? ORDER BY log_writes.seq LIMIT ?",
        this.#acknowledged,
        LANE_BATCH.events,
      )
      .toArray();
    let last = 0;
    let total = 0;
    for (const { seq, bytes } of sizes) {
      total += bytes;
      if (total > LANE_BATCH.bytes && last > 0) break;
      last = seq;
    }
    return sql
      .exec<PendingRow>(
        "SELECT log_events.seq, line FROM log_writes JOIN log_events USING (seq) WHERE log_writes.seq > ? AND log_writes.seq <= ? ORDER BY log_writes.seq",
        this.#acknowledged,
        last,
      )
      .toArray();
  }
}
