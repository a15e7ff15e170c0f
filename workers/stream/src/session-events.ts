/** The log of one session with all that is around it: appends, readers, deliveries, late events, the way to the archive. */
import { answered, GroupCommit } from "@factory/durable";
import type { Scheduler } from "@factory/durable";
import { blobKey, eventsOfText, FactoryError } from "@factory/schemas";
import type { EventWrite, Result, SessionEvent, WrittenEvent } from "@factory/schemas";
import type { LinearProjectionMessage, LogIdentity, LogTip, ProjectionMessage } from "@factory/schemas/rpc";
import { ArchivedLog, ArchiveReader, parseIndex } from "./archive.ts";
import type { Bucket } from "./archive.ts";
import { ARCHIVE_AFTER_MS, archiveIndex, archivePages } from "./archiving.ts";
import type { ArchivingDeps } from "./archiving.ts";
import type { Carrier } from "./carrier.ts";
import { checkCount, checkedEvents } from "./checked-events.ts";
import { EventLog } from "./event-log.ts";
import type { LogEvents, LogRuntime } from "./event-log.ts";
import { LateEvents, reportLate } from "./late-events.ts";
import { eventsOf, READ_PAGE_BYTES } from "./log-lines.ts";
import type { LogPage, PageBounds } from "./log-lines.ts";
import { LINEAR, ProjectionHints, READ_MODEL } from "./projection-hints.ts";
import type { ProjectionHintsDeps } from "./projection-hints.ts";
import { checkOwnName, checkSameIdentity, isLate, lateEvent, SessionLog, writtenOf } from "./session-log.ts";
import type { Appended, SessionLimits, StoredWrite } from "./session-log.ts";
import { WritesLane } from "./writes-lane.ts";
import type { WritesLaneDeps } from "./writes-lane.ts";

/** What the log of a session needs. */
export interface SessionEventsDeps {
  readonly runtime: LogRuntime;
  /** Name of the object. */
  readonly objectName: string;
  readonly org: string;
  readonly sessionId: string;
  readonly bucket: Bucket;
  readonly appendWrites: WritesLaneDeps["appendWrites"];
  readonly project: (message: ProjectionMessage) => Promise<void>;
  /** Absent where nothing is shown in Linear. */
  readonly projectToLinear?: (message: LinearProjectionMessage) => Promise<void>;
  /** {@link ARCHIVE_AFTER_MS} unless given. */
  readonly archiveAfterMs?: number;
  /** Bounds of an archived page; those of `archive.ts` unless given. */
  readonly archivePage?: PageBounds;
  readonly limits?: SessionLimits;
  /** As of {@link GroupCommit}. */
  readonly defer?: (run: () => void) => void;
}

type AppendCall = { readonly identity: LogIdentity; readonly events: readonly WrittenEvent[] };

/** Thrown by an append whose log was removed after it had been found; it is looked up again. */
class LogRemoved extends Error {}

const ARCHIVE_TIMER = "archive";
/** Well under the 15 minutes of an alarm; the largest log has some five hundred pages. */
const ARCHIVE_TIMEOUT_MS = 10 * 60_000;
/** When to look again whether sinks and carriers are done, and whether the storage went. */
const ARCHIVE_AGAIN_MS = 30_000;

/** The log of one session. */
export class SessionEvents {
  readonly #deps: SessionEventsDeps;
  readonly #log: EventLog<StoredSession, ArchivedLog>;
  readonly #appends: GroupCommit<AppendCall, Appended>;

