/** Writing to an artifact graph: what a call may hold, and the transaction that takes all of it or nothing. */
import type { SqlPort } from "@factory/durable";
import { canonicalJson, FactoryError } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { GraphRegistry } from "./registry.ts";
import { refreshStandings } from "./standing.ts";

/** What a domain says of a node's id: right, right if other nodes exist, or wrong. */
export type IdVerdict = { readonly ok: true; readonly requires?: readonly string[] } | { readonly ok: false; readonly reason: string };

/** Recomputes the id of a node where it follows from content. */
export type VerifyId = (node: ArtifactNode) => IdVerdict;

/** What an append needs. */
export interface AppendDeps {
  readonly sql: SqlPort;
  /** What the records belong to; nothing of another namespace is seen. */
  readonly namespace: string;
  readonly registry: GraphRegistry;
  readonly verifyId: VerifyId;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** Nodes and edges of one call: keeps one synchronous turn in the tens of milliseconds. */
export const MAX_APPEND_RECORDS = 5_000;
/** UTF-8 bytes of a node's data; a row of the store holds 2 MB in all. */
export const MAX_NODE_BYTES = 1024 * 1024;

type NodeRow = {
  readonly id: string;
  readonly type: string;
  readonly parents: string;
  readonly data: string;
  readonly bytes: number;
  readonly requires: readonly string[];
};
type EdgeRow = { readonly source: string; readonly rel: string; readonly target: string; readonly props: string };

const UTF8 = new TextEncoder();

/**
 * Writes nodes, then edges, inside the caller's transaction. What is there with the same content is skipped.
 *
 * @returns records that were new
 * @throws FactoryError INVALID_ARGUMENT for an unknown type or relation or ends of the wrong type; TOO_LARGE; INTEGRITY
 *   for a wrong id, other content under a known id, or an end that does not exist; STALE_TARGET for a second successor, with
 *   the present one in its details. The caller's transaction undoes all.
 */
export function appendRecords(deps: AppendDeps, nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): number {
  checkCall(nodes, edges);
  const nodeRows = nodes.map((node) => checkedNode(deps, node));
  const edgeRows = edges.map((edge) => checkedEdge(deps.registry, edge));
  const newNodes = unknownNodes(deps, nodeRows);
  const createdAt = deps.now();
  for (const { id, type, parents, data, bytes } of newNodes) {
    deps.sql.exec(
      "INSERT INTO nodes (id, type, namespace, parents, created_at, bytes, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
      id,
      type,
      deps.namespace,
      parents,
      createdAt,
      bytes,
      data,
    );
  }
  checkEnds(deps, nodeRows, edgeRows);
  const newEdges = unknownEdges(deps.sql, edgeRows, new Set(newNodes.map(({ id }) => id)));
  checkSuccession(deps, newEdges);
  for (const { source, rel, target, props } of newEdges) {
    deps.sql.exec("INSERT INTO edges (source, rel, target, props, created_at) VALUES (?, ?, ?, ?, ?)", source, rel, target, props, createdAt);
  }
  refreshStandings(deps.sql, { nodes: newNodes, edges: newEdges });
  return newNodes.length + newEdges.length;
}

function checkCall(nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): void {
  const records = nodes.length + edges.length;
  if (records > MAX_APPEND_RECORDS) {
    throw new FactoryError("TOO_LARGE", `${records} nodes and edges in one call; it may have ${MAX_APPEND_RECORDS}.`, { limit: MAX_APPEND_RECORDS });
  }
}

function checkedNode({ registry, verifyId }: AppendDeps, node: ArtifactNode): NodeRow {
  if (!registry.types.includes(node.type)) {
    throw new FactoryError("INVALID_ARGUMENT", `Node ${node.id} has the type "${node.type}", which is not registered.`, { id: node.id, type: node.type });
  }
  const data = canonicalText(node.data, `The data of ${node.id}`);
  const bytes = UTF8.encode(data).length;
  if (bytes > MAX_NODE_BYTES) {
    throw new FactoryError("TOO_LARGE", `Node ${node.id} has ${bytes} bytes of data; it may have ${MAX_NODE_BYTES}.`, {
      id: node.id,
      bytes,
      limit: MAX_NODE_BYTES,
    });
  }
  const verdict = verifyId(node);
  if (!verdict.ok) throw new FactoryError("INTEGRITY", `Node ${node.id} (${node.type}): ${verdict.reason}.`, { id: node.id, type: node.type });
  // Sorted and each once, as they are in the hash of a content id.
  const parents = JSON.stringify([...new Set(node.parents)].sort());
  return { id: node.id, type: node.type, parents, data, bytes, requires: verdict.requires ?? [] };
}

function checkedEdge(registry: GraphRegistry, edge: ArtifactEdge): EdgeRow {
  if (!Object.hasOwn(registry.relations, edge.rel)) {
    throw new FactoryError("INVALID_ARGUMENT", `The relation "${edge.rel}" is not registered.`, { ...edge });
  }
  return {
    source: edge.source,
    rel: edge.rel,
    target: edge.target,
    props: canonicalText(edge.props ?? {}, `The properties of ${edge.source} ${edge.rel} ${edge.target}`),
  };
}

function canonicalText(value: unknown, what: string): string {
  try {
    return canonicalJson(value);
  } catch (err) {
    throw new FactoryError("INVALID_ARGUMENT", `${what} cannot be said in JSON: ${err instanceof Error ? err.message : String(err)}`);
  }
}

/** Rows that are not stored yet, each id once. @throws FactoryError INTEGRITY for other content under a known id. */
function unknownNodes({ sql, namespace }: AppendDeps, rows: readonly NodeRow[]): NodeRow[] {
  const stored = sql
    .exec<{ id: string; type: string; namespace: string; parents: string; data: string }>(
      "SELECT id, type, namespace, parents, data FROM nodes WHERE id IN (SELECT value FROM json_each(?))",
      JSON.stringify(rows.map(({ id }) => id)),
    )
    .toArray();
  const foreign = stored.find((row) => row.namespace !== namespace);
  if (foreign !== undefined) throw new FactoryError("INTEGRITY", `Node ${foreign.id} is there in another namespace.`, { id: foreign.id });
  const known = new Map<string, Pick<NodeRow, "type" | "parents" | "data">>(stored.map((row) => [row.id, row]));
  return rows.filter((row) => {
    const other = known.get(row.id);
    known.set(row.id, row);
    if (other === undefined) return true;
    if (other.type === row.type && other.parents === row.parents && other.data === row.data) return false;
    throw new FactoryError("INTEGRITY", `Node ${row.id} is there with other content; a correction is a new node.`, { id: row.id });
  });
}

/**
 * Edges that are not stored yet, each triple once. An edge of a new node is not looked for.
 *
 * @throws FactoryError INTEGRITY for other properties on a known triple.
 */
function unknownEdges(sql: SqlPort, rows: readonly EdgeRow[], newIds: ReadonlySet<string>): EdgeRow[] {
  const key = ({ source, rel, target }: Pick<EdgeRow, "source" | "rel" | "target">) => JSON.stringify([source, rel, target]);
  const perhapsStored = rows.filter(({ source, target }) => !newIds.has(source) && !newIds.has(target));
  const known = new Map(storedEdges(sql, perhapsStored).map((row) => [key(row), row.props]));
  return rows.filter((row) => {
    const other = known.get(key(row));
    known.set(key(row), row.props);
    if (other === undefined) return true;
    if (other === row.props) return false;
    throw new FactoryError("INTEGRITY", `The edge ${row.source} ${row.rel} ${row.target} is there with other properties.`, {
      source: row.source,
      rel: row.rel,
      target: row.target,
    });
  });
}

function storedEdges(sql: SqlPort, rows: readonly EdgeRow[]): { source: string; rel: string; target: string; props: string }[] {
  if (rows.length === 0) return [];
  // The order of a CROSS JOIN is kept: each triple is one look-up in the index of edges.
  return sql
    .exec<{ source: string; rel: string; target: string; props: string }>(
      `SELECT e.source, e.rel, e.target, e.props FROM json_each(?) AS triple
       CROSS JOIN edges AS e ON e.source = json_extract(triple.value, '$[0]') AND e.rel = json_extract(triple.value, '$[1]')
         AND e.target = json_extract(triple.value, '$[2]')`,
      JSON.stringify(rows.map(({ source, rel, target }) => [source, rel, target])),
    )
    .toArray();
}

/** A target that is already succeeded, in the store or by an edge of this call, has no second successor. */
function checkSuccession({ sql, registry }: AppendDeps, newEdges: readonly EdgeRow[]): void {
  const successions = newEdges.filter(({ rel }) => registry.relations[rel]?.succession === true);
  if (successions.length === 0) return;
  const key = (rel: string, target: string) => JSON.stringify([rel, target]);
  const present = sql
    .exec<{ source: string; rel: string; target: string }>(
      `SELECT e.source, e.rel, e.target FROM json_each(?) AS pair
       CROSS JOIN edges AS e ON e.target = json_extract(pair.value, '$[1]') AND e.rel = json_extract(pair.value, '$[0]')`,
      JSON.stringify(successions.map(({ rel, target }) => [rel, target])),
    )
    .toArray();
  const successors = new Map(present.map(({ source, rel, target }) => [key(rel, target), source]));
  for (const { source, rel, target } of successions) {
    const successor = successors.get(key(rel, target));
    if (successor !== undefined) {
      throw new FactoryError("STALE_TARGET", `${target} is succeeded by ${successor}; ${source} comes too late.`, { rel, target, successor, source });
    }
    successors.set(key(rel, target), source);
  }
}

/** Both ends of each edge and whatever an id requires exist by now, and the ends are of the relation's types. */
function checkEnds({ sql, namespace, registry }: AppendDeps, nodes: readonly NodeRow[], edges: readonly EdgeRow[]): void {
  const types = new Map(nodes.map(({ id, type }) => [id, type]));
  const referred = [...nodes.flatMap(({ requires }) => requires), ...edges.flatMap(({ source, target }) => [source, target])];
  const elsewhere = [...new Set(referred.filter((id) => !types.has(id)))];
  const rows =
    elsewhere.length === 0
      ? []
      : sql
          .exec<{ id: string; type: string }>(
            "SELECT n.id, n.type FROM json_each(?) AS one CROSS JOIN nodes AS n ON n.id = one.value WHERE n.namespace = ?",
            JSON.stringify(elsewhere),
            namespace,
          )
          .toArray();
  for (const { id, type } of rows) types.set(id, type);
  const missing = elsewhere.filter((id) => !types.has(id));
  if (missing.length > 0) {
    throw new FactoryError("INTEGRITY", `${missing.length} nodes that are referred to do not exist, among them ${missing[0]}.`, {
      missing: missing.slice(0, 20),
    });
  }
  for (const { source, rel, target } of edges) {
    const { from, to } = registry.relations[rel] ?? {};
    checkEnd(rel, "from", source, types.get(source), from);
    checkEnd(rel, "to", target, types.get(target), to);
  }
}

function checkEnd(rel: string, side: "from" | "to", id: string, type: string | undefined, allowed: readonly string[] | undefined): void {
  if (type === undefined || allowed === undefined || allowed.includes(type)) return;
  throw new FactoryError("INVALID_ARGUMENT", `"${rel}" goes ${side} ${allowed.join(" or ")}; ${id} is of type ${type}.`, { rel, id, type, allowed });
}
