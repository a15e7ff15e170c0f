/** An assembly's graph on real SQLite with foreign keys, and builders of what stands in it. */
import { ArtifactGraph, ARTIFACT_GRAPH_MIGRATIONS } from "@factory/artifact-graph";
import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { artifactNode, claimNodeId, refusing } from "@factory/schemas";
import type { ArtifactNode, Claim, Example, FunctionBlock } from "@factory/schemas";
import type { ArtifactGraphRpc } from "@factory/schemas/rpc";
import { FACTORY_REGISTRY } from "../factory-registry.ts";
import { factoryIds } from "../node-ids.ts";

export const ORG = "acme";

/** `double(line) => 2 * line`, on its line. */
export function anExample(line: number, overrides: Partial<Example> = {}): Example {
  return {
    functionName: "double",
    args: [{ kind: "json", value: line }],
    expected: { kind: "json", value: 2 * line },
    text: `double(${line}) => ${2 * line}`,
    line,
    ...overrides,
  };
}

/** A criterion with six examples, two of them hidden. */
export function aClaim(overrides: Partial<Claim> = {}): Claim {
  return {
    claimId: "C-1",
    kind: "criterion",
    text: "`double` doubles its argument",
    line: 3,
    functionName: "double",
    visible: [11, 12, 13, 14].map((line) => anExample(line)),
    holdout: [15, 16].map((line) => anExample(line)),
    testFiles: [],
    ...overrides,
  };
}

/** The block of `double`. */
export function aFunction(overrides: Partial<FunctionBlock> = {}): FunctionBlock {
  return {
    name: "double",
    signature: "export function double(n: number): number",
    params: [{ name: "n", type: "number", optional: false }],
    returnType: "number",
    line: 8,
    ...overrides,
  };
}

/** A graph with the calls of its RPC interface that the factory's own part uses. */
export class Assembly {
  readonly graph: ArtifactGraph;

  constructor() {
    const storage = new NodeSqliteStorage();
    migrate(storage, ARTIFACT_GRAPH_MIGRATIONS);
    this.graph = new ArtifactGraph({ storage, namespace: "pricing", registry: FACTORY_REGISTRY, verifyId: factoryIds(ORG), now: () => 0 });
  }

  get port(): Pick<ArtifactGraphRpc, "activeSpecifications" | "edgesOf" | "getMany"> {
    return {
      activeSpecifications: async (limit) => this.graph.activeSpecifications(limit),
      edgesOf: async (id) => this.graph.edgesOf(id),
      getMany: async (ids) => refusing(async () => ({ nodes: this.graph.getMany(ids) })),
    };
  }

  /** Adopts a specification with its claims. */
  specify(domain: string, claims: readonly Claim[] = [aClaim()], data: { readonly [key: string]: unknown } = {}): ArtifactNode {
    const content = { assembly: "pricing", domain, version: 1, functions: [aFunction()], orderDigest: `order of ${domain}`, notes: [], ...data };
    const specification = artifactNode("SPEC", "Specification", ORG, content, []);
    const nodes = claims.map((claim) => ({
      id: claimNodeId(specification.id, claim.claimId),
      type: "Claim",
      data: { ...claim },
      parents: [specification.id],
    }));
    this.graph.append(
      [specification, ...nodes],
      nodes.map(({ id }) => ({ source: specification.id, rel: "composed_of", target: id })),
    );
    return specification;
  }
}
