/** Events that came after a session's terminal event: refused, counted, and the last of them kept. */
import type { Log, StoragePort } from "@factory/durable";

/** How many came, and the last of them. */
export type LateRecord = {
  readonly count: number;
  readonly eventId: string;
  readonly kind: string;
  /** Epoch milliseconds. */
  readonly at: number;
};

type LateRow = { count: number; event_id: string; kind: string; at: number };

/** Reports a late event in the log of the Worker; the only report once the session's log is in the archive. */
export function reportLate(log: Log, session: string, late: { readonly eventId: string; readonly kind: string }, count: number | null): void {
  const counted = count === null ? {} : { count };
  log.event({ op: "log.late", outcome: "refused", durationMs: 0, ids: { session, event: late.eventId }, fields: { kind: late.kind, ...counted } });
}

/** The record of one session's late events. */
export class LateEvents {
  readonly #storage: StoragePort;

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  /** Counts a late event and gives the count. */
  record(eventId: string, kind: string, at: number): number {
    const [row] = this.#storage.sql
      .exec<{ count: number }>(
        `INSERT INTO log_late (only, count, event_id, kind, at) VALUES (1, 1, ?, ?, ?)
         ON CONFLICT (only) DO UPDATE SET count = count + 1, event_id = excluded.event_id, kind = excluded.kind, at = excluded.at RETURNING count`,
        eventId,
        kind,
        at,
      )
      .toArray();
    return row?.count ?? 0;
  }

  /** What was counted; null for nothing. */
  recorded(): LateRecord | null {
    const row = this.#storage.sql.exec<LateRow>("SELECT count, event_id, kind, at FROM log_late").toArray()[0];
    return row === undefined ? null : { count: row.count, eventId: row.event_id, kind: row.kind, at: row.at };
  }
}
