/**
 * One session's event log in SQLite: gapless `seq` from 1, each event hashed over its predecessor's hash, append-only.
 * Pure over a storage port; the object around it owns time, subscribers and the network.
 *
 * @see `domain.md` 7
 */
import { BatchInsert } from "@factory/durable";
import type { SqlValue, StoragePort } from "@factory/durable";
import { canonicalJson, EVENT_KINDS, FactoryError, GENESIS_HASH, isTerminalKind, objectName } from "@factory/schemas";
import type { EventPayload, EventWrite, SessionEvent, WrittenEvent } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import type { LogIdentity, LogTip } from "@factory/schemas/rpc";
import { checkCursor, checkPageSize, overLimit } from "./limits.ts";
import { canonicalPayload, eventsOf, READ_PAGE_BYTES, sealedLine, StoredLines } from "./log-lines.ts";
import type { LogPage, PageBounds, SealedLine } from "./log-lines.ts";

/** How many events a session may have, and how many more what ends it. */
export type SessionLimits = { readonly sessionEvents: number; readonly reservedEvents: number };

/** What a log needs. */
export interface SessionLogDeps {
  readonly storage: StoragePort;
  /** Name of the object that holds it; another session's events are refused by it. */
  readonly objectName: string | undefined;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  /** How many events it takes; `LOG_LIMITS` unless given. */
  readonly limits?: SessionLimits;
}

/** What an append did. */
export interface Appended {
  readonly tip: LogTip;
  readonly appended: number;
  /** The events of `artifactWrites` among them, in order. */
  readonly writes: readonly StoredWrite[];
}

/** An event of `artifactWrites` as its row has it. */
export type StoredWrite = { readonly seq: number; readonly bytes: number; readonly line: string };

/** What the id of an evidence package begins with: the artifact that a session writes just before its terminal event. */
const EVIDENCE_PREFIX = "EVD-";

type HeadRow = {
  org: string;
  session_id: string;
  work_order_id: string;
  assembly_id: string;
  last_seq: number;
  root_hash: string;
  closed: number;
  closed_at: number | null;
  sealing: number;
};
type Head = { readonly identity: LogIdentity; readonly seq: number; readonly hash: string; readonly closedAt: number | null; readonly sealing: boolean };

const EMPTY_TIP: LogTip = { lastSeq: 0, rootHash: GENESIS_HASH, closed: false, archived: false };

const INSERT_EVENTS = new BatchInsert("log_events", ["seq", "event_id", "bytes", "line"]);
const INSERT_WRITES = new BatchInsert("log_writes", ["seq"]);

/** What one append adds: values of rows one after another, and the events of `artifactWrites` among them. */
type Added = { readonly rows: SqlValue[]; readonly writes: StoredWrite[] };

/** The parts of a line that are the same in every event of a session. */
type Frame = { readonly identity: LogIdentity; readonly head: string; readonly session: string; readonly workOrder: string };

/** The log of one session. */
export class SessionLog {
  readonly #deps: SessionLogDeps;
  readonly #lines: StoredLines;
  readonly #limits: SessionLimits;
  /** Not persisted: the row of `log_head`; null when there is none, undefined when it has to be read. */
  #cached: Head | null | undefined;
  /** Not persisted: of the identity whose events came last. */
  #frame: Frame | undefined;
  /** Not persisted: whether ids are looked up before they are added, since adding one that is known was tried and undone. */
  #careful = false;

  constructor(deps: SessionLogDeps) {
    this.#deps = deps;
    this.#lines = new StoredLines(deps.storage, "log_events");
    this.#limits = deps.limits ?? LOG_LIMITS;
  }

  /**
   * Appends events in order, all or none; one whose id is known is skipped.
   *
   * @param events - as {@link checkedEvents} gives them
   * @throws FactoryError INTEGRITY for another session's identity, FAILED_PRECONDITION for a new event after the
   *   terminal one, TOO_LARGE for an event over a limit.
   */
  append(identity: LogIdentity, events: readonly EventWrite[]): Appended {
    const written = events.map(writtenOf);
    this.#careful = true;
    const appended = this.#deps.storage.transactionSync(() => this.appendWithin(identity, written));
    this.committed();
    return appended;
  }

