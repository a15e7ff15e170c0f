/** A Durable Object with every part of the package, for tests on the real runtime. */
import { DurableObject } from "cloudflare:workers";
import { consoleLog, GroupCommit, Inbox, migrate, Outbox, Scheduler } from "../index.ts";
import type { Effect, Migration } from "../index.ts";

const MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-probe",
    statements: ["CREATE TABLE notes (seq INTEGER PRIMARY KEY, note TEXT NOT NULL UNIQUE) STRICT", "CREATE TABLE ticks (name TEXT NOT NULL) STRICT"],
  },
];

/** Bindings of the probe's Worker. */
export interface ProbeEnv {
  readonly PROBE: DurableObjectNamespace<ProbeDO>;
}

/** Sends notes to its peers through its outbox and keeps those that it receives. */
export class ProbeDO extends DurableObject<ProbeEnv> {
  readonly scheduler: Scheduler;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly #notes: GroupCommit<string, number>;

  constructor(ctx: DurableObjectState, env: ProbeEnv) {
    super(ctx, env);
    const shared = { storage: ctx.storage, log: consoleLog(), now: Date.now, random: Math.random };
    migrate(ctx.storage, MIGRATIONS);
    this.inbox = new Inbox({ storage: ctx.storage });
    this.scheduler = new Scheduler({ ...shared, timer: ctx.storage });
    this.outbox = new Outbox({
      ...shared,
      scheduler: this.scheduler,
      deliver: async (target, effects) => {
        await env.PROBE.getByName(target).receive(effects.map(({ effectId, payload }) => ({ effectId, payload: String(payload) })));
        return { ok: true };
      },
      onParked: ({ effectId }) => this.#note(`parked ${effectId}`),
    });
    this.scheduler.on("tick", ({ name }) => void ctx.storage.sql.exec("INSERT INTO ticks VALUES (?)", name));
    this.#notes = new GroupCommit({ storage: ctx.storage, apply: (note) => this.#note(note), log: shared.log });
    void ctx.blockConcurrencyWhile(() => this.scheduler.rearm());
  }

  override async alarm(): Promise<void> {
    await this.scheduler.onAlarm(Date.now());
  }

  /** Keeps the notes that are new. */
  async receive(effects: readonly (Effect & { readonly payload: string })[]): Promise<void> {
    for (const { effectId, payload } of effects) this.inbox.once(effectId, () => this.#note(payload));
  }

  /** Keeps a note together with the calls that arrive with it. */
  async keep(note: string): Promise<number> {
    return this.#notes.submit(note);
  }

  /** Keeps a note and sends it to another probe. */
  async send(target: string, note: string): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      this.#note(`sent ${note}`);
      this.outbox.enqueue({ effectId: `e-${note}`, lane: target, target, payload: note });
    });
    await this.outbox.poke();
  }

  /** The notes in order of arrival. */
  async notes(): Promise<string[]> {
    return this.ctx.storage.sql
      .exec<{ note: string }>("SELECT note FROM notes ORDER BY seq")
      .toArray()
      .map(({ note }) => note);
  }

  #note(note: string): number {
    return this.ctx.storage.sql.exec<{ seq: number }>("INSERT INTO notes (note) VALUES (?) RETURNING seq", note).one().seq;
  }
}
