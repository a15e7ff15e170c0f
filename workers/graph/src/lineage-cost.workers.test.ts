/** What lineage costs in rows, as the platform bills them: the same in a graph of any size. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { ArtifactGraph } from "@factory/artifact-graph";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import { artifactNode, objectName } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import { expect, test } from "vitest";
import { aHypothesis, aPressure } from "./testing/builders.ts";
import { CountingStorage } from "./testing/counting-storage.ts";
import type { RowCount } from "./testing/counting-storage.ts";

const ORG = "acme";
const LAYERS = 12;
const WIDTH = 4;

type Block = { readonly nodes: readonly ArtifactNode[]; readonly edges: readonly ArtifactEdge[]; readonly leaf: ArtifactNode; readonly domain: string };

/** A lineage of its own: layers of nodes that each rest on two of the layer before, and a specification succeeded by another. */
function aBlock(number: number): Block {
  const domain = `domain ${number}`;
  const specification = (version: number, parents: readonly string[]) => artifactNode("SPEC", "Specification", ORG, { domain, version }, parents);
  const first = specification(1, []);
  const second = specification(2, [first.id]);
  const nodes: ArtifactNode[] = [first, second];
  const edges: ArtifactEdge[] = [{ source: second.id, rel: "version_of", target: first.id }];
  let leaf: ArtifactNode = first;
  let above: readonly ArtifactNode[] = [];
  for (let layer = 0; layer < LAYERS; layer++) {
    above = Array.from({ length: WIDTH }, (_, place) => {
      const parents = [above[place], above[(place + 1) % WIDTH]].flatMap((node) => node?.id ?? []);
      leaf = aPressure(ORG, `${number}.${layer}.${place}`, parents);
      nodes.push(leaf);
      edges.push(...leaf.parents.map((target) => ({ source: leaf.id, rel: "derived_from", target })));
      return leaf;
    });
  }
  return { nodes, edges, leaf, domain };
}

/** Rows of each operation on the newest block, in a graph of so many blocks. */
function costs(graph: ArtifactGraph, storage: CountingStorage, { leaf, domain }: Block): Record<string, RowCount> {
  const counted = (call: () => unknown): RowCount => {
    storage.take();
    call();
    return storage.take();
  };
  const added = aPressure(ORG, `beside ${leaf.id}`, [leaf.id]);
  return {
    append: counted(() => graph.append([added], [{ source: added.id, rel: "derived_from", target: leaf.id }])),
    get: counted(() => graph.get(leaf.id)),
    why: counted(() => graph.why(leaf.id, { depth: 10 })),
    activeSpecification: counted(() => graph.activeSpecification(domain)),
    activeSpecifications: counted(() => graph.activeSpecifications(1)),
    byType: counted(() => graph.byType("Pressure", 5)),
    hypotheses: counted(() => graph.hypotheses({ status: "open", limit: 1 })),
  };
}

test("what is read and written does not grow with the graph", async () => {
  const stub = env.ARTIFACT_GRAPHS.getByName(objectName.artifactGraph(ORG, "costs"));
  await runInDurableObject(stub, (_, { storage: real }) => {
    const storage = new CountingStorage(real);
    const graph = new ArtifactGraph({ storage, namespace: "costs", registry: FACTORY_REGISTRY, verifyId: factoryIds(ORG), now: Date.now });
    graph.append([aHypothesis(ORG, "high")], []);
    let blocks = 0;
    const costsAt = (size: number) => {
      let block = aBlock(blocks);
      while (blocks < size) {
        block = aBlock(blocks);
        graph.append(block.nodes, block.edges);
        blocks += 1;
      }
      return costs(graph, storage, block);
    };
    const small = costsAt(3);
    const large = costsAt(150);
    expect(large).toEqual(small);
    expect(small["append"]).toMatchObject({ written: 6 });
    expect(small["get"]?.read).toBeLessThanOrEqual(2);
    expect(small["activeSpecification"]?.read).toBeLessThanOrEqual(3);
    // Forty nodes are reached: two rows each to read them, the rest to find them.
    expect(small["why"]?.read).toBeLessThan(40 * 16);
  });
});

test("a walk does not read the edges that it does not follow, however many a node has", async () => {
  const stub = env.ARTIFACT_GRAPHS.getByName(objectName.artifactGraph(ORG, "hub"));
  await runInDurableObject(stub, (_, { storage: real }) => {
    const storage = new CountingStorage(real);
    const graph = new ArtifactGraph({ storage, namespace: "hub", registry: FACTORY_REGISTRY, verifyId: factoryIds(ORG), now: Date.now });
    const cause = aPressure(ORG, "cause");
    const hub = aPressure(ORG, "hub", [cause.id]);
    graph.append([cause, hub], [{ source: hub.id, rel: "derived_from", target: cause.id }]);
    const effects = Array.from({ length: 2_000 }, (_unused, index) => aPressure(ORG, `effect ${index}`, [hub.id]));
    graph.append(
      effects,
      effects.map(({ id }) => ({ source: id, rel: "source_ref", target: hub.id })),
    );
    storage.take();
    expect(graph.why(hub.id).nodes.map(({ id }) => id)).toEqual([hub.id, cause.id]);
    expect(storage.take().read).toBeLessThan(40);
  });
});