  constructor(deps: SessionEventsDeps) {
    this.#deps = deps;
    const { runtime, org, sessionId, bucket } = deps;
    this.#log = new EventLog<StoredSession, ArchivedLog>({
      runtime,
      address: { kind: "session", org, sessionId },
      open: (scheduler) => new StoredSession(deps, scheduler, () => this.#log.drained()),
      findMoved: async () => {
        const text = await bucket.read(blobKey.logIndex(org, sessionId));
        if (text === null) return null;
        const reader = new ArchiveReader(bucket, (firstSeq) => blobKey.logPage(org, sessionId, firstSeq));
        return new ArchivedLog(parseIndex(text), reader);
      },
    });
    this.#appends = new GroupCommit<AppendCall, Appended>({
      storage: runtime.storage,
      apply: ({ identity, events }) => this.#apply(identity, events),
      onUndone: () => this.#log.openedEvents()?.log.forget(),
      onCommitted: (appends) => this.#committed(appends),
      log: runtime.log,
      ...(deps.defer === undefined ? {} : { defer: deps.defer }),
    });
  }

  /** The log's storage, readers and deliveries. */
  get log(): EventLog<StoredSession, ArchivedLog> {
    return this.#log;
  }

  /** As `SessionLogRpc.append`. */
  append(identity: LogIdentity, events: readonly EventWrite[]): Promise<Result<{ tip: LogTip; appended: number }>> {
    return this.#answered(identity, () => checkedEvents(events).map(writtenOf));
  }

  /** As `SessionLogRpc.appendText`. */
  appendText(identity: LogIdentity, text: string): Promise<Result<{ tip: LogTip; appended: number }>> {
    return this.#answered(identity, () => {
      const events = eventsOfText(text);
      checkCount(events.length);
      return events;
    });
  }

  /** As `SessionLogRpc.seal`. */
  seal(identity: LogIdentity): Promise<Result<{ tip: LogTip }>> {
    const { log, now } = this.#deps.runtime;
    const ids = { org: identity.org, session: identity.sessionId };
    return answered(log, now, { op: "log.seal", ids }, async () => {
      checkOwnName(this.#deps.objectName, identity);
      const stored = this.#log.stored();
      if (stored !== undefined) return { tip: stored.log.beginSealing(identity) };
      const archived = await this.#log.moved();
      if (archived === null) throw new FactoryError("FAILED_PRECONDITION", `The log of session ${identity.sessionId} has no events to seal.`);
      checkSameIdentity(archived.identity, identity);
      return { tip: archived.tip };
    });
  }

  /** As `SessionLogRpc.read`. */
  async read(after: number, limit: number): Promise<{ events: SessionEvent[]; tip: LogTip }> {
    const page = await this.#log.page(after, { events: limit, bytes: READ_PAGE_BYTES });
    return { events: eventsOf<SessionEvent>(page), tip: page.tip };
  }

  #answered(identity: LogIdentity, events: () => readonly WrittenEvent[]): Promise<Result<{ tip: LogTip; appended: number }>> {
    const { log, now } = this.#deps.runtime;
    const ids = { org: identity.org, session: identity.sessionId };
    return answered(log, now, { op: "log.append", ids }, async () => {
      const { tip, appended } = await this.#append(identity, events());
      return { tip, appended };
    });
  }

  async #append(identity: LogIdentity, events: readonly WrittenEvent[]): Promise<Appended> {
    checkOwnName(this.#deps.objectName, identity);
    for (;;) {
      if (this.#log.stored() === undefined) {
        const archived = await this.#log.moved();
        if (archived !== null) return this.#appendToArchived(archived, identity, events);
        this.#log.opened();
      }
      try {
        return await this.#appends.submit({ identity, events });
      } catch (err) {
        if (err instanceof LogRemoved) continue;
        this.#refused(identity, err);
        throw err;
      }
    }
  }

  #apply(identity: LogIdentity, events: readonly WrittenEvent[]): Appended {
    const stored = this.#log.openedEvents();
    if (stored === undefined) throw new LogRemoved();
    return stored.log.appendWithin(identity, events);
  }

  #committed(appends: readonly Appended[]): void {
    this.#log.openedEvents()?.log.committed();
    if (appends.every(({ appended }) => appended === 0)) return;
    this.#log.stored()?.committed(appends.flatMap(({ writes }) => writes));
    this.#log.committed();
  }

  #refused(identity: LogIdentity, err: unknown): void {
    const stored = this.#log.openedEvents();
    if (stored === undefined || !isLate(err)) return;
    const { eventId, kind } = err.details;
    reportLate(this.#deps.runtime.log, identity.sessionId, { eventId, kind }, stored.late.record(eventId, kind, this.#deps.runtime.now()));
  }

  /** A repeat of what is in the archive is a repeat; anything else is late, and there is no row left to count it in. */
  async #appendToArchived(archived: ArchivedLog, identity: LogIdentity, events: readonly WrittenEvent[]): Promise<Appended> {
    checkSameIdentity(archived.identity, identity);
    const known = await archived.known(events.map(({ eventId }) => eventId));
    const late = events.find(({ eventId }) => !known.has(eventId));
    if (late === undefined) return { tip: archived.tip, appended: 0, writes: [] };
    reportLate(this.#deps.runtime.log, identity.sessionId, late, null);
    throw lateEvent(late, archived.tip.lastSeq);
  }
}

