/**
 * An artifact graph over one object's SQLite: append, read, and walk to causes or effects. Pure over its storage port,
 * and bound to one namespace: what is in another neither exists for it nor is reached by any walk.
 */
import type { StoragePort } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { Direction, HypothesisQuery, HypothesisRow, LineagePath, PathStep, StoredEdge, StoredNode, Subgraph, WalkBounds } from "@factory/schemas/rpc";
import { appendRecords } from "./append.ts";
import type { VerifyId } from "./append.ts";
import { findHypotheses, recordSurfacing } from "./hypotheses.ts";
import { readNodes, toEdge } from "./node-rows.ts";
import type { EdgeRow } from "./node-rows.ts";
import { pathsOver } from "./path.ts";
import { relationsCausedBy } from "./registry.ts";
import type { GraphRegistry } from "./registry.ts";
import { joinWalks, walk } from "./walk.ts";
import type { Follow, Walked, WalkLimits } from "./walk.ts";

export { MAX_APPEND_RECORDS, MAX_NODE_BYTES } from "./append.ts";
export type { IdVerdict, VerifyId } from "./append.ts";
export { MAX_ANSWER_BYTES } from "./node-rows.ts";

/** What a graph needs. */
export interface ArtifactGraphDeps {
  readonly storage: StoragePort;
  /** What every read and write of this graph is inside; not empty. */
  readonly namespace: string;
  readonly registry: GraphRegistry;
  readonly verifyId: VerifyId;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** Nodes of a walk when the caller names no bound. */
export const DEFAULT_WALK_NODES = 1_000;
/** Most nodes of one walk, and most edges of one node in one direction. */
export const MAX_WALK_NODES = 10_000;
/** Most ids of `getMany` and most nodes of one page: of a type, of hypotheses, of active specifications, of paths. */
export const MAX_PAGE_NODES = 1_000;
/** Nodes of a page when the caller names no limit. */
export const DEFAULT_PAGE_NODES = 100;
/** Most steps of a bounded path. */
export const MAX_PATH_STEPS = 16;
/** Edges looked at per node asked for: lineage graphs have two to four. */
const EDGES_PER_NODE = 10;

/** One namespace of a graph. */
export class ArtifactGraph {
  readonly #deps: ArtifactGraphDeps;
  readonly #causes: Follow;
  readonly #effects: Follow;

  /** @throws FactoryError INVALID_ARGUMENT for an empty namespace. */
  constructor(deps: ArtifactGraphDeps) {
    if (deps.namespace === "") throw new FactoryError("INVALID_ARGUMENT", "A namespace is needed.");
    this.#deps = deps;
    const bySource = relationsCausedBy(deps.registry, "source");
    const byTarget = relationsCausedBy(deps.registry, "target");
    this.#causes = { forward: byTarget, backward: bySource };
    this.#effects = { forward: bySource, backward: byTarget };
  }

  /**
   * Appends nodes and edges, all or none; what is there with the same content is skipped.
   *
   * @returns records that were new
   * @throws FactoryError INVALID_ARGUMENT, TOO_LARGE, INTEGRITY or STALE_TARGET; nothing is stored.
   */
  append(nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): number {
    const { storage, namespace, registry, verifyId, now } = this.#deps;
    return storage.transactionSync(() => appendRecords({ sql: storage.sql, namespace, registry, verifyId, now }, nodes, edges));
  }

  /** The node, or null. */
  get(id: string): StoredNode | null {
    return this.#read([id]).nodes[0] ?? null;
  }

  /**
   * The nodes of the ids in their order; those that do not exist are left out.
   *
   * @throws FactoryError TOO_LARGE for more than {@link MAX_PAGE_NODES} ids or more data than one answer has room for
   */
  getMany(ids: readonly string[]): StoredNode[] {
    if (ids.length > 0) checkLimit(ids.length, MAX_PAGE_NODES);
    const { nodes, cut } = this.#read(ids);
    if (cut) throw new FactoryError("TOO_LARGE", `Only the first ${nodes.length} of the nodes fit one answer; ask for fewer.`, { fit: nodes.length });
    return nodes;
  }

