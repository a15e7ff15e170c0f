/** An org's knowing-state as a Durable Object: single writer, group commit, retrieval that fails closed. */
import { DurableObject } from "cloudflare:workers";
import { BEAD_GRAPH_MIGRATIONS, BeadGraph } from "@factory/bead-graph";
import type { Written } from "@factory/bead-graph";
import { answered, consoleLog, GroupCommit, migrate, objectHealth } from "@factory/durable";
import type { Log } from "@factory/durable";
import type { Autonomy, Result } from "@factory/schemas";
import type {
  BeadGraphRpc,
  BeadLine,
  KnowingState,
  KnowingStateBead,
  KnowingStateSnapshot,
  ObjectHealth,
  ObjectHealthRpc,
  RetrievalFence,
} from "@factory/schemas/rpc";
import { ownOrg } from "./own-org.ts";

/** Bead graph of one org; named by `objectName.beadGraph`. */
export class BeadGraphDO extends DurableObject<Env> implements BeadGraphRpc, ObjectHealthRpc {
  readonly #log: Log = consoleLog();
  readonly #org: string;
  readonly #graph: BeadGraph;
  readonly #writes: GroupCommit<() => unknown, unknown>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#org = ownOrg(ctx.id.name, "beads");
    void ctx.blockConcurrencyWhile(async () => void migrate(ctx.storage, BEAD_GRAPH_MIGRATIONS));
    this.#graph = new BeadGraph({ storage: ctx.storage, org: this.#org, now: Date.now, log: this.#log });
    this.#writes = new GroupCommit<() => unknown, unknown>({ storage: ctx.storage, apply: (write) => write(), log: this.#log });
  }

  async write(bead: KnowingStateBead, actorId: string, sessionId: string, fence?: RetrievalFence): Promise<Result<Written>> {
    return this.#answer("write", { bead: bead.id, session: sessionId }, () => this.#commit(() => this.#graph.write(bead, actorId, sessionId, fence)));
  }

  async writeAll(beads: readonly KnowingStateBead[], actorId: string, sessionId: string): Promise<Result<{ beadIds: string[] }>> {
    return this.#answer("write-all", { session: sessionId }, async () => {
      const written = await this.#commit(() => this.#graph.writeAll(beads, actorId, sessionId));
      return { beadIds: written.map(({ beadId }) => beadId) };
    });
  }

  async get(id: string): Promise<KnowingStateBead | null> {
    return this.#graph.get(id);
  }

  async heads(role: string, subjectId: string): Promise<string> {
    return this.#graph.heads(role, subjectId);
  }

  async snapshot(role: string, subjectId: string): Promise<KnowingStateSnapshot> {
    return this.#graph.snapshot(role, subjectId);
  }

  async retrieve(role: string, subjectId: string, sessionAutonomy: Autonomy): Promise<KnowingState> {
    return this.#graph.retrieve(role, subjectId, sessionAutonomy);
  }

  async tip(line: BeadLine): Promise<KnowingStateBead | null> {
    return this.#graph.tip(line);
  }

  async history(line: BeadLine, limit?: number, beforeId?: string): Promise<KnowingStateBead[]> {
    return this.#graph.history(line, limit, beforeId);
  }

  async openAmendments(targetId?: string, limit?: number): Promise<KnowingStateBead[]> {
    return this.#graph.openAmendments(targetId, limit);
  }

  async openEscalations(limit?: number): Promise<KnowingStateBead[]> {
    return this.#graph.openEscalations(limit);
  }

  async bootstrap(beads: readonly KnowingStateBead[]): Promise<Result<{ written: number }>> {
    return this.#answer("bootstrap", {}, async () => ({ written: this.#graph.bootstrap(beads) }));
  }

  async objectHealth(): Promise<ObjectHealth> {
    return objectHealth(this.ctx.storage);
  }

  #commit<T>(write: () => T): Promise<T> {
    // The cast holds: a commit answers each of its writes with what that write gave.
    return this.#writes.submit(write) as Promise<T>;
  }

  #answer<T extends object>(verb: string, ids: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<Result<T>> {
    return answered(this.#log, Date.now, { op: `bead-graph.${verb}`, ids: { org: this.#org, ...ids } }, work);
  }
}
