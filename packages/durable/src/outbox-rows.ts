/** The outbox's table: every statement on it, and the numbers of acknowledged rows that are not deleted yet. */
import type { OutboxHealth } from "@factory/schemas/rpc";
import { TerminalError } from "./errors.ts";
import type { Migration } from "./migrations.ts";
import type { StoragePort } from "./sql.ts";

/** The schema of {@link OutboxRows}. */
export const OUTBOX_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-outbox",
    statements: [
      `CREATE TABLE outbox_effects (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        effect_id TEXT NOT NULL UNIQUE,
        lane TEXT NOT NULL,
        target TEXT NOT NULL,
        payload TEXT NOT NULL,
        not_before INTEGER NOT NULL,
        enqueued_at INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        parked_reason TEXT,
        parked_at INTEGER,
        CHECK ((parked_at IS NULL) = (parked_reason IS NULL))
      ) STRICT`,
      "CREATE INDEX outbox_effects_by_lane ON outbox_effects (lane, seq)",
      "CREATE INDEX outbox_effects_parked ON outbox_effects (parked_at) WHERE parked_at IS NOT NULL",
    ],
  },
];

/** A row of the outbox. Times are epoch milliseconds; `seq` is never used twice. */
export type EffectRow = {
  seq: number;
  effect_id: string;
  lane: string;
  target: string;
  payload: string;
  not_before: number;
  enqueued_at: number;
  attempts: number;
  parked_reason: string | null;
  parked_at: number | null;
};

/** A row without its payload, which may be large. */
type HeadRow = Omit<EffectRow, "payload">;

const HEAD = "seq, effect_id, lane, target, not_before, enqueued_at, attempts, parked_reason, parked_at";

/** Payloads that are remembered until they are acknowledged, and their characters together; what is beyond is read back. */
const MAX_TEXTS = 1_000;
const MAX_TEXT_CHARS = 4_000_000;

/** What a new row is made of; `payload` is JSON text. */
export interface InsertedEffect {
  readonly effectId: string;
  readonly lane: string;
  readonly target: string;
  readonly payload: string;
  readonly notBefore: number;
}

/** Walks from lane to lane over the index instead of reading every row. */
const LANES = `WITH RECURSIVE lanes (lane) AS (
  SELECT min(lane) FROM outbox_effects
  UNION ALL
  SELECT (SELECT min(lane) FROM outbox_effects WHERE lane > lanes.lane) FROM lanes WHERE lanes.lane IS NOT NULL
) SELECT lane FROM lanes WHERE lane IS NOT NULL`;

const IN_LIST = "IN (SELECT value FROM json_each(?))";

/** Rows of an outbox, without those that were acknowledged. */
export class OutboxRows {
  readonly #storage: StoragePort;
  readonly #whenParked: "block" | "skip";
  /** Not persisted: acknowledged rows whose deletion has not been issued; a crash delivers them once more. */
  readonly #acknowledged = new Set<number>();
  /** Not persisted: rows whose deletion was issued in a transaction that may still be rolled back. */
  readonly #deleting = new Set<number>();
  /** Not persisted: payloads of rows that were added, by effect id; a row that is not there any more asks for none. */
  readonly #texts = new Map<string, string>();
  #textChars = 0;

  constructor(storage: StoragePort, whenParked: "block" | "skip") {
    this.#storage = storage;
    this.#whenParked = whenParked;
  }

  /** Adds a row; false when the same effect is there already. */
  insert(effect: InsertedEffect, now: number): boolean {
    const { sql } = this.#storage;
    const added = sql
      .exec<{ seq: number }>(
        `INSERT INTO outbox_effects (effect_id, lane, target, payload, not_before, enqueued_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (effect_id) DO NOTHING RETURNING seq`,
        effect.effectId,
        effect.lane,
        effect.target,
        effect.payload,
        effect.notBefore,
        now,
      )
      .toArray();
    if (added.length > 0) {
      this.#keepText(effect);
      return true;
    }
    const [present] = sql.exec<EffectRow>("SELECT * FROM outbox_effects WHERE effect_id = ?", effect.effectId).toArray();
    if (present?.lane === effect.lane && present.target === effect.target && present.payload === effect.payload) return false;
    throw new TerminalError(`The effect id ${effect.effectId} is in the outbox with another lane, target or payload.`);
  }