  /**
   * {@link append} of events as text in the caller's transaction, which undoes the call when it throws. Nearly every id is new,
   * so the table is asked only after it has refused one: the caller says {@link forget} and tries again, until {@link committed}.
   */
  appendWithin(identity: LogIdentity, events: readonly WrittenEvent[]): Appended {
    const before = this.#head();
    this.checkIdentity(identity);
    const first: Head = before ?? { identity, seq: 0, hash: GENESIS_HASH, closedAt: null, sealing: false };
    const known = this.#careful ? this.#knownIds(events) : new Set<string>();
    const added: Added = { rows: [], writes: [] };
    let head = first;
    for (const event of events) {
      if (known.has(event.eventId)) continue;
      known.add(event.eventId);
      head = this.#next(head, event, added);
    }
    if (head !== first) this.#write(head, added);
    return { tip: tipOf(head), appended: head.seq - first.seq, writes: added.writes };
  }

  /**
   * From now on nothing is taken but the session's evidence and its terminal event, so that the evidence covers what it says
   * it covers. Doing it again changes nothing.
   *
   * @throws FactoryError INTEGRITY for another session's identity, FAILED_PRECONDITION for a log without events.
   */
  beginSealing(identity: LogIdentity): LogTip {
    this.checkIdentity(identity);
    const head = this.#head();
    if (head === null) throw new FactoryError("FAILED_PRECONDITION", `The log of session ${identity.sessionId} has no events to seal.`);
    if (!head.sealing) {
      this.#deps.storage.sql.exec("UPDATE log_head SET sealing = 1");
      this.#cached = { ...head, sealing: true };
    }
    return tipOf(head);
  }

  /** Forgets what memory holds of the rows; called when appends were undone. */
  forget(): void {
    this.#cached = undefined;
    this.#careful = true;
  }

  /** The appends of a transaction have been committed. */
  committed(): void {
    this.#careful = false;
  }

  /** Events strictly after `after`, at most `limit` and about {@link READ_PAGE_BYTES}. @throws FactoryError as {@link pageAfter}. */
  read(after: number, limit: number): { events: SessionEvent[]; tip: LogTip } {
    const page = this.pageAfter(after, { events: limit, bytes: READ_PAGE_BYTES });
    return { events: eventsOf<SessionEvent>(page), tip: page.tip };
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
    return { ...this.#lines.after(after, bounds), tip: this.tip() };
  }

  /** Where the log ends now. */
  tip(): LogTip {
    const head = this.#head();
    return head === null ? EMPTY_TIP : tipOf(head);
  }

  /** Whose log it is; null before the first event. */
  identity(): LogIdentity | null {
    return this.#head()?.identity ?? null;
  }

  /** When the terminal event came, in epoch milliseconds; null while there is none. */
  closedAt(): number | null {
    return this.#head()?.closedAt ?? null;
  }

  /** @throws FactoryError INTEGRITY unless the identity is that of the object's name and of the events before. */
  checkIdentity(identity: LogIdentity): void {
    checkOwnName(this.#deps.objectName, identity);
    const own = this.#head()?.identity;
    if (own !== undefined) checkSameIdentity(own, identity);
  }

  #head(): Head | null {
    if (this.#cached !== undefined) return this.#cached;
    const row = this.#deps.storage.sql.exec<HeadRow>("SELECT * FROM log_head").toArray()[0];
    this.#cached = row === undefined ? null : headOf(row);
    return this.#cached;
  }

  #knownIds(events: readonly WrittenEvent[]): Set<string> {
    const [only] = events;
    const { sql } = this.#deps.storage;
    const rows =
      only !== undefined && events.length === 1
        ? sql.exec<{ event_id: string }>("SELECT event_id FROM log_events WHERE event_id = ?", only.eventId)
        : sql.exec<{ event_id: string }>(
            "SELECT event_id FROM log_events WHERE event_id IN (SELECT value FROM json_each(?))",
            JSON.stringify(events.map(({ eventId }) => eventId)),
          );
    return new Set(rows.toArray().map(({ event_id }) => event_id));
  }

  /** The head after an event, whose rows are added to those to be written. */
  #next(head: Head, event: WrittenEvent, { rows, writes }: Added): Head {
    this.#checkMayFollow(head, event);
    const seq = head.seq + 1;
    const { line, hash, bytes } = sealed(this.#frameOf(head.identity), head.hash, seq, event);
    rows.push(seq, event.eventId, bytes, line);
    if (EVENT_KINDS[event.kind].stream === "artifactWrites") writes.push({ seq, bytes, line });
    return { ...head, seq, hash, closedAt: isTerminalKind(event.kind) ? this.#deps.now() : null };
  }

  #write(head: Head, { rows, writes }: Added): void {
    const { sql } = this.#deps.storage;
    INSERT_EVENTS.run(sql, rows);
    INSERT_WRITES.run(
      sql,
      writes.map(({ seq }) => seq),
    );
    this.#writeHead(head);
    this.#cached = head;
  }

  #frameOf(identity: LogIdentity): Frame {
    if (this.#frame?.identity !== identity) this.#frame = frameOf(identity);
    return this.#frame;
  }

  /** @throws FactoryError FAILED_PRECONDITION for an event that comes too late, TOO_LARGE where there is no room for it. */
  #checkMayFollow(head: Head, event: WrittenEvent): void {
    if (head.closedAt !== null) throw lateEvent(event, head.seq);
    if (head.sealing && !endsSession(event)) throw eventWhileSealing(event, head.seq);
    this.#checkRoom(head.seq, event);
  }

