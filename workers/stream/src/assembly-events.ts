/** The log of one assembly with all that is around it: appends of its sessions' logs, readers, deliveries, trimming. */
import { answered, GroupCommit } from "@factory/durable";
import type { Scheduler } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import type { AssemblyEvent, LogTip } from "@factory/schemas/rpc";
import type { Bucket } from "./archive.ts";
import { AssemblyLog, KEEP_WRITES_MS } from "./assembly-log.ts";
import type { AssemblyIdentity } from "./assembly-log.ts";
import { carriedEvents } from "./carried-events.ts";
import type { CarriedEvent } from "./carried-events.ts";
import type { Carrier } from "./carrier.ts";
import { EventLog } from "./event-log.ts";
import type { LogEvents, LogRuntime, MovedLog } from "./event-log.ts";
import { eventsOf, READ_PAGE_BYTES } from "./log-lines.ts";
import type { LogPage, PageBounds } from "./log-lines.ts";

/** What the log of an assembly needs. */
export interface AssemblyEventsDeps {
  readonly runtime: LogRuntime;
  /** Name of the object. */
  readonly objectName: string;
  readonly org: string;
  readonly assemblyId: string;
  readonly bucket: Bucket;
  /** How long a write stays in the object; that of `assembly-log.ts` unless given. */
  readonly keepMs?: number;
  /** Bounds of a trimmed page; those of `assembly-log.ts` unless given. */
  readonly trimPage?: PageBounds;
  /** As of {@link GroupCommit}. */
  readonly defer?: (run: () => void) => void;
}

type WritesCall = { readonly identity: AssemblyIdentity; readonly events: readonly CarriedEvent[] };
type Taken = { readonly tip: LogTip; readonly appended: number };

const TRIM_TIMER = "trim";
/** Well under the 15 minutes of an alarm. */
const TRIM_TIMEOUT_MS = 10 * 60_000;

/** The log of one assembly. */
export class AssemblyEvents {
  readonly #deps: AssemblyEventsDeps;
  readonly #log: EventLog<StoredAssembly, MovedLog>;
  readonly #appends: GroupCommit<WritesCall, Taken>;

  constructor(deps: AssemblyEventsDeps) {
    this.#deps = deps;
    const { runtime, org, assemblyId } = deps;
    this.#log = new EventLog<StoredAssembly, MovedLog>({
      runtime,
      address: { kind: "assembly", org, assemblyId },
      open: (scheduler) => new StoredAssembly(deps, scheduler),
      // An assembly's log is trimmed and never moves.
      findMoved: async () => null,
    });
    this.#appends = new GroupCommit<WritesCall, Taken>({
      storage: runtime.storage,
      apply: ({ identity, events }) => this.#apply(identity, events),
      onUndone: () => this.#log.openedEvents()?.log.forget(),
      onCommitted: (taken) => this.#committed(taken),
      log: runtime.log,
      ...(deps.defer === undefined ? {} : { defer: deps.defer }),
    });
  }

  /** The log's storage, readers and deliveries. */
  get log(): EventLog<StoredAssembly, MovedLog> {
    return this.#log;
  }

  /** As `AssemblyLogRpc.appendWrites`. */
  appendWrites(org: string, assemblyId: string, lines: string): Promise<Result<{ tip: LogTip }>> {
    const { log, now } = this.#deps.runtime;
    return answered(log, now, { op: "log.appendWrites", ids: { org, assembly: assemblyId } }, async () => {
      // Outside the commit: what a refused call rolls back must not be the tables.
      this.#log.opened();
      const events = carriedEvents(lines);
      const { tip } = await this.#appends.submit({ identity: { org, assemblyId }, events });
      return { tip };
    });
  }

  /** As `AssemblyLogRpc.readWrites`. */
  async readWrites(after: number, limit: number): Promise<{ events: AssemblyEvent[]; tip: LogTip }> {
    const page = await this.#log.page(after, { events: limit, bytes: READ_PAGE_BYTES });
    return { events: eventsOf<AssemblyEvent>(page), tip: page.tip };
  }

  #apply(identity: AssemblyIdentity, events: readonly CarriedEvent[]): Taken {
    const stored = this.#log.openedEvents();
    // The last sink of an empty log went between the call and the commit.
    if (stored === undefined) throw new FactoryError("UNAVAILABLE", "The log was put away while the call waited. Send it again.");
    return stored.log.append(identity, events);
  }

  #committed(taken: readonly Taken[]): void {
    if (taken.every(({ appended }) => appended === 0)) return;
    this.#log.stored()?.committed();
    this.#log.committed();
  }
}

/** An assembly's log in storage, with its timer. */
export class StoredAssembly implements LogEvents {
  readonly log: AssemblyLog;
  readonly carriers: readonly Carrier[] = [];
  readonly #deps: AssemblyEventsDeps;
  readonly #scheduler: Scheduler;
  /** Not persisted: whether the timer is known to be set. */
  #trimming = false;

  constructor(deps: AssemblyEventsDeps, scheduler: Scheduler) {
    this.#deps = deps;
    this.#scheduler = scheduler;
    const { runtime, bucket, objectName, keepMs, trimPage } = deps;
    this.log = new AssemblyLog({
      storage: runtime.storage,
      objectName,
      bucket,
      now: runtime.now,
      ...(keepMs === undefined ? {} : { keepMs }),
      ...(trimPage === undefined ? {} : { trimPage }),
    });
    scheduler.on(TRIM_TIMER, ({ signal }) => this.#trim(signal), { timeoutMs: TRIM_TIMEOUT_MS, dueAt: () => this.log.trimDueAt() });
  }

  tip(): LogTip {
    return this.log.tip();
  }

  pageAfter(after: number, bounds: PageBounds): LogPage | Promise<LogPage> {
    return this.log.pageAfter(after, bounds);
  }

  spent(): boolean {
    return false;
  }

  /** Called after a commit that appended; in its turn. */
  committed(): void {
    if (this.#trimming) return;
    this.#trimming = true;
    const { runtime, keepMs } = this.#deps;
    runtime.background(this.#scheduler.scheduleBy(TRIM_TIMER, runtime.now() + (keepMs ?? KEEP_WRITES_MS)));
  }

  async #trim(signal: AbortSignal): Promise<void> {
    this.#trimming = false;
    await this.log.trim(signal);
    const next = this.log.trimDueAt();
    if (next === null) return;
    this.#trimming = true;
    await this.#scheduler.schedule(TRIM_TIMER, next);
  }
}
