/**
 * One session's event log in SQLite: gapless `seq` from 1, each event hashed over its predecessor's hash, append-only.
 * Pure over a storage port; the object around it owns time, subscribers and the network.
 *
 * @see `domain.md` 7
 */
import type { Migration, StoragePort } from "@factory/durable";
import { digestOf, EVENT_KINDS, FactoryError, GENESIS_HASH, isTerminalKind, objectName } from "@factory/schemas";
import type { EventWrite, SessionEvent } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import type { LogIdentity, LogTip } from "@factory/schemas/rpc";

/** Tables of a log. The JSON line of an event is kept as it was hashed and is what every reader is sent. */
export const SESSION_LOG_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-log",
    statements: [
      `CREATE TABLE log_head (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        org TEXT NOT NULL,
        session_id TEXT NOT NULL,
        work_order_id TEXT NOT NULL,
        assembly_id TEXT NOT NULL,
        last_seq INTEGER NOT NULL,
        root_hash TEXT NOT NULL,
        closed INTEGER NOT NULL
      ) STRICT`,
      // `bytes` stands before `line`: reading it does not touch the overflow pages of a long line.
      `CREATE TABLE log_events (
        seq INTEGER PRIMARY KEY,
        event_id TEXT NOT NULL UNIQUE,
        bytes INTEGER NOT NULL,
        line TEXT NOT NULL
      ) STRICT`,
      `CREATE TRIGGER log_events_never_change BEFORE UPDATE ON log_events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END`,
      `CREATE TRIGGER log_events_never_go BEFORE DELETE ON log_events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END`,
    ],
  },
];

/** What a log needs. */
export interface SessionLogDeps {
  readonly storage: StoragePort;
  /** Name of the object that holds it; another session's events are refused by it. */
  readonly objectName: string | undefined;
}

/** Stored lines of a page, each ended by a newline. */
export interface LogPage {
  readonly text: string;
  readonly count: number;
  /** Cursor after the page; the one before it for an empty page. */
  readonly lastSeq: number;
  readonly tip: LogTip;
}

/** Bounds of one page. */
export interface PageBounds {
  readonly events: number;
  /** UTF-8 bytes; one event is given even when it alone is larger. */
  readonly bytes: number;
}

/** Keeps the answer to one `read` well under the 32 MiB of an RPC message and of an isolate's memory. */
export const READ_PAGE_BYTES = 4 * 1024 * 1024;

type HeadRow = { org: string; session_id: string; work_order_id: string; assembly_id: string; last_seq: number; root_hash: string; closed: number };
type Head = { seq: number; hash: string; closed: boolean };

const EMPTY_TIP: LogTip = { lastSeq: 0, rootHash: GENESIS_HASH, closed: false };
const UTF8 = new TextEncoder();

/** The log of one session. */
export class SessionLog {
  readonly #storage: StoragePort;
  readonly #objectName: string | undefined;

  constructor(deps: SessionLogDeps) {
    this.#storage = deps.storage;
    this.#objectName = deps.objectName;
  }

