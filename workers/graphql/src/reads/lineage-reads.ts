/** Walks over the artifact graphs of an org, each in one call of the graph's object. */
import { FactoryError, type Result } from "@factory/schemas";
import type { ArtifactGraphRpc, StoredNode, Subgraph, WalkBounds } from "@factory/schemas/rpc";
import DataLoader from "dataloader";

/** Artifacts of a walk when no bound is asked for, and the most there are in one. */
export const DEFAULT_WALK_LIMIT = 200;
export const MAX_WALK_LIMIT = 1_000;
/** Most edges away from the start. */
export const MAX_WALK_DEPTH = 64;
/** Most assemblies that one call looks in, and how many at once: a Worker may have six connections open. */
export const MAX_ASSEMBLIES_LOOKED = 64;
const PARALLEL_LOOKS = 6;

/** What is asked of a walk. */
export type WalkArgs = {
  readonly artifactId: string;
  readonly assemblyId?: string | null | undefined;
  readonly depth?: number | null | undefined;
  readonly limit?: number | null | undefined;
};

/** A walk and the assembly it was made in. */
export type Walk = Subgraph & { readonly assemblyId: string };

/** What the walks need. */
export type LineageDeps = {
  graph(assemblyId: string): Pick<ArtifactGraphRpc, "why" | "impact" | "get" | "getMany">;
  /** Assemblies the org has sessions in, the one used last first, at most so many. */
  assemblies(limit: number): Promise<readonly string[]>;
  hasAssembly(assemblyId: string): Promise<boolean>;
  /** The assembly that a session told of the artifact in; null when none did. */
  assemblyOf(artifactId: string): Promise<string | null>;
};

/** Reads of an org's artifact graphs. */
export class LineageReads {
  readonly #deps: LineageDeps;
  /** Not persisted: content by assembly, for one operation. */
  readonly #contents = new Map<string, DataLoader<string, StoredNode | null>>();

  constructor(deps: LineageDeps) {
    this.#deps = deps;
  }

  /** What caused an artifact. @throws FactoryError INVALID_ARGUMENT, NOT_FOUND */
  why(args: WalkArgs): Promise<Walk> {
    return this.#walk("why", args);
  }

  /** What depends on an artifact. @throws FactoryError INVALID_ARGUMENT, NOT_FOUND */
  impact(args: WalkArgs): Promise<Walk> {
    return this.#walk("impact", args);
  }

  /** The artifact in its graph; null when it is not there. Artifacts of one assembly are one call. */
  content(assemblyId: string, artifactId: string): Promise<StoredNode | null> {
    let loader = this.#contents.get(assemblyId);
    if (loader === undefined) {
      loader = new DataLoader((ids) => this.#nodes(assemblyId, ids), { maxBatchSize: MAX_WALK_LIMIT });
      this.#contents.set(assemblyId, loader);
    }
    return loader.load(artifactId);
  }

  /** The assembly of an artifact. @throws FactoryError NOT_FOUND */
  async locate({ artifactId, assemblyId }: WalkArgs): Promise<string> {
    if (assemblyId !== undefined && assemblyId !== null) {
      if (await this.#deps.hasAssembly(assemblyId)) return assemblyId;
      throw new FactoryError("NOT_FOUND", `There is no assembly ${assemblyId} for this org.`);
    }
    // What is written after delivery is told of by no session's log, so it is looked for.
    return (await this.#deps.assemblyOf(artifactId)) ?? this.#search(artifactId);
  }

  async #walk(question: "why" | "impact", args: WalkArgs): Promise<Walk> {
    const bounds = boundsOf(args);
    const assemblyId = await this.locate(args);
    const answer = await this.#deps.graph(assemblyId)[question](args.artifactId, bounds);
    return { ...opened(answer), assemblyId };
  }

  async #nodes(assemblyId: string, ids: readonly string[]): Promise<(StoredNode | null)[]> {
    const { nodes } = opened(await this.#deps.graph(assemblyId).getMany(ids));
    const byId = new Map(nodes.map((node) => [node.id, node]));
    return ids.map((id) => byId.get(id) ?? null);
  }

  async #search(artifactId: string): Promise<string> {
    const waiting = [...(await this.#deps.assemblies(MAX_ASSEMBLIES_LOOKED))];
    const looked = waiting.length;
    let found: string | undefined;
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && found === undefined; next = waiting.shift()) {
        if ((await this.#deps.graph(next).get(artifactId)) !== null) found = next;
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_LOOKS }, lane));
    if (found !== undefined) return found;
    throw new FactoryError("NOT_FOUND", `There is no artifact ${artifactId} in the ${looked} assemblies that this org used last; name another one.`);
  }
}

function boundsOf({ depth, limit }: WalkArgs): WalkBounds {
  const most = limit ?? DEFAULT_WALK_LIMIT;
  if (most < 1 || most > MAX_WALK_LIMIT) throw new FactoryError("INVALID_ARGUMENT", `\`limit\` is ${most}; it is a number from 1 to ${MAX_WALK_LIMIT}.`);
  if (depth === undefined || depth === null) return { limit: most };
  if (depth < 1 || depth > MAX_WALK_DEPTH) throw new FactoryError("INVALID_ARGUMENT", `\`depth\` is ${depth}; it is a number from 1 to ${MAX_WALK_DEPTH}.`);
  return { limit: most, depth };
}

/** The answer, or its refusal as an error. @throws FactoryError */
function opened<T extends object>(answer: Result<T>): T {
  if (answer.ok) return answer;
  throw new FactoryError(answer.code, answer.message, answer.details);
}
