/** The log of one session as a Durable Object: single writer, group commit, live readers. */
import { DurableObject } from "cloudflare:workers";
import { answered, consoleLog, GroupCommit, migrate, startRealTimeout } from "@factory/durable";
import type { Log } from "@factory/durable";
import type { EventWrite, Result, SessionEvent } from "@factory/schemas";
import type { LogIdentity, LogTip, SessionLogRpc } from "@factory/schemas/rpc";
import { checkedEvents } from "./checked-events.ts";
import { LiveTail } from "./live-tail.ts";
import { checkCursor, SESSION_LOG_MIGRATIONS, SessionLog } from "./session-log.ts";

type AppendCall = { readonly identity: LogIdentity; readonly events: readonly EventWrite[] };
type Appended = { readonly tip: LogTip; readonly appended: number };

/** Event log of one session; named by `objectName.sessionLog`. */
export class SubscriptionBufferDO extends DurableObject<Env> implements SessionLogRpc {
  readonly #journal: Log = consoleLog();
  readonly #log: SessionLog;
  readonly #tail: LiveTail;
  readonly #appends: GroupCommit<AppendCall, Appended>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(async () => void migrate(ctx.storage, SESSION_LOG_MIGRATIONS));
    this.#log = new SessionLog({ storage: ctx.storage, objectName: ctx.id.name });
    this.#tail = new LiveTail({
      page: (after, bounds) => this.#log.pageAfter(after, bounds),
      durable: () => ctx.storage.sync(),
      startTimeout: startRealTimeout,
    });
    this.#appends = new GroupCommit<AppendCall, Appended>({
      storage: ctx.storage,
      apply: ({ identity, events }) => this.#log.append(identity, events),
      onCommitted: (outs) => {
        if (outs.some(({ appended }) => appended > 0)) this.#tail.wake();
      },
      log: this.#journal,
    });
  }

  async append(identity: LogIdentity, events: readonly EventWrite[]): Promise<Result<Appended>> {
    const ids = { org: identity.org, session: identity.sessionId };
    return answered(this.#journal, Date.now, { op: "log.append", ids }, async () => this.#appends.submit({ identity, events: checkedEvents(events) }));
  }

  async read(after: number, limit: number): Promise<{ events: SessionEvent[]; tip: LogTip }> {
    return this.#log.read(after, limit);
  }

  async subscribe(after: number): Promise<ReadableStream<Uint8Array>> {
    checkCursor(after);
    return this.#tail.open(after);
  }

  async tip(): Promise<LogTip> {
    return this.#log.tip();
  }
}
