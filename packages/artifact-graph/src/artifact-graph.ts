/** An artifact graph over one object's SQLite: append, read, and walk to causes or effects. Pure over its storage port. */
import type { StoragePort } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { StoredEdge, StoredNode, Subgraph } from "@factory/schemas/rpc";
import { appendRecords } from "./append.ts";
import type { VerifyId } from "./append.ts";
import { relationsCausedBy } from "./registry.ts";
import type { GraphRegistry } from "./registry.ts";
import { walk } from "./walk.ts";
import type { EdgeRow, Follow } from "./walk.ts";

export { MAX_APPEND_RECORDS, MAX_NODE_BYTES } from "./append.ts";
export type { IdVerdict, VerifyId } from "./append.ts";
export type { Follow } from "./walk.ts";

/** What a graph needs. */
export interface ArtifactGraphDeps {
  readonly storage: StoragePort;
  readonly registry: GraphRegistry;
  readonly verifyId: VerifyId;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** Nodes of a walk when the caller names no bound. */
export const DEFAULT_WALK_NODES = 1_000;
/** Most nodes of one walk, of one page of `byType`, and most edges of one node in one direction. */
export const MAX_WALK_NODES = 10_000;
/** Nodes of one page of `byType`. */
export const MAX_PAGE_NODES = 1_000;
/** Data of the nodes in one answer, in bytes: a quarter of the 32 MiB of an RPC message. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** Edges looked at per node asked for: lineage graphs have two to four. */
const EDGES_PER_NODE = 10;
/** Nodes read by one statement: with the largest nodes that is 16 MiB. */
const READ_CHUNK = 16;

type NodeRow = { id: string; type: string; namespace: string; parents: string; created_at: number; data: string };
const NODE_COLUMNS = "id, type, namespace, parents, created_at, data";

/** One graph. */
export class ArtifactGraph {
  readonly #deps: ArtifactGraphDeps;
  readonly #causes: Follow;
  readonly #effects: Follow;

