/** What happened on a ward and why, on this object's SQLite: the kernel's artifact graph with the clinic's registry. */
import { DurableObject } from "cloudflare:workers";
import { ARTIFACT_GRAPH_MIGRATIONS, ArtifactGraph } from "@factory/artifact-graph";
import { answered, consoleLog, migrate } from "@factory/durable";
import { FactoryError, parseObjectName } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, Result } from "@factory/schemas";
import type { ArtifactGraphRpc, StoredEdge, StoredNode, Subgraph, WalkBounds } from "@factory/schemas/rpc";
import { CLINIC_REGISTRY, clinicIds } from "./clinic-registry.ts";

/** The methods the clinic uses. */
type Lineage = Pick<ArtifactGraphRpc, "append" | "get" | "getMany" | "edgesOf" | "getActiveSpecification" | "why">;

/** Artifact graph of one ward; named by `objectName.artifactGraph` with the ward as the assembly. */
export class ClinicLineageDO extends DurableObject implements Lineage {
  readonly #log = consoleLog();
  readonly #graph: ArtifactGraph;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    const name = parseObjectName(ctx.id.name ?? "");
    const [ward] = name?.rest ?? [];
    if (name?.kind !== "artifacts" || ward === undefined) throw new FactoryError("INTEGRITY", "A ward's lineage is reached by its name.");
    void ctx.blockConcurrencyWhile(async () => void migrate(ctx.storage, ARTIFACT_GRAPH_MIGRATIONS));
    this.#graph = new ArtifactGraph({ storage: ctx.storage, namespace: ward, registry: CLINIC_REGISTRY, verifyId: clinicIds(name.org), now: Date.now });
  }

  async append(nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): Promise<Result<{ written: number }>> {
    return this.#answer("append", async () => ({ written: this.#graph.append(nodes, edges) }));
  }

  async get(id: string): Promise<StoredNode | null> {
    return this.#graph.get(id);
  }

  async getMany(ids: readonly string[]): Promise<Result<{ nodes: StoredNode[] }>> {
    return this.#answer("get-many", async () => ({ nodes: this.#graph.getMany(ids) }));
  }

  async edgesOf(id: string): Promise<{ out: StoredEdge[]; in: StoredEdge[] }> {
    return this.#graph.edgesOf(id);
  }

  async getActiveSpecification(domain: string): Promise<StoredNode | null> {
    return this.#graph.activeSpecification(domain);
  }

  async why(id: string, bounds?: WalkBounds): Promise<Result<Subgraph>> {
    return this.#answer("why", async () => this.#graph.why(id, bounds));
  }

  #answer<T extends object>(verb: string, work: () => Promise<T>): Promise<Result<T>> {
    return answered(this.#log, Date.now, { op: `clinic-lineage.${verb}`, ids: {} }, work);
  }
}
