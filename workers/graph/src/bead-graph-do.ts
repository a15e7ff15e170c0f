/** An org's knowing-state as a Durable Object: single writer, group commit, retrieval that fails closed. */
import { DurableObject } from "cloudflare:workers";
import { BEAD_GRAPH_MIGRATIONS, BeadGraph } from "@factory/bead-graph";
import { answered, consoleLog, GroupCommit, migrate } from "@factory/durable";
import type { Log } from "@factory/durable";
import type { Autonomy, Result } from "@factory/schemas";
import type { BeadGraphRpc, KnowingState, KnowingStateBead } from "@factory/schemas/rpc";
import { ownOrg } from "./own-org.ts";

type Written = { readonly beadId: string; readonly auditBeadId: string };
type WriteCall = { readonly bead: KnowingStateBead; readonly actorId: string; readonly sessionId: string };

/** Bead graph of one org; named by `objectName.beadGraph`. */
export class BeadGraphDO extends DurableObject<Env> implements BeadGraphRpc {
  readonly #log: Log = consoleLog();
  readonly #org: string;
  readonly #graph: BeadGraph;
  readonly #writes: GroupCommit<WriteCall, Written>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#org = ownOrg(ctx.id.name, "beads");
    void ctx.blockConcurrencyWhile(async () => void migrate(ctx.storage, BEAD_GRAPH_MIGRATIONS));
    this.#graph = new BeadGraph({ storage: ctx.storage, org: this.#org, now: Date.now, log: this.#log });
    this.#writes = new GroupCommit<WriteCall, Written>({
      storage: ctx.storage,
      apply: ({ bead, actorId, sessionId }) => this.#graph.write(bead, actorId, sessionId),
      log: this.#log,
    });
  }

  async write(bead: KnowingStateBead, actorId: string, sessionId: string): Promise<Result<Written>> {
    return this.#answer("write", { bead: bead.id, session: sessionId }, () => this.#writes.submit({ bead, actorId, sessionId }));
  }

  async get(id: string): Promise<KnowingStateBead | null> {
    return this.#graph.get(id);
  }

  async retrieve(role: string, subjectId: string, sessionAutonomy: Autonomy): Promise<KnowingState> {
    return this.#graph.retrieve(role, subjectId, sessionAutonomy);
  }

  async bootstrap(beads: readonly KnowingStateBead[]): Promise<Result<{ written: number }>> {
    return this.#answer("bootstrap", {}, async () => ({ written: this.#graph.bootstrap(beads) }));
  }

  #answer<T extends object>(verb: string, ids: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<Result<T>> {
    return answered(this.#log, Date.now, { op: `bead-graph.${verb}`, ids: { org: this.#org, ...ids } }, work);
  }
}