  /** Edges that leave and that reach a node, oldest first. @throws FactoryError TOO_LARGE for more than {@link MAX_WALK_NODES} on a side. */
  edgesOf(id: string): { out: StoredEdge[]; in: StoredEdge[] } {
    return { out: this.#edgesBy("source", id), in: this.#edgesBy("target", id) };
  }

  /** What caused the node, nearest first. @throws FactoryError as {@link ArtifactGraph.walkLineage}. */
  why(id: string, bounds: WalkBounds = {}): Subgraph {
    return this.#walked(id, bounds, (limits) => this.#walk(id, this.#causes, limits));
  }

  /** What depends on the node, nearest first. @throws FactoryError as {@link ArtifactGraph.walkLineage}. */
  impact(id: string, bounds: WalkBounds = {}): Subgraph {
    return this.#walked(id, bounds, (limits) => this.#walk(id, this.#effects, limits));
  }

  /**
   * Nodes reached over one relation one way, nearest first, the asked node as the first, each once.
   *
   * @param bounds - most nodes and most edges away from the start; `truncated` says that there are more, or that their
   *   data would not fit one answer
   * @throws FactoryError NOT_FOUND for an unknown id, INVALID_ARGUMENT for a relation, direction or bound that is none,
   *   TOO_LARGE for a limit above {@link MAX_WALK_NODES}
   */
  walkLineage(id: string, rel: string, direction: Direction, bounds: WalkBounds = {}): Subgraph {
    const follow = this.#over(rel, direction);
    return this.#walked(id, bounds, (limits) => this.#walk(id, follow, limits));
  }

  /**
   * Predecessors and successors of a node over one relation: what a walk forward and a walk backward reach, nearest first,
   * the asked node as the first, each once.
   *
   * @throws FactoryError as {@link ArtifactGraph.walkLineage}
   */
  collectLineage(id: string, rel: string, bounds: WalkBounds = {}): Subgraph {
    const follows = [this.#over(rel, "forward"), this.#over(rel, "backward")] as const;
    return this.#walked(id, bounds, (limits) => joinWalks(this.#walk(id, follows[0], limits), this.#walk(id, follows[1], limits), limits.nodes));
  }

  /**
   * Paths from a node that follow exactly these steps, newest end first. A path may pass a node twice, and ends because
   * its steps are counted; no steps are the path of the node alone.
   *
   * @param steps - at most {@link MAX_PATH_STEPS}; `targetType` is the type of the node that the step arrives at
   * @returns `truncated` when there are more paths, more edges of one step than {@link MAX_WALK_NODES}, or more data than one
   *   answer has room for; with too many edges the newest end may be among what was not looked at
   * @throws FactoryError NOT_FOUND for an unknown id, INVALID_ARGUMENT for a relation, direction, type or limit that is
   *   none, TOO_LARGE for too many steps or paths
   */
  boundedPath(id: string, steps: readonly PathStep[], limit: number = DEFAULT_PAGE_NODES): { paths: LineagePath[]; truncated: boolean } {
    checkLimit(limit, MAX_PAGE_NODES);
    if (steps.length > MAX_PATH_STEPS) throw new FactoryError("TOO_LARGE", `A path has at most ${MAX_PATH_STEPS} steps.`, { limit: MAX_PATH_STEPS });
    for (const { rel, direction, targetType } of steps) {
      this.#over(rel, direction ?? "forward");
      if (targetType !== undefined && !this.#deps.registry.types.includes(targetType)) {
        throw new FactoryError("INVALID_ARGUMENT", `The type "${targetType}" is not registered.`, { type: targetType });
      }
    }
    this.#requireNode(id);
    const { paths, truncated } = pathsOver(this.#deps.storage.sql, id, steps, { paths: limit, edges: MAX_WALK_NODES });
    const read = this.#read([...new Set(paths.flatMap(({ ids }) => ids))], paths[0]?.ids.length);
    const byId = new Map(read.nodes.map((node) => [node.id, node]));
    const whole = paths.filter(({ ids }) => ids.every((one) => byId.has(one)));
    return {
      paths: whole.map(({ ids, edges }) => ({ nodes: ids.flatMap((one) => byId.get(one) ?? []), edges: edges.map(toEdge) })),
      truncated: truncated || whole.length < paths.length,
    };
  }

  /**
   * Nodes by type, oldest first, strictly after `afterId`; fewer than `limit` when they are large.
   *
   * @throws FactoryError NOT_FOUND for an unknown `afterId`, INVALID_ARGUMENT or TOO_LARGE for a limit that is not one
   */
  byType(type: string, limit: number, afterId?: string): StoredNode[] {
    checkLimit(limit, MAX_PAGE_NODES);
    const rows = this.#deps.storage.sql
      .exec<{ id: string }>(
        "SELECT id FROM nodes WHERE namespace = ? AND type = ? AND position > ? ORDER BY position LIMIT ?",
        this.#deps.namespace,
        type,
        afterId === undefined ? 0 : this.#requireNode(afterId),
        limit,
      )
      .toArray();
    return this.#read(rows.map(({ id }) => id)).nodes;
  }

  /**
   * Hypotheses, newest first, that fit every given filter; fewer than the limit when they are large.
   *
   * A hypothesis is `superseded` when any node `corrects` it. Otherwise the newest verdict on the amendments that it
   * `motivates` decides (`subject_to` a VerificationProcess that `produces_verdict`, with `data.outcome` "favorable" or
   * "unfavorable"): `adopted` or `rejected`. Without one it is `open`.
   *
   * @throws FactoryError INVALID_ARGUMENT for a filter or limit that is none, TOO_LARGE for a limit above
   *   {@link MAX_PAGE_NODES}, NOT_FOUND for an unknown `beforeId`
   */
  hypotheses(query: HypothesisQuery = {}): HypothesisRow[] {
    const limit = query.limit ?? DEFAULT_PAGE_NODES;
    checkLimit(limit, MAX_PAGE_NODES);
    const found = findHypotheses(this.#deps.storage.sql, this.#deps.namespace, query, limit);
    const { nodes } = this.#read(found.map(({ hypothesis }) => hypothesis));
    const byId = new Map(nodes.map((node) => [node.id, node]));
    return found.flatMap(({ hypothesis, status, cycles }) => {
      const node = byId.get(hypothesis);
      return node === undefined ? [] : [{ node, status, cycles }];
    });
  }

  /**
   * Notes that a hypothesis was shown to a person in a cycle; the same again changes nothing.
   *
   * @returns in how many cycles it has been shown
   * @throws FactoryError NOT_FOUND for a hypothesis that is not there, INVALID_ARGUMENT for a text that is empty or too long
   */
  surface(hypothesisId: string, cycle: string, surfacedTo: string): number {
    const { storage, namespace, now } = this.#deps;
    return storage.transactionSync(() => recordSurfacing(storage.sql, namespace, { id: hypothesisId, cycle, surfacedTo, at: now() }));
  }

  /**
   * The specification of a domain (`data.domain`) that was adopted last, or null. One that an amendment
   * `if_adopted_produces` is a candidate until such an amendment has a favourable verdict; any other is adopted by being
   * written. What an adopted specification succeeds (`version_of`), and what anything `corrects`, is not active.
   */
  activeSpecification(domain: string): StoredNode | null {
    const [row] = this.#deps.storage.sql
      .exec<{ specification: string }>(
        "SELECT specification FROM specification_standings WHERE namespace = ? AND domain = ? AND active = 1",
        this.#deps.namespace,
        domain,
      )
      .toArray();
    return row === undefined ? null : this.get(row.specification);
  }

  /**
   * The active specification of every domain, the one adopted last first; fewer than the limit when they are large.
   *
   * @throws FactoryError INVALID_ARGUMENT or TOO_LARGE for a limit that is not one
   */
  activeSpecifications(limit: number = DEFAULT_PAGE_NODES): StoredNode[] {
    checkLimit(limit, MAX_PAGE_NODES);
    const rows = this.#deps.storage.sql
      .exec<{ specification: string }>(
        "SELECT specification FROM specification_standings WHERE namespace = ? AND active = 1 ORDER BY adopted DESC, specification DESC LIMIT ?",
        this.#deps.namespace,
        limit,
      )
      .toArray();
    return this.#read(rows.map(({ specification }) => specification)).nodes;
  }

  #walk(id: string, follow: Follow, limits: WalkLimits): Walked {
    return walk(this.#deps.storage.sql, id, follow, limits);
  }

  /** Checks the bounds and the start, walks, and reads as much of what was reached as one answer has room for. */
  #walked(id: string, { limit = DEFAULT_WALK_NODES, depth = MAX_WALK_NODES }: WalkBounds, walking: (limits: WalkLimits) => Walked): Subgraph {
    checkLimit(limit, MAX_WALK_NODES);
    if (!Number.isSafeInteger(depth) || depth < 0) throw new FactoryError("INVALID_ARGUMENT", "A depth is a whole number from 0 on.");
    this.#requireNode(id);
    const { distances, edges, truncated } = walking({ nodes: limit, edges: limit * EDGES_PER_NODE, depth });
    const { nodes, cut } = this.#read([...distances.keys()]);
    const kept = new Set(nodes.map((node) => node.id));
    return { nodes, edges: edges.filter(({ source, target }) => kept.has(source) && kept.has(target)).map(toEdge), truncated: truncated || cut };
  }

  #over(rel: string, direction: Direction): Follow {
    if (!Object.hasOwn(this.#deps.registry.relations, rel)) throw new FactoryError("INVALID_ARGUMENT", `The relation "${rel}" is not registered.`, { rel });
    switch (direction) {
      case "forward":
        return { forward: [rel], backward: [] };
      case "backward":
        return { forward: [], backward: [rel] };
      default:
        throw new FactoryError("INVALID_ARGUMENT", `"${String(direction satisfies never)}" is no direction; there are "forward" and "backward".`);
    }
  }

  /** Place of a node in the order of writing. @throws FactoryError NOT_FOUND */
  #requireNode(id: string): number {
    const { storage, namespace } = this.#deps;
    const [row] = storage.sql.exec<{ position: number }>("SELECT position FROM nodes WHERE id = ? AND namespace = ?", id, namespace).toArray();
    if (row === undefined) throw new FactoryError("NOT_FOUND", `There is no node ${id}.`);
    return row.position;
  }

  #edgesBy(end: "source" | "target", id: string): StoredEdge[] {
    const rows = this.#deps.storage.sql
      .exec<EdgeRow>(
        `SELECT position, source, rel, target, props, created_at FROM edges
         WHERE ${end} = ?1 AND EXISTS (SELECT 1 FROM nodes WHERE id = ?1 AND namespace = ?2) LIMIT ?3`,
        id,
        this.#deps.namespace,
        MAX_WALK_NODES + 1,
      )
      .toArray();
    if (rows.length > MAX_WALK_NODES) {
      throw new FactoryError("TOO_LARGE", `${id} has more than ${MAX_WALK_NODES} edges; ask \`why\` or \`impact\` with a limit.`, { limit: MAX_WALK_NODES });
    }
    return rows.sort((a, b) => a.position - b.position).map(toEdge);
  }

  #read(ids: readonly string[], always?: number): { readonly nodes: StoredNode[]; readonly cut: boolean } {
    return readNodes(this.#deps.storage.sql, this.#deps.namespace, ids, always);
  }
}

function checkLimit(limit: number, most: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new FactoryError("INVALID_ARGUMENT", "A limit is a whole number from 1 on.");
  if (limit > most) throw new FactoryError("TOO_LARGE", `${limit} nodes were asked for; one answer may have ${most}.`, { limit: most });
}
