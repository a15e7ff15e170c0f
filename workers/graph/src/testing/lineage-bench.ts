/** A lineage of any size on real storage: what an append and the hot reads cost in it, in rows. */
import { DurableObject } from "cloudflare:workers";
import { ARTIFACT_GRAPH_MIGRATIONS, ArtifactGraph } from "@factory/artifact-graph";
import { migrate } from "@factory/durable";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import { artifactNode } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import { CountingStorage } from "./counting-storage.ts";
import type { RowCount } from "./counting-storage.ts";

const ORG = "bench";
const NAMESPACE = "bench";
/** A block is a lineage of its own, like a session's: layers of nodes, each resting on two of the layer before. */
export const BLOCK_LAYERS = 12;
const BLOCK_WIDTH = 5;
export const BLOCK_NODES = BLOCK_LAYERS * BLOCK_WIDTH;
/** Blocks of one append while filling: under the records one call may hold. */
const FILL_BLOCKS = 25;
/** How far `why` walks. */
const WHY_DEPTH = 10;

/** What a number of calls cost together. */
export type CallCost = RowCount & { readonly calls: number };

type Block = { readonly nodes: readonly ArtifactNode[]; readonly edges: readonly ArtifactEdge[] };

/** One lineage. */
export class LineageBench extends DurableObject<unknown> {
  readonly #storage: CountingStorage;
  readonly #graph: ArtifactGraph;
  /** Not persisted: the last node of each block so far; a bench fills an object once. */
  readonly #leaves: string[] = [];

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    migrate(ctx.storage, ARTIFACT_GRAPH_MIGRATIONS);
    this.#storage = new CountingStorage(ctx.storage);
    this.#graph = new ArtifactGraph({ storage: this.#storage, registry: FACTORY_REGISTRY, verifyId: factoryIds(ORG), namespace: NAMESPACE, now: Date.now });
  }

  /** Brings the graph to at least so many nodes, a bounded number of them in one call. Answers how many it has. */
  async fill(nodes: number, atMost: number): Promise<number> {
    const filled = this.#leaves.length;
    const until = Math.min(Math.ceil(nodes / BLOCK_NODES), filled + Math.ceil(atMost / BLOCK_NODES));
    for (let from = filled; from < until; from += FILL_BLOCKS) {
      const blocks = Array.from({ length: Math.min(FILL_BLOCKS, until - from) }, (_, index) => aBlock(from + index));
      this.#graph.append(
        blocks.flatMap((block) => block.nodes),
        blocks.flatMap((block) => block.edges),
      );
      this.#leaves.push(...blocks.flatMap((block) => block.nodes.at(-1)?.id ?? []));
    }
    this.#storage.take();
    return this.#leaves.length * BLOCK_NODES;
  }

  /** Appends one node with its two edges, so many times. */
  async append(calls: number): Promise<CallCost> {
    const [root, other] = aBlock(0).nodes;
    if (root === undefined || other === undefined) throw new Error("A block has nodes.");
    return this.#counted(calls, (index) => {
      const node = artifactNode("PRS", "Pressure", ORG, { title: `appended ${index} at ${Date.now()}` }, [root.id, other.id]);
      this.#graph.append(
        [node],
        [root, other].map(({ id }) => ({ source: node.id, rel: "derived_from", target: id })),
      );
    });
  }

  /** Reads one node, spread over the graph. */
  async get(calls: number): Promise<CallCost> {
    return this.#counted(calls, (index) => void this.#graph.get(this.#leaf(index)));
  }

  /** Walks from a node ten layers up to its causes. */
  async why(calls: number): Promise<CallCost & { readonly nodes: number }> {
    let nodes = 0;
    const cost = this.#counted(calls, (index) => {
      nodes += this.#graph.why(this.#leaf(index), { depth: WHY_DEPTH }).nodes.length;
    });
    return { ...cost, nodes: nodes / calls };
  }

  /** The active specification of a domain: each block has a succession of three. */
  async activeSpecification(calls: number): Promise<CallCost> {
    return this.#counted(calls, (index) => {
      const domain = domainOf((index * 7) % this.#leaves.length);
      if (this.#graph.activeSpecification(domain)?.data["version"] !== SUCCESSION) throw new Error(`${domain} has the wrong active specification.`);
    });
  }

  #leaf(index: number): string {
    const leaf = this.#leaves[(index * 31) % this.#leaves.length];
    if (leaf === undefined) throw new Error("The graph is empty.");
    return leaf;
  }

  #counted(calls: number, call: (index: number) => void): CallCost {
    this.#storage.take();
    for (let index = 0; index < calls; index++) call(index);
    return { calls, ...this.#storage.take() };
  }
}

/** Specifications of a block, each the successor of the one before. */
const SUCCESSION = 3;

function domainOf(block: number): string {
  return `domain ${block}`;
}

/** Block `number`: the same number gives the same nodes. Its first specifications stand for nodes of the first layer. */
function aBlock(number: number): Block {
  const specifications = aSuccession(number);
  const nodes: ArtifactNode[] = [...specifications.nodes];
  const edges: ArtifactEdge[] = [...specifications.edges];
  let above: readonly ArtifactNode[] = [];
  for (let layer = 0; layer < BLOCK_LAYERS; layer++) {
    const width = layer === 0 ? BLOCK_WIDTH - specifications.nodes.length : BLOCK_WIDTH;
    const row = Array.from({ length: width }, (_, place) => {
      const parents = [above[place % above.length], above[(place + 1) % above.length]].flatMap((node) => (node === undefined ? [] : [node.id]));
      return artifactNode("PRS", "Pressure", ORG, { title: `node ${number}.${layer}.${place}`, description: "Something that presses." }, [...new Set(parents)]);
    });
    for (const node of row) for (const target of node.parents) edges.push({ source: node.id, rel: "derived_from", target });
    nodes.push(...row);
    above = row;
  }
  return { nodes, edges };
}

function aSuccession(block: number): Block {
  const nodes: ArtifactNode[] = [];
  for (let version = 1; version <= SUCCESSION; version++) {
    const before = nodes.at(-1);
    nodes.push(artifactNode("SPEC", "Specification", ORG, { domain: domainOf(block), version }, before === undefined ? [] : [before.id]));
  }
  return { nodes, edges: nodes.flatMap((node) => node.parents.map((target) => ({ source: node.id, rel: "version_of", target }))) };
}
