/**
 * An assembly's event log in SQLite: what its sessions wrote, with a gapless `seq` and a hash chain of its own. It is never
 * terminal. Old pages go to the archive; what is below is read from there.
 *
 * A session sends its events in the order of their `seq`, so the highest `seq` taken from it tells what is known: that
 * holds for events that have long been trimmed.
 *
 * @see `domain.md` 7
 */
import { BatchInsert } from "@factory/durable";
import type { SqlValue, StoragePort } from "@factory/durable";
import { blobKey, canonicalJson, FactoryError, GENESIS_HASH, objectName } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import type { LogTip } from "@factory/schemas/rpc";
import { archivedPage, ArchiveReader, writeVerified } from "./archive.ts";
import type { Bucket } from "./archive.ts";
import { archivedPages, recordPage } from "./archiving.ts";
import type { CarriedEvent } from "./carried-events.ts";
import { checkCursor, checkPageSize, overLimit } from "./limits.ts";
import { sealedLine, StoredLines } from "./log-lines.ts";
import type { LogPage, PageBounds, SealedLine } from "./log-lines.ts";

/** How long a write stays in the object, in milliseconds: the readers that look back are mostly those of the last days. */
export const KEEP_WRITES_MS = 7 * 24 * 60 * 60_000;
/** One trimmed page. A page that is not full stays: its bytes would depend on when it was cut, and a crash would write it twice. */
export const TRIM_PAGE: PageBounds = { events: 256, bytes: 1024 * 1024 };

/** Whose log it is. */
export type AssemblyIdentity = { readonly org: string; readonly assemblyId: string };

/** What an assembly's log needs. */
export interface AssemblyLogDeps {
  readonly storage: StoragePort;
  /** Name of the object that holds it. */
  readonly objectName: string | undefined;
  readonly bucket: Bucket;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  /** {@link KEEP_WRITES_MS} unless given. */
  readonly keepMs?: number;
  /** {@link TRIM_PAGE} unless given. */
  readonly trimPage?: PageBounds;
}

type HeadRow = { org: string; assembly_id: string; last_seq: number; root_hash: string; trimmed_seq: number };
type Head = { readonly identity: AssemblyIdentity; readonly seq: number; readonly hash: string; readonly trimmed: number };

/** Sessions whose last event is remembered: those that write to one assembly at a time. */
const MEMO_SESSIONS = 1_024;

const INSERT_EVENTS = new BatchInsert("assembly_events", ["seq", "event_id", "bytes", "appended_at", "line"]);

/** The log of one assembly. */
export class AssemblyLog {
  readonly #deps: AssemblyLogDeps;
  readonly #lines: StoredLines;
  /** Not persisted: the row of `assembly_head`; null when there is none, undefined when it has to be read. */
  #cached: Head | null | undefined;
  /** Not persisted: the last event taken from each session that sends, as the rows have it. */
  readonly #taken = new Map<string, number>();
  /** Not persisted: reads what was trimmed. */
  #reader: ArchiveReader | undefined;

  constructor(deps: AssemblyLogDeps) {
    this.#deps = deps;
    this.#lines = new StoredLines(deps.storage, "assembly_events");
  }

