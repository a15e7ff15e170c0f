/** What governs the clinic's agents, on this object's SQLite: the kernel's bead graph as it is. */
import { DurableObject } from "cloudflare:workers";
import { BEAD_GRAPH_MIGRATIONS, BeadGraph } from "@factory/bead-graph";
import { answered, consoleLog, migrate } from "@factory/durable";
import { FactoryError, parseObjectName } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import type { BeadGraphRpc, BeadLine, KnowingStateBead, KnowingStateSnapshot, RetrievalFence } from "@factory/schemas/rpc";

/** The methods the clinic uses. */
type Knowing = Pick<BeadGraphRpc, "write" | "writeAll" | "get" | "heads" | "snapshot" | "tip" | "history" | "openAmendments" | "bootstrap">;

/** Bead graph of one clinic; named by `objectName.beadGraph`. */
export class ClinicKnowingDO extends DurableObject implements Knowing {
  readonly #log = consoleLog();
  readonly #graph: BeadGraph;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    const name = parseObjectName(ctx.id.name ?? "");
    if (name?.kind !== "beads") throw new FactoryError("INTEGRITY", "A clinic's knowing-state is reached by its name.");
    void ctx.blockConcurrencyWhile(async () => void migrate(ctx.storage, BEAD_GRAPH_MIGRATIONS));
    this.#graph = new BeadGraph({ storage: ctx.storage, org: name.org, now: Date.now, log: this.#log });
  }

  async write(bead: KnowingStateBead, actorId: string, sessionId: string, fence?: RetrievalFence): Promise<Result<{ beadId: string; auditBeadId: string }>> {
    return this.#answer("write", async () => this.#graph.write(bead, actorId, sessionId, fence));
  }

  async writeAll(beads: readonly KnowingStateBead[], actorId: string, sessionId: string): Promise<Result<{ beadIds: string[] }>> {
    return this.#answer("write-all", async () => ({ beadIds: this.#graph.writeAll(beads, actorId, sessionId).map(({ beadId }) => beadId) }));
  }

  async bootstrap(beads: readonly KnowingStateBead[]): Promise<Result<{ written: number }>> {
    return this.#answer("bootstrap", async () => ({ written: this.#graph.bootstrap(beads) }));
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

  async tip(line: BeadLine): Promise<KnowingStateBead | null> {
    return this.#graph.tip(line);
  }

  async history(line: BeadLine, limit?: number, beforeId?: string): Promise<KnowingStateBead[]> {
    return this.#graph.history(line, limit, beforeId);
  }

  async openAmendments(targetId?: string, limit?: number): Promise<KnowingStateBead[]> {
    return this.#graph.openAmendments(targetId, limit);
  }

  #answer<T extends object>(verb: string, work: () => Promise<T>): Promise<Result<T>> {
    return answered(this.#log, Date.now, { op: `clinic-knowing.${verb}`, ids: {} }, work);
  }
}
