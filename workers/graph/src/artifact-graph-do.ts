/** The lineage of an org's assembly as a Durable Object: single writer, group commit, bounded reads. */
import { DurableObject } from "cloudflare:workers";
import { ARTIFACT_GRAPH_MIGRATIONS, ArtifactGraph, NAMESPACE_COMPONENT, namespaceMigrations } from "@factory/artifact-graph";
import { answered, consoleLog, GroupCommit, migrate, objectHealth } from "@factory/durable";
import type { Log } from "@factory/durable";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import type { ArtifactEdge, ArtifactNode, Result } from "@factory/schemas";
import type {
  ArtifactGraphRpc,
  Direction,
  HypothesisQuery,
  HypothesisRow,
  LineagePath,
  ObjectHealth,
  ObjectHealthRpc,
  PathStep,
  StoredEdge,
  StoredNode,
  Subgraph,
  WalkBounds,
} from "@factory/schemas/rpc";
import { ownNamespace } from "./own-namespace.ts";
import type { OwnNamespace } from "./own-namespace.ts";

type AppendCall = { readonly nodes: readonly ArtifactNode[]; readonly edges: readonly ArtifactEdge[] };

/** Artifact graph of one org and assembly, or of an org's sources; named by `objectName.artifactGraph` or `objectName.sourceGraph`. */
export class ArtifactGraphDO extends DurableObject<Env> implements ArtifactGraphRpc, ObjectHealthRpc {
  readonly #log: Log = consoleLog();
  readonly #own: OwnNamespace;
  readonly #graph: ArtifactGraph;
  readonly #appends: GroupCommit<AppendCall, number>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const own = ownNamespace(ctx.id.name);
    this.#own = own;
    void ctx.blockConcurrencyWhile(async () => {
      migrate(ctx.storage, ARTIFACT_GRAPH_MIGRATIONS);
      migrate(ctx.storage, namespaceMigrations(own.namespace), NAMESPACE_COMPONENT);
    });
    this.#graph = new ArtifactGraph({
      storage: ctx.storage,
      namespace: own.namespace,
      registry: FACTORY_REGISTRY,
      verifyId: factoryIds(own.org),
      now: Date.now,
    });
    this.#appends = new GroupCommit<AppendCall, number>({
      storage: ctx.storage,
      apply: ({ nodes, edges }) => this.#graph.append(nodes, edges),
      log: this.#log,
    });
  }

  async append(nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): Promise<Result<{ written: number }>> {
    return this.#answer("append", {}, async () => ({ written: await this.#appends.submit({ nodes, edges }) }));
  }

  async get(id: string): Promise<StoredNode | null> {
    return this.#graph.get(id);
  }

  async getMany(ids: readonly string[]): Promise<Result<{ nodes: StoredNode[] }>> {
    return this.#answer("get-many", {}, async () => ({ nodes: this.#graph.getMany(ids) }));
  }

  async edgesOf(id: string): Promise<{ out: StoredEdge[]; in: StoredEdge[] }> {
    return this.#graph.edgesOf(id);
  }

  async why(id: string, bounds?: WalkBounds): Promise<Result<Subgraph>> {
    return this.#answer("why", { id }, async () => this.#graph.why(id, bounds));
  }

  async impact(id: string, bounds?: WalkBounds): Promise<Result<Subgraph>> {
    return this.#answer("impact", { id }, async () => this.#graph.impact(id, bounds));
  }

  async walkLineage(id: string, rel: string, direction: Direction, bounds?: WalkBounds): Promise<Result<Subgraph>> {
    return this.#answer("walk-lineage", { id }, async () => this.#graph.walkLineage(id, rel, direction, bounds));
  }

  async collectLineage(id: string, rel: string, bounds?: WalkBounds): Promise<Result<Subgraph>> {
    return this.#answer("collect-lineage", { id }, async () => this.#graph.collectLineage(id, rel, bounds));
  }

  async boundedPath(id: string, steps: readonly PathStep[], limit?: number): Promise<Result<{ paths: LineagePath[]; truncated: boolean }>> {
    return this.#answer("bounded-path", { id }, async () => this.#graph.boundedPath(id, steps, limit));
  }

  async byType(type: string, limit: number, afterId?: string): Promise<StoredNode[]> {
    return this.#graph.byType(type, limit, afterId);
  }

  async hypotheses(query: HypothesisQuery): Promise<Result<{ hypotheses: HypothesisRow[] }>> {
    return this.#answer("hypotheses", {}, async () => ({ hypotheses: this.#graph.hypotheses(query) }));
  }

  async surface(hypothesisId: string, cycle: string, surfacedTo: string): Promise<Result<{ cycles: number }>> {
    return this.#answer("surface", { id: hypothesisId }, async () => ({ cycles: this.#graph.surface(hypothesisId, cycle, surfacedTo) }));
  }

  async getActiveSpecification(domain: string): Promise<StoredNode | null> {
    return this.#graph.activeSpecification(domain);
  }

  async activeSpecifications(limit?: number): Promise<StoredNode[]> {
    return this.#graph.activeSpecifications(limit);
  }

  async objectHealth(): Promise<ObjectHealth> {
    return objectHealth(this.ctx.storage);
  }

  #answer<T extends object>(verb: string, ids: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<Result<T>> {
    return answered(this.#log, Date.now, { op: `artifact-graph.${verb}`, ids: { ...this.#own, ...ids } }, work);
  }
}