/** A session's log while it is in storage, with its timers. */
export class StoredSession implements LogEvents {
  readonly log: SessionLog;
  readonly late: LateEvents;
  readonly carriers: readonly Carrier[];
  readonly #deps: SessionEventsDeps;
  readonly #scheduler: Scheduler;
  readonly #drained: () => boolean;
  readonly #lane: WritesLane;
  /** Not persisted: the index lies in the archive and was read back. */
  #archived = false;

  constructor(deps: SessionEventsDeps, scheduler: Scheduler, drained: () => boolean) {
    this.#deps = deps;
    this.#scheduler = scheduler;
    this.#drained = drained;
    const { runtime, limits, project, projectToLinear } = deps;
    const { storage } = runtime;
    this.log = new SessionLog({ storage, objectName: deps.objectName, now: runtime.now, ...(limits === undefined ? {} : { limits }) });
    this.late = new LateEvents(storage);
    const identity = (): LogIdentity | null => this.log.identity();
    this.#lane = new WritesLane({ ...runtime, identity, appendWrites: deps.appendWrites });
    const hints = ({ receiver, send }: Pick<ProjectionHintsDeps, "receiver" | "send">): ProjectionHints =>
      new ProjectionHints({ ...runtime, identity, tip: () => this.log.tip(), receiver, send });
    this.carriers = [
      this.#lane,
      hints({ receiver: READ_MODEL, send: project }),
      ...(projectToLinear === undefined ? [] : [hints({ receiver: LINEAR, send: projectToLinear })]),
    ];
    scheduler.on(ARCHIVE_TIMER, ({ signal }) => this.#archive(signal), { timeoutMs: ARCHIVE_TIMEOUT_MS, dueAt: () => this.#archiveDueAt() });
  }

  tip(): LogTip {
    return this.log.tip();
  }

  pageAfter(after: number, bounds: PageBounds): LogPage {
    return this.log.pageAfter(after, bounds);
  }

  spent(): boolean {
    return this.#archived;
  }

  /** Called after a commit that appended; in its turn. */
  committed(writes: readonly StoredWrite[]): void {
    this.#lane.added(writes);
    const due = this.#archiveDueAt();
    if (due !== null) this.#deps.runtime.background(this.#scheduler.scheduleBy(ARCHIVE_TIMER, due));
  }

  #archiveDueAt(): number | null {
    const closedAt = this.log.closedAt();
    return closedAt === null ? null : closedAt + (this.#deps.archiveAfterMs ?? ARCHIVE_AFTER_MS);
  }

  async #archive(signal: AbortSignal): Promise<void> {
    const identity = this.log.identity();
    if (identity === null || this.log.closedAt() === null) return;
    const { runtime, bucket, archivePage } = this.#deps;
    const archiving: ArchivingDeps = {
      storage: runtime.storage,
      bucket,
      log: this.log,
      late: this.late,
      ...(archivePage === undefined ? {} : { page: archivePage }),
    };
    await archivePages(archiving, identity, signal);
    if (this.#drained()) {
      await archiveIndex(archiving, identity);
      this.#archived = true;
    }
    // The timer stays until the storage goes with it, so that a crash before that comes back here.
    await this.#scheduler.schedule(ARCHIVE_TIMER, runtime.now() + ARCHIVE_AGAIN_MS);
  }
}
