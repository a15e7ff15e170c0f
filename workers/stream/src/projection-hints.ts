/** Tells what is made from a session's log that it has grown: `(session, fromSeq, toSeq)`, coalesced, until the queue has taken it. */
import type { StoragePort } from "@factory/durable";
import type { LogIdentity, LogTip, ProjectionMessage } from "@factory/schemas/rpc";
import type { Carrier } from "./carrier.ts";
import { Pump } from "./pump.ts";
import type { Delivery, PumpSurroundings } from "./pump.ts";

/** Who is told: the table that has the cursor, and the name of the delivery in the log. */
export type HintReceiver = { readonly table: "log_projected" | "log_projected_to_linear"; readonly op: string };

/** The read model. */
export const READ_MODEL: HintReceiver = { table: "log_projected", op: "log.project" };
/** What is shown in Linear. */
export const LINEAR: HintReceiver = { table: "log_projected_to_linear", op: "log.projectToLinear" };

/** What the hints need. */
export interface ProjectionHintsDeps extends PumpSurroundings {
  readonly receiver: HintReceiver;
  readonly storage: StoragePort;
  readonly identity: () => LogIdentity | null;
  readonly tip: () => LogTip;
  readonly send: (message: ProjectionMessage) => Promise<void>;
}

/** Shortest time between two messages of a session to one receiver, in milliseconds; the message of the terminal event waits for none. */
export const HINT_WINDOW_MS = 250;

/** The messages of one session to one receiver. */
export class ProjectionHints implements Carrier {
  readonly #deps: ProjectionHintsDeps;
  readonly #pump: Pump;
  /** Not persisted: up to where the queue knows. */
  #sent: number;
  /** The same in the row. */
  #stored: number;
  /** Not persisted: when the last message left; a new incarnation may send one early. */
  #sentAt = Number.NEGATIVE_INFINITY;
  /** Not persisted: stops the wait for the window's end. */
  #stopWindow: (() => void) | undefined;

  constructor(deps: ProjectionHintsDeps) {
    this.#deps = deps;
    this.#sent = deps.storage.sql.exec<{ seq: number }>(`SELECT seq FROM ${deps.receiver.table}`).toArray()[0]?.seq ?? 0;
    this.#stored = this.#sent;
    this.#pump = new Pump({ ...deps, op: deps.receiver.op, ids: () => ({ session: deps.identity()?.sessionId ?? "" }), next: () => this.#next() });
  }

  kick(): void {
    this.#pump.kick();
  }

  settle(): void {
    if (this.#sent === this.#stored) return;
    const { storage, receiver } = this.#deps;
    storage.sql.exec(`INSERT INTO ${receiver.table} (only, seq) VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET seq = excluded.seq`, this.#sent);
    this.#stored = this.#sent;
  }

  dueAt(): number | null {
    return this.#deps.tip().lastSeq > this.#sent ? this.#pump.dueAt : null;
  }

  idle(): Promise<void> {
    return this.#pump.idle();
  }

  stop(): void {
    this.#endWindow();
    this.#pump.stop();
  }

  #next(): Delivery | null {
    const tip = this.#deps.tip();
    if (tip.lastSeq <= this.#sent) return null;
    const waitMs = tip.closed ? 0 : this.#sentAt + HINT_WINDOW_MS - this.#deps.now();
    if (waitMs <= 0) return () => this.#send();
    this.#stopWindow ??= this.#deps.startTimeout(waitMs, () => {
      this.#stopWindow = undefined;
      this.#pump.kick();
    });
    return null;
  }

  async #send(): Promise<void> {
    this.#endWindow();
    const identity = this.#deps.identity();
    if (identity === null) return;
    const toSeq = this.#deps.tip().lastSeq;
    this.#sentAt = this.#deps.now();
    await this.#deps.send({ org: identity.org, sessionId: identity.sessionId, fromSeq: this.#sent + 1, toSeq });
    this.#sent = Math.max(this.#sent, toSeq);
  }

  #endWindow(): void {
    this.#stopWindow?.();
    this.#stopWindow = undefined;
  }
}
