/**
 * How far each log has been pushed to this shard: one row a log, so that the sockets that are live need no write of their own.
 *
 * A push that comes alone is in the row before its frames leave (the output gate holds them). Pushes that follow each other closely
 * mark the row as moving, once, and then move the cursor in memory only; the row has it again when they pause, and a timer keeps the
 * object from hibernating until then. A row that is found moving is of a life that ended in mid-stream: what its sockets were sent
 * is known only to their clients, who come back with their last seq. So a busy log costs a shard no write a push, and nothing is ever
 * sent on a guess.
 */
import type { Migration, StartTimeout, StoragePort } from "@factory/durable";

/** Tables of a shard. */
export const LIVE_CURSOR_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-live-cursors",
    statements: [
      `CREATE TABLE live_cursors (
        log TEXT PRIMARY KEY,
        cursor INTEGER NOT NULL,
        attached INTEGER NOT NULL,
        moving INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
    ],
  },
];

/** Pushes closer than this move the cursor in memory; the pause after which it is written. */
export const PAUSE_MS = 1_000;

type Row = { log: string; cursor: number; attached: number; moving: number };
/** A log's live cursor; `attached` once the log has taken the shard. */
export type LiveCursor = { readonly cursor: number; readonly attached: boolean };
/** Not persisted: a row and how it moves. */
type Entry = { cursor: number; attached: boolean; moving: boolean; movedAt: number };

export interface LiveCursorsDeps {
  readonly storage: StoragePort;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly startTimeout: StartTimeout;
}

/** The live cursors of one shard. */
export class LiveCursors {
  readonly #deps: LiveCursorsDeps;
  /** Not persisted: the rows, which only this object writes. */
  readonly #entries = new Map<string, Entry>();
  /** Not persisted: whether the timer runs that writes cursors which came to rest. */
  #timed = false;

  constructor(deps: LiveCursorsDeps) {
    this.#deps = deps;
    const rows = deps.storage.sql.exec<Row>("SELECT log, cursor, attached, moving FROM live_cursors").toArray();
    for (const { log, cursor, attached, moving } of rows) {
      if (moving === 1) deps.storage.sql.exec("DELETE FROM live_cursors WHERE log = ?", log);
      else this.#entries.set(log, { cursor, attached: attached === 1, moving: false, movedAt: 0 });
    }
  }

  /** Undefined for a log that nothing follows live, or whose cursor a life before this one took with it. */
  get(log: string): LiveCursor | undefined {
    const entry = this.#entries.get(log);
    return entry === undefined ? undefined : { cursor: entry.cursor, attached: entry.attached };
  }

  logs(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Begins a log's cursor, before the log is asked to push from it. */
  begin(log: string, cursor: number): void {
    const entry: Entry = { cursor, attached: false, moving: false, movedAt: 0 };
    this.#entries.set(log, entry);
    this.#write(log, entry);
  }

  /** Remembers that the log pushes. */
  attached(log: string): void {
    const entry = this.#entries.get(log);
    if (entry === undefined || entry.attached) return;
    entry.attached = true;
    this.#write(log, entry);
  }

  /** Moves the cursor with a push, in the turn in which its frames are sent. */
  advance(log: string, cursor: number): void {
    const entry = this.#entries.get(log);
    if (entry === undefined) return;
    const alone = this.#deps.now() - entry.movedAt >= PAUSE_MS;
    const moved = entry.moving;
    entry.cursor = cursor;
    entry.movedAt = this.#deps.now();
    entry.moving = moved || !alone;
    if (!moved) this.#write(log, entry);
    if (entry.moving) this.#settleIn(PAUSE_MS);
  }

  delete(log: string): void {
    if (!this.#entries.delete(log)) return;
    this.#deps.storage.sql.exec("DELETE FROM live_cursors WHERE log = ?", log);
  }

  #settleIn(ms: number): void {
    if (this.#timed) return;
    this.#timed = true;
    this.#deps.startTimeout(ms, () => this.#settle());
  }

  /** Writes the cursors that have come to rest. */
  #settle(): void {
    this.#timed = false;
    let next = Number.POSITIVE_INFINITY;
    for (const [log, entry] of this.#entries) {
      if (!entry.moving) continue;
      const rest = entry.movedAt + PAUSE_MS - this.#deps.now();
      if (rest > 0) next = Math.min(next, rest);
      else {
        entry.moving = false;
        this.#write(log, entry);
      }
    }
    if (next !== Number.POSITIVE_INFINITY) this.#settleIn(next);
  }

  #write(log: string, { cursor, attached, moving }: Entry): void {
    this.#deps.storage.sql.exec(
      "INSERT OR REPLACE INTO live_cursors (log, cursor, attached, moving) VALUES (?, ?, ?, ?)",
      log,
      cursor,
      attached ? 1 : 0,
      moving ? 1 : 0,
    );
  }
}
