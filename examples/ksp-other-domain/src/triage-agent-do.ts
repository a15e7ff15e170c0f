/** The triage agent of one visit: its memory, its knowing-state session and the journal of its loop are this object's SQLite. */
import { DurableObject } from "cloudflare:workers";
import { answered, consoleLog, migrate } from "@factory/durable";
import { KnowingStateSdk, KSP_SESSIONS_COMPONENT, KSP_SESSIONS_MIGRATIONS, kvSnapshots, sqlSessions } from "@factory/ksp-sdk";
import { BRIDGE_JOURNAL_MIGRATION, LoopClosure, sqlJournal } from "@factory/loop-closure";
import { FactoryError, parseObjectName } from "@factory/schemas";
import type { Autonomy, Result } from "@factory/schemas";
import { artifactGraphOf, beadGraphOf } from "@factory/schemas/rpc";
import type { Category, Finding, Vitals } from "./protocol.ts";
import { TriageVisit } from "./triage-visit.ts";
import type { Decided, Proposed, Waiting } from "./triage-visit.ts";
import { VISIT_MIGRATIONS, VisitStore } from "./visit-store.ts";
import type { Intake } from "./visit-store.ts";

/** One agent; named by `triageAgentName`. */
export class TriageAgentDO extends DurableObject {
  readonly #log = consoleLog();
  readonly #visit: TriageVisit;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    const name = parseObjectName(ctx.id.name ?? "");
    const [ward, visitId] = name?.rest ?? [];
    if (name?.kind !== "triage" || ward === undefined || visitId === undefined) throw new FactoryError("INTEGRITY", "A triage agent is reached by its visit.");
    const clinic = name.org;
    void ctx.blockConcurrencyWhile(async () => {
      migrate(ctx.storage, VISIT_MIGRATIONS);
      migrate(ctx.storage, KSP_SESSIONS_MIGRATIONS, KSP_SESSIONS_COMPONENT);
      migrate(ctx.storage, [BRIDGE_JOURNAL_MIGRATION], "bridge-journal");
    });
    const shared = { org: clinic, beads: beadGraphOf(env, clinic), now: Date.now, log: this.#log };
    const lineage = artifactGraphOf(env, clinic, ward);
    const sdk = new KnowingStateSdk({
      ...shared,
      snapshots: kvSnapshots(env.SNAPSHOTS),
      sessions: sqlSessions(ctx.storage),
      waitUntil: (work) => ctx.waitUntil(work),
    });
    const loop = new LoopClosure({ ...shared, graph: lineage, knowing: sdk, journal: sqlJournal(ctx.storage) });
    const monitor = { read: async (): Promise<Vitals> => await env.MONITORS.getByName(visitId).read() };
    this.#visit = new TriageVisit({ clinic, visitId, sdk, loop, lineage, monitor, visits: new VisitStore(ctx.storage) });
  }

  async receive(intake: Intake): Promise<Result<{ level: Autonomy; protocolId: string }>> {
    return this.#answer("receive", () => this.#visit.receive(intake));
  }

  async reconsider(): Promise<Result<{ level: Autonomy }>> {
    return this.#answer("reconsider", () => this.#visit.reconsider());
  }

  async observe(): Promise<Result<{ vitals: Vitals }>> {
    return this.#answer("observe", async () => ({ vitals: await this.#visit.observe() }));
  }

  async assess(): Promise<Result<Category>> {
    return this.#answer("assess", () => this.#visit.assess());
  }

  async refer(confirmedBy?: string): Promise<Result<{ referralId: string }>> {
    return this.#answer("refer", () => this.#visit.refer(confirmedBy));
  }

  async conclude(finding: Finding): Promise<Result<{ divergences: readonly string[]; proposed: Proposed[] }>> {
    return this.#answer("conclude", () => this.#visit.conclude(finding));
  }

  async waiting(): Promise<Result<{ amendments: Waiting[] }>> {
    return this.#answer("waiting", async () => ({ amendments: await this.#visit.waiting() }));
  }

  async decide(proposed: Proposed, personId: string): Promise<Result<Decided>> {
    return this.#answer("decide", () => this.#visit.decide(proposed, personId));
  }

  async leave(): Promise<Result> {
    return this.#answer("leave", async () => {
      await this.#visit.leave();
      return {};
    });
  }

  #answer<T extends object>(verb: string, work: () => Promise<T>): Promise<Result<T>> {
    return answered(this.#log, Date.now, { op: `triage.${verb}`, ids: {} }, work);
  }
}
