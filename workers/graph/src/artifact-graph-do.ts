/** The lineage of an org's assembly as a Durable Object: single writer, group commit, bounded reads. */
import { DurableObject } from "cloudflare:workers";
import { ARTIFACT_GRAPH_MIGRATIONS, ArtifactGraph } from "@factory/artifact-graph";
import { answered, consoleLog, GroupCommit, migrate } from "@factory/durable";
import type { Log } from "@factory/durable";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import type { ArtifactEdge, ArtifactNode, Result } from "@factory/schemas";
import type { ArtifactGraphRpc, StoredEdge, StoredNode, Subgraph } from "@factory/schemas/rpc";
import { ownOrg } from "./own-org.ts";

type AppendCall = { readonly namespace: string; readonly nodes: readonly ArtifactNode[]; readonly edges: readonly ArtifactEdge[] };

/** Artifact graph of one org and assembly; named by `objectName.artifactGraph`. */
export class ArtifactGraphDO extends DurableObject<Env> implements ArtifactGraphRpc {
  readonly #log: Log = consoleLog();
  readonly #org: string;
  readonly #graph: ArtifactGraph;
  readonly #appends: GroupCommit<AppendCall, number>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#org = ownOrg(ctx.id.name, "artifacts");
    void ctx.blockConcurrencyWhile(async () => void migrate(ctx.storage, ARTIFACT_GRAPH_MIGRATIONS));
    this.#graph = new ArtifactGraph({ storage: ctx.storage, registry: FACTORY_REGISTRY, verifyId: factoryIds(this.#org), now: Date.now });
    this.#appends = new GroupCommit<AppendCall, number>({
      storage: ctx.storage,
      apply: ({ namespace, nodes, edges }) => this.#graph.append(namespace, nodes, edges),
      log: this.#log,
    });
  }

  async append(namespace: string, nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): Promise<Result<{ written: number }>> {
    return this.#answer("append", { namespace }, async () => ({ written: await this.#appends.submit({ namespace, nodes, edges }) }));
  }

  async get(id: string): Promise<StoredNode | null> {
    return this.#graph.get(id);
  }

  async edgesOf(id: string): Promise<{ out: StoredEdge[]; in: StoredEdge[] }> {
    return this.#graph.edgesOf(id);
  }

  async why(id: string, limit?: number): Promise<Result<Subgraph>> {
    return this.#answer("why", { id }, async () => this.#graph.why(id, limit));
  }

  async impact(id: string, limit?: number): Promise<Result<Subgraph>> {
    return this.#answer("impact", { id }, async () => this.#graph.impact(id, limit));
  }

  async byType(namespace: string, type: string, limit: number, afterId?: string): Promise<StoredNode[]> {
    return this.#graph.byType(namespace, type, limit, afterId);
  }

  async getActiveSpecification(assembly: string, domain: string): Promise<StoredNode | null> {
    return this.#graph.activeSpecification(domain, { assembly });
  }

  #answer<T extends object>(verb: string, ids: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<Result<T>> {
    return answered(this.#log, Date.now, { op: `artifact-graph.${verb}`, ids: { org: this.#org, ...ids } }, work);
  }
}