  /**
   * Appends events in order, all or none; one whose id is known is skipped.
   *
   * @param events - as {@link checkedEvents} gives them
   * @throws FactoryError INTEGRITY for another session's identity, FAILED_PRECONDITION for a new event after the
   *   terminal one, TOO_LARGE for an event over the limit.
   */
  append(identity: LogIdentity, events: readonly EventWrite[]): { readonly tip: LogTip; readonly appended: number } {
    return this.#storage.transactionSync(() => {
      const row = this.#headRow();
      this.#checkIdentity(identity, row);
      const head: Head =
        row === undefined ? { seq: 0, hash: GENESIS_HASH, closed: false } : { seq: row.last_seq, hash: row.root_hash, closed: row.closed === 1 };
      const known = this.#knownIds(events);
      const before = head.seq;
      for (const event of events) {
        if (known.has(event.eventId)) continue;
        known.add(event.eventId);
        this.#appendOne(identity, head, event);
      }
      if (head.seq > before) this.#writeHead(identity, head);
      return { tip: { lastSeq: head.seq, rootHash: head.hash, closed: head.closed }, appended: head.seq - before };
    });
  }

  /** Events strictly after `after`, at most `limit` and about {@link READ_PAGE_BYTES}. @throws FactoryError as {@link pageAfter}. */
  read(after: number, limit: number): { events: SessionEvent[]; tip: LogTip } {
    const page = this.pageAfter(after, { events: limit, bytes: READ_PAGE_BYTES });
    const lines = page.text.split("\n").slice(0, page.count);
    // The cast holds: only `#appendOne` writes lines, from events of this shape.
    return { events: lines.map((line) => JSON.parse(line) as SessionEvent), tip: page.tip };
  }

  /**
   * Stored lines strictly after `after`, within the bounds.
   *
   * @throws FactoryError INVALID_ARGUMENT for a cursor or bound that is not one, TOO_LARGE for more than
   *   `LOG_LIMITS.pageEvents` events.
   */
  pageAfter(after: number, bounds: PageBounds): LogPage {
    checkCursor(after);
    checkPageSize(bounds.events);
    const lastSeq = this.#lastWithin(after, bounds);
    const lines = this.#storage.sql.exec<{ line: string }>("SELECT line FROM log_events WHERE seq > ? AND seq <= ? ORDER BY seq", after, lastSeq).toArray();
    return { text: lines.map(({ line }) => `${line}\n`).join(""), count: lines.length, lastSeq, tip: this.tip() };
  }

  /** Where the log ends now. */
  tip(): LogTip {
    const row = this.#headRow();
    return row === undefined ? EMPTY_TIP : { lastSeq: row.last_seq, rootHash: row.root_hash, closed: row.closed === 1 };
  }

  #lastWithin(after: number, bounds: PageBounds): number {
    const sizes = this.#storage.sql
      .exec<{ seq: number; bytes: number }>("SELECT seq, bytes FROM log_events WHERE seq > ? ORDER BY seq LIMIT ?", after, bounds.events)
      .toArray();
    let last = after;
    let total = 0;
    for (const { seq, bytes } of sizes) {
      total += bytes;
      if (total > bounds.bytes && last > after) break;
      last = seq;
    }
    return last;
  }

  #headRow(): HeadRow | undefined {
    return this.#storage.sql.exec<HeadRow>("SELECT * FROM log_head").toArray()[0];
  }

  #checkIdentity(identity: LogIdentity, row: HeadRow | undefined): void {
    if (this.#objectName !== undefined && this.#objectName !== objectName.sessionLog(identity.org, identity.sessionId)) {
      throw new FactoryError("INTEGRITY", `This is not the log of session ${identity.sessionId} of ${identity.org}.`);
    }
    if (row === undefined) return;
    const same =
      row.org === identity.org &&
      row.session_id === identity.sessionId &&
      row.work_order_id === identity.workOrderId &&
      row.assembly_id === identity.assemblyId;
    if (!same) throw new FactoryError("INTEGRITY", `The log of session ${row.session_id} was begun under another work order or assembly.`);
  }

  #knownIds(events: readonly EventWrite[]): Set<string> {
    const rows = this.#storage.sql
      .exec<{ event_id: string }>(
        "SELECT event_id FROM log_events WHERE event_id IN (SELECT value FROM json_each(?))",
        JSON.stringify(events.map(({ eventId }) => eventId)),
      )
      .toArray();
    return new Set(rows.map(({ event_id }) => event_id));
  }

  #appendOne(identity: LogIdentity, head: Head, write: EventWrite): void {
    if (head.closed) {
      throw new FactoryError("FAILED_PRECONDITION", `Event ${write.eventId} (${write.kind}) came after the session's terminal event.`, {
        eventId: write.eventId,
        lastSeq: head.seq,
      });
    }
    const event = sealed(identity, head, write);
    const line = JSON.stringify(event);
    const bytes = UTF8.encode(line).length;
    if (bytes > LOG_LIMITS.eventBytes) {
      throw new FactoryError("TOO_LARGE", `Event ${write.eventId} (${write.kind}) has ${bytes} bytes; an event may have ${LOG_LIMITS.eventBytes}.`, {
        eventId: write.eventId,
        bytes,
        limit: LOG_LIMITS.eventBytes,
      });
    }
    this.#storage.sql.exec("INSERT INTO log_events (seq, event_id, bytes, line) VALUES (?, ?, ?, ?)", event.seq, event.eventId, bytes, line);
    head.seq = event.seq;
    head.hash = event.hash;
    head.closed = isTerminalKind(event.kind);
  }

  #writeHead(identity: LogIdentity, head: Head): void {
    this.#storage.sql.exec(
      `INSERT INTO log_head (only, org, session_id, work_order_id, assembly_id, last_seq, root_hash, closed) VALUES (1, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (only) DO UPDATE SET last_seq = excluded.last_seq, root_hash = excluded.root_hash, closed = excluded.closed`,
      identity.org,
      identity.sessionId,
      identity.workOrderId,
      identity.assemblyId,
      head.seq,
      head.hash,
      head.closed ? 1 : 0,
    );
  }
}

/** The next event of a chain. Its hash covers every other field, the hash of its predecessor included. */
function sealed(identity: LogIdentity, head: Head, write: EventWrite): SessionEvent {
  const event = {
    seq: head.seq + 1,
    eventId: write.eventId,
    stream: EVENT_KINDS[write.kind].stream,
    kind: write.kind,
    sessionId: identity.sessionId,
    ...(write.runId === undefined ? {} : { runId: write.runId }),
    assemblyId: identity.assemblyId,
    workOrderId: identity.workOrderId,
    occurredAt: write.occurredAt,
    payload: write.payload,
    prevHash: head.hash,
  };
  return { ...event, hash: digestOf(event) };
}

function checkPageSize(events: number): void {
  if (!Number.isSafeInteger(events) || events < 1) throw new FactoryError("INVALID_ARGUMENT", "A page has at least one event.");
  if (events > LOG_LIMITS.pageEvents) {
    throw new FactoryError("TOO_LARGE", `A page of ${events} events was asked for; it may have ${LOG_LIMITS.pageEvents}.`, { limit: LOG_LIMITS.pageEvents });
  }
}

/** @throws FactoryError INVALID_ARGUMENT for anything but a whole number from 0 on. */
export function checkCursor(after: number): void {
  if (!Number.isSafeInteger(after) || after < 0) throw new FactoryError("INVALID_ARGUMENT", "A cursor is a seq: a whole number from 0 on.");
}