  constructor(deps: ArtifactGraphDeps) {
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
   * @throws FactoryError INVALID_ARGUMENT, TOO_LARGE or INTEGRITY; nothing is stored.
   */
  append(namespace: string, nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): number {
    const { storage, registry, verifyId, now } = this.#deps;
    return storage.transactionSync(() => appendRecords({ sql: storage.sql, registry, verifyId, now }, namespace, nodes, edges));
  }

  /** The node, or null. */
  get(id: string): StoredNode | null {
    return this.#nodes([id])[0] ?? null;
  }

  /** Edges that leave and that reach a node. @throws FactoryError TOO_LARGE for more than {@link MAX_WALK_NODES} on a side. */
  edgesOf(id: string): { out: StoredEdge[]; in: StoredEdge[] } {
    return { out: this.#edgesBy("source", id), in: this.#edgesBy("target", id) };
  }

  /** What caused the node, nearest first. @throws FactoryError as {@link ArtifactGraph.walk}. */
  why(id: string, limit: number = DEFAULT_WALK_NODES): Subgraph {
    return this.walk(id, this.#causes, limit);
  }

  /** What depends on the node, nearest first. @throws FactoryError as {@link ArtifactGraph.walk}. */
  impact(id: string, limit: number = DEFAULT_WALK_NODES): Subgraph {
    return this.walk(id, this.#effects, limit);
  }

  /**
   * Nodes reached over the followed relations, nearest first, the asked node as the first, each once.
   *
   * @param limit - most nodes; `truncated` says that there are more, or that their data would not fit one answer
   * @throws FactoryError NOT_FOUND for an unknown id, INVALID_ARGUMENT or TOO_LARGE for a limit that is not one
   */
  walk(id: string, follow: Follow, limit: number): Subgraph {
    checkLimit(limit, MAX_WALK_NODES);
    if (this.get(id) === null) throw new FactoryError("NOT_FOUND", `There is no node ${id}.`);
    const walked = walk(this.#deps.storage.sql, id, follow, { nodes: limit, edges: limit * EDGES_PER_NODE });
    const ids = this.#fitting(walked.ids);
    const kept = new Set(ids);
    return {
      nodes: this.#nodes(ids),
      edges: walked.edges.filter(({ source, target }) => kept.has(source) && kept.has(target)).map(toEdge),
      truncated: walked.truncated || ids.length < walked.ids.length,
    };
  }

  /**
   * Nodes of a namespace by type, oldest first, strictly after `afterId`; fewer than `limit` when they are large.
   *
   * @throws FactoryError NOT_FOUND for an unknown `afterId`, INVALID_ARGUMENT or TOO_LARGE for a limit that is not one
   */
  byType(namespace: string, type: string, limit: number, afterId?: string): StoredNode[] {
    checkLimit(limit, MAX_PAGE_NODES);
    const rows = this.#deps.storage.sql
      .exec<{ id: string }>(
        "SELECT id FROM nodes WHERE namespace = ? AND type = ? AND position > ? ORDER BY position LIMIT ?",
        namespace,
        type,
        afterId === undefined ? 0 : this.#positionOf(afterId),
        limit,
      )
      .toArray();
    return this.#nodes(this.#fitting(rows.map(({ id }) => id)));
  }

  /**
   * The specification of a domain that was written last and that neither a later version nor a correction replaces.
   * A specification enters the graph by its adoption, so the last one is the one adopted last.
   *
   * @param fields - further text fields of `data` that have to be equal
   */
  activeSpecification(domain: string, fields: { readonly [key: string]: string } = {}): StoredNode | null {
    const wanted = Object.entries(fields);
    const row = this.#deps.storage.sql
      .exec<NodeRow>(
        `SELECT ${NODE_COLUMNS} FROM nodes AS n
         WHERE type = 'Specification' AND json_extract(data, '$.domain') = ?
           ${wanted.map(() => "AND json_extract(data, '$.' || json_quote(?)) = ?").join(" ")}
           AND NOT EXISTS (SELECT 1 FROM edges AS e WHERE e.target = n.id AND e.rel IN ('version_of', 'corrects'))
         ORDER BY position DESC LIMIT 1`,
        domain,
        ...wanted.flat(),
      )
      .toArray()[0];
    return row === undefined ? null : toNode(row);
  }

  #positionOf(id: string): number {
    const row = this.#deps.storage.sql.exec<{ position: number }>("SELECT position FROM nodes WHERE id = ?", id).toArray()[0];
    if (row === undefined) throw new FactoryError("NOT_FOUND", `There is no node ${id}.`);
    return row.position;
  }

  #edgesBy(end: "source" | "target", id: string): StoredEdge[] {
    const rows = this.#deps.storage.sql
      .exec<EdgeRow>(`SELECT position, source, rel, target, props, created_at FROM edges WHERE ${end} = ? LIMIT ?`, id, MAX_WALK_NODES + 1)
      .toArray();
    if (rows.length > MAX_WALK_NODES) {
      throw new FactoryError("TOO_LARGE", `${id} has more than ${MAX_WALK_NODES} edges; ask \`why\` or \`impact\` with a limit.`, { limit: MAX_WALK_NODES });
    }
    return rows.sort((a, b) => a.position - b.position).map(toEdge);
  }

  /** As many of the ids, in order, as one answer has room for; the first always. */
  #fitting(ids: readonly string[]): string[] {
    const sizes = this.#deps.storage.sql
      .exec<{ id: string; bytes: number }>("SELECT id, bytes FROM nodes WHERE id IN (SELECT value FROM json_each(?))", JSON.stringify(ids))
      .toArray();
    const bytesOf = new Map(sizes.map(({ id, bytes }) => [id, bytes]));
    let total = 0;
    const over = ids.findIndex((id, index) => (total += bytesOf.get(id) ?? 0) > MAX_ANSWER_BYTES && index > 0);
    return over === -1 ? [...ids] : ids.slice(0, over);
  }

  /** The nodes of the ids, in their order. */
  #nodes(ids: readonly string[]): StoredNode[] {
    const byId = new Map<string, StoredNode>();
    for (let from = 0; from < ids.length; from += READ_CHUNK) {
      const rows = this.#deps.storage.sql
        .exec<NodeRow>(`SELECT ${NODE_COLUMNS} FROM nodes WHERE id IN (SELECT value FROM json_each(?))`, JSON.stringify(ids.slice(from, from + READ_CHUNK)))
        .toArray();
      for (const row of rows) byId.set(row.id, toNode(row));
    }
    return ids.flatMap((id) => byId.get(id) ?? []);
  }
}

function checkLimit(limit: number, most: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new FactoryError("INVALID_ARGUMENT", "A limit is a whole number from 1 on.");
  if (limit > most) throw new FactoryError("TOO_LARGE", `${limit} nodes were asked for; one answer may have ${most}.`, { limit: most });
}

function toNode(row: NodeRow): StoredNode {
  // The casts hold: only `appendRecords` writes these texts, from values of these shapes.
  return {
    id: row.id,
    type: row.type,
    data: JSON.parse(row.data) as StoredNode["data"],
    parents: JSON.parse(row.parents) as string[],
    namespace: row.namespace,
    createdAt: row.created_at,
  };
}

function toEdge(row: EdgeRow): StoredEdge {
  // The cast holds for the same reason.
  return { source: row.source, rel: row.rel, target: row.target, props: JSON.parse(row.props) as StoredEdge["props"], createdAt: row.created_at };
}