  /** The reserve is for what ends a session: its own events, its evidence, and the terminal event in any case. */
  #checkRoom(events: number, write: WrittenEvent): void {
    const { sessionEvents, reservedEvents } = this.#limits;
    if (events < sessionEvents || isTerminalKind(write.kind)) return;
    const ids = { eventId: write.eventId, kind: write.kind };
    if (!mayUseReserve(write)) {
      throw overLimit(
        "sessionEvents",
        `The log has ${events} events and takes no event of ${EVENT_KINDS[write.kind].stream}`,
        "End the session; its own events and its evidence are still taken.",
        ids,
        sessionEvents,
      );
    }
    if (events < sessionEvents + reservedEvents) return;
    throw overLimit(
      "reservedEvents",
      `The log has ${events} events and has used its reserve`,
      "Append the session's terminal event; it is always taken.",
      ids,
      reservedEvents,
    );
  }

  #writeHead({ identity, seq, hash, closedAt }: Head): void {
    this.#deps.storage.sql.exec(
      `INSERT INTO log_head (only, org, session_id, work_order_id, assembly_id, last_seq, root_hash, closed, closed_at) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (only) DO UPDATE SET last_seq = excluded.last_seq, root_hash = excluded.root_hash, closed = excluded.closed, closed_at = excluded.closed_at`,
      identity.org,
      identity.sessionId,
      identity.workOrderId,
      identity.assemblyId,
      seq,
      hash,
      closedAt === null ? 0 : 1,
      closedAt,
    );
  }
}

/** The refusal of a new event after the terminal one; {@link isLate} knows it again. */
export function lateEvent(write: Pick<WrittenEvent, "eventId" | "kind">, lastSeq: number): FactoryError {
  return new FactoryError(
    "FAILED_PRECONDITION",
    `Event ${write.eventId} (${write.kind}) came after the session's terminal event, number ${lastSeq}. Nothing can be added to a session that has ended.`,
    { late: true, eventId: write.eventId, kind: write.kind, lastSeq },
  );
}

