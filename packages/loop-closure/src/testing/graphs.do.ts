/** Both graphs, each in a Durable Object of its own. After a write that is told to, the writer is killed before it has its answer. */
import { DurableObject } from "cloudflare:workers";
import { ArtifactGraph, ARTIFACT_GRAPH_MIGRATIONS } from "@factory/artifact-graph";
import { BEAD_GRAPH_MIGRATIONS, BeadGraph } from "@factory/bead-graph";
import { createLog, migrate } from "@factory/durable";
import type { StoragePort } from "@factory/durable";
import { refusing } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, Result } from "@factory/schemas";
import type { BeadLine, KnowingStateBead, KnowingStateSnapshot, RetrievalFence, StoredEdge, StoredNode } from "@factory/schemas/rpc";
import type { ProbeEnv } from "./probe-env.ts";
import { aProtocol, firstBeads, ORG, WARD_REGISTRY, wardIds } from "./ward.ts";

/** Rows of a table, as text: what a test compares. */
export type Dump = { readonly foreignKeys: number; readonly rows: readonly string[] };

function dump(storage: StoragePort, queries: readonly string[]): Dump {
  const [pragma] = storage.sql.exec<{ foreign_keys: number }>("PRAGMA foreign_keys").toArray();
  return { foreignKeys: pragma?.foreign_keys ?? 0, rows: queries.flatMap((query) => storage.sql.exec(query).toArray()).map((row) => JSON.stringify(row)) };
}

/** An artifact graph with the first protocol in it. */
export class LineageDO extends DurableObject<ProbeEnv> {
  readonly #graph: ArtifactGraph;

  constructor(ctx: DurableObjectState, env: ProbeEnv) {
    super(ctx, env);
    migrate(ctx.storage, ARTIFACT_GRAPH_MIGRATIONS);
    this.#graph = new ArtifactGraph({ storage: ctx.storage, namespace: "ward", registry: WARD_REGISTRY, verifyId: wardIds, now: Date.now });
    const { nodes, edges } = aProtocol();
    this.#graph.append(nodes, edges);
  }

  /** @param killed - name of the bridge that does not live to see the answer */
  async append(nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[], killed?: string): Promise<Result<{ written: number }>> {
    const answer = await refusing(async () => ({ written: this.#graph.append(nodes, edges) }));
    if (killed !== undefined) await kill(this.env, killed);
    return answer;
  }

  async get(id: string): Promise<StoredNode | null> {
    return this.#graph.get(id);
  }

  async getMany(ids: readonly string[]): Promise<Result<{ nodes: StoredNode[] }>> {
    return refusing(async () => ({ nodes: this.#graph.getMany(ids) }));
  }

  async edgesOf(id: string): Promise<{ out: StoredEdge[]; in: StoredEdge[] }> {
    return this.#graph.edgesOf(id);
  }

  async getActiveSpecification(domain: string): Promise<StoredNode | null> {
    return this.#graph.activeSpecification(domain);
  }

  /** Every node and edge, but when it was written. */
  async dump(): Promise<Dump> {
    return dump(this.ctx.storage, [
      "SELECT id, type, namespace, parents, data FROM nodes ORDER BY id",
      "SELECT source, rel, target, props FROM edges ORDER BY source, rel, target",
    ]);
  }
}

/** A bead graph with the ward's first beads in it. */
export class KnowledgeDO extends DurableObject<ProbeEnv> {
  readonly #graph: BeadGraph;
  /** Not persisted: who waits at the barrier. */
  #waiting: (() => void)[] = [];

  constructor(ctx: DurableObjectState, env: ProbeEnv) {
    super(ctx, env);
    migrate(ctx.storage, BEAD_GRAPH_MIGRATIONS);
    this.#graph = new BeadGraph({ storage: ctx.storage, org: ORG, now: Date.now, log: createLog(() => undefined) });
    this.#graph.bootstrap(firstBeads());
  }

  /** @param killed - name of the bridge that does not live to see the answer */
  async write(
    bead: KnowingStateBead,
    actorId: string,
    sessionId: string,
    fence?: RetrievalFence,
    killed?: string,
  ): Promise<Result<{ beadId: string; auditBeadId: string }>> {
    const answer = await refusing(async () => this.#graph.write(bead, actorId, sessionId, fence));
    if (killed !== undefined) await kill(this.env, killed);
    return answer;
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

  /** Answers when so many have arrived. */
  async meet(count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length < count) return;
      for (const release of this.#waiting) release();
      this.#waiting = [];
    });
  }

  /** Every bead and edge, but when it was written. */
  async dump(): Promise<Dump> {
    return dump(this.ctx.storage, [
      "SELECT id, type, supersedes, written_by, parents, content FROM beads ORDER BY id",
      "SELECT child, parent, rel FROM bead_edges ORDER BY child, parent, rel",
    ]);
  }
}

/** What was written is durable before the writer dies: an object's messages wait for its storage. */
async function kill(env: ProbeEnv, bridge: string): Promise<void> {
  const dead = await Promise.allSettled([env.BRIDGES.getByName(bridge).die()]);
  // A call that kills its object never answers; one that answers has killed nobody.
  if (dead[0]?.status !== "rejected") throw new Error(`${bridge} is still alive.`);
}