  /** The lanes that have rows. */
  lanes(): string[] {
    return this.#storage.sql
      .exec<{ lane: string }>(LANES)
      .toArray()
      .map(({ lane }) => lane);
  }

  /**
   * The rows to deliver next in a lane: from its head on, consecutive, one target, due, within both bounds. Empty when
   * the head is not due or is parked and blocks.
   */
  nextBatch(lane: string, now: number, maxEffects: number, maxChars: number): EffectRow[] {
    const batch: EffectRow[] = [];
    let chars = 0;
    for (const row of this.#laneRows(lane, maxEffects)) {
      const head = batch[0] ?? row;
      chars += row.payload.length;
      if (row.parked_at !== null || row.not_before > now || row.target !== head.target) break;
      if (batch.length > 0 && chars > maxChars) break;
      batch.push(row);
    }
    return batch;
  }

  /** When the next delivery of any lane is due; null when every lane is empty or blocked. */
  earliestDue(): number | null {
    let earliest: number | null = null;
    for (const lane of this.lanes()) {
      const [head] = this.#laneHeads(lane, 1);
      if (head === undefined || head.parked_at !== null) continue;
      if (earliest === null || head.not_before < earliest) earliest = head.not_before;
    }
    return earliest;
  }

  /** Number of acknowledged rows whose deletion has not been issued. */
  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Remembers that the rows were received. */
  acknowledge(rows: readonly EffectRow[]): void {
    for (const { seq, effect_id: effectId } of rows) {
      this.#acknowledged.add(seq);
      this.#forgetText(effectId);
    }
  }