/** The refusal of an event while a session is being sealed; it counts as late like one after the terminal event. */
function eventWhileSealing(write: WrittenEvent, lastSeq: number): FactoryError {
  return new FactoryError(
    "FAILED_PRECONDITION",
    `Event ${write.eventId} (${write.kind}) came while the session's evidence is being sealed over ${lastSeq} events. Nothing can be added to a session that ends.`,
    { late: true, eventId: write.eventId, kind: write.kind, lastSeq },
  );
}

/** Whether an error is a refusal of an event that came too late, and of which event. */
export function isLate(err: unknown): err is FactoryError & { readonly details: { readonly eventId: string; readonly kind: string } } {
  return err instanceof FactoryError && err.code === "FAILED_PRECONDITION" && err.details?.["late"] === true;
}

/** @throws FactoryError INTEGRITY unless the session's log is the object of that name. */
export function checkOwnName(name: string | undefined, identity: LogIdentity): void {
  if (name === undefined || name === objectName.sessionLog(identity.org, identity.sessionId)) return;
  throw new FactoryError("INTEGRITY", `This is not the log of session ${identity.sessionId} of ${identity.org}.`);
}

/** @throws FactoryError INTEGRITY unless both are of one session, work order and assembly. */
export function checkSameIdentity(own: LogIdentity, other: LogIdentity): void {
  const same = own.org === other.org && own.sessionId === other.sessionId && own.workOrderId === other.workOrderId && own.assemblyId === other.assemblyId;
  if (!same) throw new FactoryError("INTEGRITY", `The log of session ${own.sessionId} was begun under another work order or assembly.`);
}

function headOf(row: HeadRow): Head {
  return {
    identity: { org: row.org, sessionId: row.session_id, workOrderId: row.work_order_id, assemblyId: row.assembly_id },
    seq: row.last_seq,
    hash: row.root_hash,
    // A log that was closed before the time was kept has been closed long enough.
    closedAt: row.closed === 1 ? (row.closed_at ?? 0) : null,
    sealing: row.sealing === 1,
  };
}

function tipOf({ seq, hash, closedAt }: Head): LogTip {
  return { lastSeq: seq, rootHash: hash, closed: closedAt !== null, archived: false };
}

function mayUseReserve(write: WrittenEvent): boolean {
  return EVENT_KINDS[write.kind].stream === "sessionEvents" || endsSession(write);
}

/** The two events that may follow the chain that a session's evidence covers. */
function endsSession(write: WrittenEvent): boolean {
  if (isTerminalKind(write.kind)) return true;
  if (write.kind !== "ARTIFACT_WRITTEN") return false;
  // The cast holds: the payload fits its kind.
  const { artifactId } = JSON.parse(write.payload) as EventPayload<"ARTIFACT_WRITTEN">;
  return artifactId.startsWith(EVIDENCE_PREFIX);
}

/** The event with its payload as text. @throws FactoryError INVALID_ARGUMENT for a payload without a canonical form. */
export function writtenOf({ payload, ...head }: EventWrite): WrittenEvent {
  return { ...head, payload: canonicalPayload(head.eventId, payload) };
}

function frameOf(identity: LogIdentity): Frame {
  return {
    identity,
    head: `{"assemblyId":${canonicalJson(identity.assemblyId)},"eventId":`,
    session: `"sessionId":${canonicalJson(identity.sessionId)},"stream":"`,
    workOrder: `","workOrderId":${canonicalJson(identity.workOrderId)}}`,
  };
}

/** The next line of a chain: a {@link SessionEvent}, its fields in canonical order. */
function sealed({ head, session, workOrder }: Frame, prevHash: string, seq: number, write: WrittenEvent): SealedLine {
  const { eventId, kind, runId, occurredAt, payload } = write;
  const run = runId === undefined ? "" : `"runId":${canonicalJson(runId)},`;
  return sealedLine(
    `${head}${canonicalJson(eventId)},`,
    `"kind":"${kind}","occurredAt":${occurredAt},"payload":${payload},"prevHash":"${prevHash}",${run}"seq":${seq},${session}${EVENT_KINDS[kind].stream}${workOrder}`,
    eventId,
    kind,
  );
}
