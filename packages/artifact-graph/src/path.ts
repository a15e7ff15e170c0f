/**
 * Paths that follow exactly the given steps. The nodes that can be reached after each number of steps are found first,
 * each once, so a cycle or a web of diamonds costs no more than its edges; paths are then read back from their ends.
 */
import type { SqlPort } from "@factory/durable";
import type { PathStep } from "@factory/schemas/rpc";
import type { EdgeRow } from "./node-rows.ts";

/** Nodes of a path from its start to its end, and the edge of each step. */
export type IdPath = { readonly ids: readonly string[]; readonly edges: readonly EdgeRow[] };

/** Bounds of a search. */
export interface PathLimits {
  readonly paths: number;
  /** Edges looked at for one step. */
  readonly edges: number;
}

/** An edge that a step may take, and the place in the order of writing of the node it arrives at. */
type Arrival = EdgeRow & { readonly arrived: number };

/** For one step: by the node it arrives at, the edges that arrive there, newest first. */
type Layer = ReadonlyMap<string, readonly Arrival[]>;

/** Nodes expanded by one statement: a parameter of some 15 KB. */
const FRONTIER_CHUNK = 500;

/**
 * Paths from `start`, newest end first; of one end those over newer edges first.
 *
 * @returns `truncated` when there are more paths, or when a step had more edges than the search looks at
 */
export function pathsOver(
  sql: SqlPort,
  start: string,
  steps: readonly PathStep[],
  limits: PathLimits,
): { readonly paths: readonly IdPath[]; readonly truncated: boolean } {
  const layers: Layer[] = [];
  let truncated = false;
  let frontier: readonly string[] = [start];
  for (const step of steps) {
    const arrivals = arrivalsAt(sql, frontier, step, limits.edges + 1);
    truncated ||= arrivals.length > limits.edges;
    const layer = layerOf(step, arrivals.slice(0, limits.edges));
    layers.push(layer);
    frontier = [...layer.keys()];
  }
  const paths: IdPath[] = [];
  for (const path of endToStart(steps, layers, newestFirst(frontier, layers.at(-1)))) {
    if (paths.length === limits.paths) return { paths, truncated: true };
    paths.push(path);
  }
  return { paths, truncated };
}

/** The node that a step over the edge arrives at. */
function arrivalOf({ direction }: PathStep, edge: EdgeRow): string {
  return direction === "backward" ? edge.source : edge.target;
}

function departureOf({ direction }: PathStep, edge: EdgeRow): string {
  return direction === "backward" ? edge.target : edge.source;
}

function layerOf(step: PathStep, arrivals: readonly Arrival[]): Layer {
  const layer = new Map<string, Arrival[]>();
  for (const arrival of [...arrivals].sort((a, b) => b.position - a.position)) {
    const node = arrivalOf(step, arrival);
    const known = layer.get(node);
    if (known === undefined) layer.set(node, [arrival]);
    else known.push(arrival);
  }
  return layer;
}

function newestFirst(ends: readonly string[], last: Layer | undefined): readonly string[] {
  const written = (id: string) => last?.get(id)?.[0]?.arrived ?? 0;
  return [...ends].sort((a, b) => written(b) - written(a));
}

/** Paths to each end in turn. Every node of a layer is reached from the start, so no branch ends without a path. */
function* endToStart(steps: readonly PathStep[], layers: readonly Layer[], ends: readonly string[]): Generator<IdPath> {
  const step = steps[layers.length - 1];
  const before = layers.slice(0, -1);
  for (const end of ends) {
    if (step === undefined) yield { ids: [end], edges: [] };
    else
      for (const edge of layers.at(-1)?.get(end) ?? []) {
        for (const { ids, edges } of endToStart(steps, before, [departureOf(step, edge)])) yield { ids: [...ids, end], edges: [...edges, edge] };
      }
  }
}

/** Edges that a step may take from the given nodes, at most `limit`. Index look-ups only. */
function arrivalsAt(sql: SqlPort, ids: readonly string[], step: PathStep, limit: number): Arrival[] {
  const [near, far] = step.direction === "backward" ? ["target", "source"] : ["source", "target"];
  const arrivals: Arrival[] = [];
  for (let from = 0; from < ids.length && arrivals.length < limit; from += FRONTIER_CHUNK) {
    const rows = sql
      .exec<Arrival>(
        `SELECT e.position, e.source, e.rel, e.target, e.props, e.created_at, n.position AS arrived FROM json_each(?1) AS at
           CROSS JOIN edges AS e ON e.${near} = at.value AND e.rel = ?2
           CROSS JOIN nodes AS n ON n.id = e.${far}
         WHERE ?3 IS NULL OR n.type = ?3
         LIMIT ?4`,
        JSON.stringify(ids.slice(from, from + FRONTIER_CHUNK)),
        step.rel,
        step.targetType ?? null,
        limit - arrivals.length,
      )
      .toArray();
    arrivals.push(...rows);
  }
  return arrivals;
}