  /** Deletes acknowledged rows in the transaction under way. */
  deleteAcknowledged(): void {
    if (this.#acknowledged.size === 0) return;
    this.#storage.sql.exec(`DELETE FROM outbox_effects WHERE seq ${IN_LIST}`, JSON.stringify([...this.#acknowledged]));
    for (const seq of this.#acknowledged) this.#deleting.add(seq);
    this.#acknowledged.clear();
  }

  /**
   * Forgets rows whose deletion has been committed; those that are back, because their transaction was rolled back,
   * count as acknowledged again. Only outside a transaction.
   */
  forgetDeleted(): void {
    if (this.#deleting.size === 0) return;
    const back = this.#storage.sql.exec<{ seq: number }>(`SELECT seq FROM outbox_effects WHERE seq ${IN_LIST}`, JSON.stringify([...this.#deleting])).toArray();
    this.#deleting.clear();
    for (const { seq } of back) this.#acknowledged.add(seq);
  }

  /** Records a failed attempt and when the next is due. */
  postpone(seq: number, attempts: number, notBefore: number): void {
    this.#storage.sql.exec("UPDATE outbox_effects SET attempts = ?, not_before = ? WHERE seq = ?", attempts, notBefore, seq);
  }

  /** Takes a row out of delivery. */
  park(seq: number, attempts: number, reason: string, now: number): void {
    this.#storage.sql.exec("UPDATE outbox_effects SET attempts = ?, parked_reason = ?, parked_at = ? WHERE seq = ?", attempts, reason, now, seq);
  }

  /** Puts a parked row back; false when there is none. */
  unpark(effectId: string, now: number): boolean {
    return (
      this.#storage.sql
        .exec(
          `UPDATE outbox_effects SET attempts = 0, parked_reason = NULL, parked_at = NULL, not_before = ?
           WHERE effect_id = ? AND parked_at IS NOT NULL RETURNING seq`,
          now,
          effectId,
        )
        .toArray().length > 0
    );
  }

  /** Number of rows that wait for delivery. */
  pending(): number {
    return (
      this.#storage.sql
        .exec<{ n: number }>(`SELECT count(*) AS n FROM outbox_effects WHERE parked_at IS NULL AND seq NOT ${IN_LIST}`, this.#done())
        .toArray()[0]?.n ?? 0
    );
  }

  /** The parked rows in order. */
  parked(): EffectRow[] {
    return this.#storage.sql.exec<EffectRow>("SELECT * FROM outbox_effects WHERE parked_at IS NOT NULL ORDER BY seq").toArray();
  }

  /** When the oldest row that is not acknowledged was enqueued. */
  oldestEnqueuedAt(): number | null {
    return (
      this.#storage.sql
        .exec<{ enqueued_at: number }>(`SELECT enqueued_at FROM outbox_effects WHERE seq NOT ${IN_LIST} ORDER BY seq LIMIT 1`, this.#done())
        .toArray()[0]?.enqueued_at ?? null
    );
  }

  /** What waits and what is parked, in one reading. */
  health(): OutboxHealth {
    const { sql } = this.#storage;
    const [row] = sql
      .exec<{ pending: number; parked: number; oldest: number | null; worst: number | null }>(
        `SELECT count(*) FILTER (WHERE parked_at IS NULL) AS pending, count(parked_at) AS parked, min(enqueued_at) AS oldest, max(attempts) AS worst
         FROM outbox_effects WHERE seq NOT ${IN_LIST}`,
        this.#done(),
      )
      .toArray();
    const [last] = sql
      .exec<{ parked_reason: string }>("SELECT parked_reason FROM outbox_effects WHERE parked_at IS NOT NULL ORDER BY parked_at DESC, seq DESC LIMIT 1")
      .toArray();
    return {
      pending: row?.pending ?? 0,
      oldestAt: row?.oldest ?? null,
      worstAttempts: row?.worst ?? null,
      parked: row?.parked ?? 0,
      parkedReason: last?.parked_reason ?? null,
    };
  }

  /** The first rows of a lane in order. A parked row ends them or is left out. */
  #laneHeads(lane: string, limit: number): HeadRow[] {
    const parked = this.#whenParked === "skip" ? "AND parked_at IS NULL" : "";
    return this.#storage.sql
      .exec<HeadRow>(`SELECT ${HEAD} FROM outbox_effects WHERE lane = ? AND seq NOT ${IN_LIST} ${parked} ORDER BY seq LIMIT ?`, lane, this.#done(), limit)
      .toArray();
  }

  /** The same with their payloads: from memory, and the others from the table. */
  #laneRows(lane: string, limit: number): EffectRow[] {
    const heads = this.#laneHeads(lane, limit);
    const unknown = heads.filter(({ effect_id: effectId }) => !this.#texts.has(effectId)).map(({ seq }) => seq);
    const read = unknown.length === 0 ? new Map<number, string>() : this.#readTexts(unknown);
    return heads.map((head) => {
      const payload = this.#texts.get(head.effect_id) ?? read.get(head.seq);
      if (payload === undefined) throw new Error(`The outbox has no row ${head.seq}.`);
      return { ...head, payload };
    });
  }

  #readTexts(seqs: readonly number[]): Map<number, string> {
    const rows = this.#storage.sql.exec<{ seq: number; payload: string }>(`SELECT seq, payload FROM outbox_effects WHERE seq ${IN_LIST}`, JSON.stringify(seqs));
    return new Map(rows.toArray().map(({ seq, payload }) => [seq, payload]));
  }

  #keepText({ effectId, payload }: InsertedEffect): void {
    this.#forgetText(effectId);
    if (this.#texts.size >= MAX_TEXTS || this.#textChars + payload.length > MAX_TEXT_CHARS) {
      this.#texts.clear();
      this.#textChars = 0;
    }
    this.#texts.set(effectId, payload);
    this.#textChars += payload.length;
  }

  #forgetText(effectId: string): void {
    this.#textChars -= this.#texts.get(effectId)?.length ?? 0;
    this.#texts.delete(effectId);
  }

  /** Rows to leave out, as a JSON array: acknowledged, whether or not their deletion may come back. */
  #done(): string {
    return JSON.stringify([...this.#acknowledged, ...this.#deleting]);
  }
}