  /**
   * Takes events of one or more sessions in the caller's transaction, which undoes the call when it throws; what is known
   * is skipped.
   *
   * @throws FactoryError INTEGRITY for another assembly's events, INVALID_ARGUMENT for events of a session that are out
   *   of order or of another stream, TOO_LARGE for more than `LOG_LIMITS.pageEvents`.
   */
  append(identity: AssemblyIdentity, events: readonly CarriedEvent[]): { readonly tip: LogTip; readonly appended: number } {
    this.#check(identity, events);
    const before = this.#head();
    let head: Head = before ?? { identity, seq: 0, hash: GENESIS_HASH, trimmed: 0 };
    const taken = new Map<string, number>();
    const rows: SqlValue[] = [];
    for (const event of events) {
      const known = taken.get(event.sessionId) ?? this.#takenFrom(event.sessionId);
      if (event.seq <= known) continue;
      head = this.#sealed(head, event, rows);
      taken.set(event.sessionId, event.seq);
    }
    const appended = head.seq - (before?.seq ?? 0);
    if (appended > 0) {
      INSERT_EVENTS.run(this.#deps.storage.sql, rows);
      this.#writeTaken(taken);
      this.#writeHead(head);
      this.#cached = head;
    }
    return { tip: tipOf(head), appended };
  }

  /** Forgets what memory holds of the rows; called when appends were undone. */
  forget(): void {
    this.#cached = undefined;
    this.#taken.clear();
  }

  /** Where the log ends now. */
  tip(): LogTip {
    const head = this.#head();
    return head === null ? { lastSeq: 0, rootHash: GENESIS_HASH, closed: false, archived: false } : tipOf(head);
  }

  /**
   * Lines strictly after `after`, within the bounds; from the archive where they were trimmed.
   *
   * @throws FactoryError INVALID_ARGUMENT for a cursor or bound that is not one, TOO_LARGE for more than
   *   `LOG_LIMITS.pageEvents` events; INTEGRITY for a damaged page of the archive.
   */
  pageAfter(after: number, bounds: PageBounds): LogPage | Promise<LogPage> {
    checkCursor(after);
    checkPageSize(bounds.events);
    const head = this.#head();
    if (head !== null && after < head.trimmed) return this.#trimmedPage(head, after, bounds);
    return { ...this.#lines.after(after, bounds), tip: this.tip() };
  }

  /** When the oldest full page will be old enough to trim, in epoch milliseconds; null while there is none. */
  trimDueAt(): number | null {
    const page = this.#trimmable();
    if (page === null) return null;
    const [row] = this.#deps.storage.sql.exec<{ appended_at: number }>("SELECT appended_at FROM assembly_events WHERE seq = ?", page.lastSeq).toArray();
    return row === undefined ? null : row.appended_at + (this.#deps.keepMs ?? KEEP_WRITES_MS);
  }

  /**
   * Moves full pages that are old enough to the archive, one after another.
   *
   * @throws RetryableError when a page does not read back; what the store throws; the signal's reason.
   */
  async trim(signal: AbortSignal): Promise<void> {
    for (let due = this.trimDueAt(); due !== null && due <= this.#deps.now(); due = this.trimDueAt()) {
      signal.throwIfAborted();
      const head = this.#head();
      const page = this.#trimmable();
      if (head === null || page === null) return;
      const first = head.trimmed + 1;
      const digest = await writeVerified(this.#deps.bucket, blobKey.assemblyLogPage(head.identity.org, head.identity.assemblyId, first), page.text);
      signal.throwIfAborted();
      this.#cut(archivedPage(first, page.lastSeq, page.text, digest));
    }
  }

  #cut(page: ReturnType<typeof archivedPage>): void {
    const { storage } = this.#deps;
    storage.transactionSync(() => {
      recordPage(storage, page);
      storage.sql.exec("DELETE FROM assembly_events WHERE seq <= ?", page.lastSeq);
      storage.sql.exec("UPDATE assembly_head SET trimmed_seq = ?", page.lastSeq);
    });
    // Events may have come while the page was written.
    this.forget();
  }

  /** The oldest full page; null when what is stored fills none. */
  #trimmable(): { readonly text: string; readonly lastSeq: number } | null {
    const head = this.#head();
    if (head === null) return null;
    const page = this.#lines.after(head.trimmed, this.#deps.trimPage ?? TRIM_PAGE);
    return page.full ? page : null;
  }

  async #trimmedPage(head: Head, after: number, bounds: PageBounds): Promise<LogPage> {
    const page = archivedPages(this.#deps.storage).find(({ lastSeq }) => lastSeq > after);
    if (page === undefined) throw new FactoryError("INTEGRITY", `Event ${after + 1} was trimmed and no archived page has it.`);
    const { org, assemblyId } = head.identity;
    this.#reader ??= new ArchiveReader(this.#deps.bucket, (firstSeq) => blobKey.assemblyLogPage(org, assemblyId, firstSeq));
    return { ...(await this.#reader.after(page, after, bounds)), tip: this.tip() };
  }

  #check(identity: AssemblyIdentity, events: readonly CarriedEvent[]): void {
    const { objectName: own } = this.#deps;
    if (own !== undefined && own !== objectName.assemblyLog(identity.org, identity.assemblyId)) {
      throw new FactoryError("INTEGRITY", `This is not the log of assembly ${identity.assemblyId} of ${identity.org}.`);
    }
    if (events.length > LOG_LIMITS.pageEvents) throw overLimit("pageEvents", `${events.length} events in one call`, "Send them in several calls.");
    const last = new Map<string, number>();
    for (const { seq, sessionId, assemblyId, stream, eventId } of events) {
      if (assemblyId !== identity.assemblyId) throw new FactoryError("INTEGRITY", `Event ${eventId} is of assembly ${assemblyId}.`);
      if (stream !== "artifactWrites") throw new FactoryError("INVALID_ARGUMENT", `Event ${eventId} is of ${stream}; this log takes artifactWrites.`);
      if (seq <= (last.get(sessionId) ?? 0)) throw new FactoryError("INVALID_ARGUMENT", `Event ${eventId} is out of the order of its session.`);
      last.set(sessionId, seq);
    }
  }

  #head(): Head | null {
    if (this.#cached !== undefined) return this.#cached;
    const row = this.#deps.storage.sql.exec<HeadRow>("SELECT org, assembly_id, last_seq, root_hash, trimmed_seq FROM assembly_head").toArray()[0];
    this.#cached =
      row === undefined ? null : { identity: { org: row.org, assemblyId: row.assembly_id }, seq: row.last_seq, hash: row.root_hash, trimmed: row.trimmed_seq };
    return this.#cached;
  }

  #takenFrom(sessionId: string): number {
    const kept = this.#taken.get(sessionId);
    if (kept !== undefined) return kept;
    const [row] = this.#deps.storage.sql.exec<{ session_seq: number }>("SELECT session_seq FROM assembly_sources WHERE session_id = ?", sessionId).toArray();
    return row?.session_seq ?? 0;
  }

  #writeTaken(taken: ReadonlyMap<string, number>): void {
    for (const [sessionId, seq] of taken) {
      this.#deps.storage.sql.exec(
        "INSERT INTO assembly_sources (session_id, session_seq) VALUES (?, ?) ON CONFLICT (session_id) DO UPDATE SET session_seq = excluded.session_seq",
        sessionId,
        seq,
      );
      if (this.#taken.size >= MEMO_SESSIONS) this.#taken.clear();
      this.#taken.set(sessionId, seq);
    }
  }

  /** The head after an event, whose row is added to those to be written. */
  #sealed(head: Head, event: CarriedEvent, rows: SqlValue[]): Head {
    const seq = head.seq + 1;
    const { line, hash, bytes } = sealed(head, seq, event);
    rows.push(seq, event.eventId, bytes, this.#deps.now(), line);
    return { ...head, seq, hash };
  }

  #writeHead({ identity, seq, hash, trimmed }: Head): void {
    this.#deps.storage.sql.exec(
      `INSERT INTO assembly_head (only, org, assembly_id, last_seq, root_hash, trimmed_seq) VALUES (1, ?, ?, ?, ?, ?)
       ON CONFLICT (only) DO UPDATE SET last_seq = excluded.last_seq, root_hash = excluded.root_hash`,
      identity.org,
      identity.assemblyId,
      seq,
      hash,
      trimmed,
    );
  }
}

function tipOf({ seq, hash }: Head): LogTip {
  return { lastSeq: seq, rootHash: hash, closed: false, archived: false };
}

/** The next line of the chain: an `AssemblyEvent`, its fields in canonical order. */
function sealed({ identity, hash }: Head, seq: number, event: CarriedEvent): SealedLine {
  const { eventId, kind, sessionId, occurredAt, payload } = event;
  return sealedLine(
    `{"assemblyId":${canonicalJson(identity.assemblyId)},"eventId":${canonicalJson(eventId)},`,
    `"kind":"${kind}","occurredAt":${occurredAt},"payload":${payload},"prevHash":"${hash}",` +
      `"seq":${seq},"sessionId":${canonicalJson(sessionId)},"sessionSeq":${event.seq}}`,
    eventId,
    kind,
  );
}
