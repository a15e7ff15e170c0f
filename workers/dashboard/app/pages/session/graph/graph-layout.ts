/**
 * Where the beads of a graph stand: a lane a team, a column a rank of dependency, so that work goes from left to right. It takes time
 * in the number of beads and edges, and the same graph always gives the same places.
 */

/** Sizes in pixels at zoom 1. */
export const NODE_WIDTH = 184;
export const NODE_HEIGHT = 50;
const COLUMN_GAP = 16;
const RANK_GAP = 60;
const ROW_GAP = 10;
const LANE_HEAD = 30;
const LANE_PAD = 14;
const LANE_GAP = 18;

/** A cell with more beads than this is wrapped into a block of columns. */
const UNWRAPPED_ROWS = 8;
/** Rows to columns of such a block: with these sizes it is about as wide as a screen for its height. */
const BLOCK_ROWS_PER_COLUMN = 2.2;

export type LayoutNode = { readonly id: string; readonly lane: string };
/** `to` waits for `from`. */
export type LayoutEdge = { readonly from: string; readonly to: string };
/** Something that stands in a lane of its own at the rank of a bead. */
export type LayoutNote = { readonly id: string; readonly lane: string; readonly of: string };

export type Place = { readonly x: number; readonly y: number };
export type Lane = { readonly id: string; readonly y: number; readonly width: number; readonly height: number };
export type GraphLayout = { readonly places: ReadonlyMap<string, Place>; readonly lanes: readonly Lane[]; readonly width: number; readonly height: number };

/** Places of all nodes. Edges to nodes that are not there are left out; a cycle does not keep its nodes from being placed. */
export function layoutGraph(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[], notes: readonly LayoutNote[] = []): GraphLayout {
  const graph = new Ranked(nodes, edges);
  const rankOfNote = ({ of }: LayoutNote): number => graph.ranks.get(of) ?? 0;
  const cells = new Cells();
  for (const { id, lane } of nodes) cells.add(lane, graph.ranks.get(id) ?? 0, id);
  const lanes = cells.lanesByMeanRank();
  for (const note of notes) cells.add(note.lane, rankOfNote(note), note.id);
  const allLanes = [...lanes, ...new Set(notes.map(({ lane }) => lane))];

  const rowsOfLane = new Map(allLanes.map((lane) => [lane, cells.rowsOf(lane)]));
  const columnX = cells.columnsOfRanks((lane) => rowsOfLane.get(lane) ?? 1);
  const width = columnX.end + LANE_PAD;
  const laneBoxes: Lane[] = [];
  let y = 0;
  for (const lane of allLanes) {
    const rows = rowsOfLane.get(lane) ?? 1;
    const height = LANE_HEAD + LANE_PAD + rows * (NODE_HEIGHT + ROW_GAP) - ROW_GAP;
    laneBoxes.push({ id: lane, y, width, height });
    y += height + LANE_GAP;
  }
  const places = new Map<string, Place>();
  // Left to right, so that what a node waits for has its place already.
  for (let rank = 0; rank < columnX.starts.length; rank++) {
    for (const lane of laneBoxes) {
      const ids = byParents(cells.at(lane.id, rank), graph, places);
      placeCell(ids, { x: columnX.starts[rank] ?? 0, y: lane.y + LANE_HEAD }, rowsOfLane.get(lane.id) ?? 1, places);
    }
  }
  return { places, lanes: laneBoxes, width, height: Math.max(0, y - LANE_GAP) };
}

function placeCell(ids: readonly string[], corner: Place, rows: number, places: Map<string, Place>): void {
  ids.forEach((id, index) => {
    const column = Math.floor(index / rows);
    places.set(id, { x: corner.x + column * (NODE_WIDTH + COLUMN_GAP), y: corner.y + (index % rows) * (NODE_HEIGHT + ROW_GAP) });
  });
}

/** In the order of the mean height of what they wait for, so that edges cross less; the others stay in the order they were given. */
function byParents(ids: readonly string[], graph: Ranked, places: ReadonlyMap<string, Place>): readonly string[] {
  const heights = new Map<string, number>();
  for (const id of ids) {
    const parents = (graph.parents.get(id) ?? []).flatMap((parent) => places.get(parent)?.y ?? []);
    if (parents.length > 0) heights.set(id, parents.reduce((sum, height) => sum + height, 0) / parents.length);
  }
  if (heights.size === 0) return ids;
  return ids.toSorted((one, other) => (heights.get(one) ?? Number.MAX_SAFE_INTEGER) - (heights.get(other) ?? Number.MAX_SAFE_INTEGER));
}

/** Longest way from a node that waits for nothing, for each node. */
class Ranked {
  readonly ranks = new Map<string, number>();
  readonly parents = new Map<string, string[]>();

  constructor(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]) {
    const children = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
    for (const { from, to } of edges) {
      if (!children.has(to) || from === to) continue;
      const siblings = children.get(from);
      if (siblings === undefined) continue;
      siblings.push(to);
      const parents = this.parents.get(to);
      if (parents === undefined) this.parents.set(to, [from]);
      else parents.push(from);
    }
    const open = new Map(nodes.map(({ id }) => [id, this.parents.get(id)?.length ?? 0]));
    const ready = nodes.filter(({ id }) => open.get(id) === 0).map(({ id }) => id);
    for (const id of ready) this.ranks.set(id, 0);
    for (let next = 0; next < ready.length; next++) {
      const id = ready[next] ?? "";
      for (const child of children.get(id) ?? []) {
        this.ranks.set(child, Math.max(this.ranks.get(child) ?? 0, (this.ranks.get(id) ?? 0) + 1));
        const left = (open.get(child) ?? 0) - 1;
        open.set(child, left);
        if (left === 0) ready.push(child);
      }
    }
  }
}

/** Which nodes share a lane and a rank. */
class Cells {
  readonly #lanes = new Map<string, string[][]>();
  #ranks = 0;

  add(lane: string, rank: number, id: string): void {
    const columns = this.#lanes.get(lane) ?? [];
    this.#lanes.set(lane, columns);
    while (columns.length <= rank) columns.push([]);
    columns[rank]?.push(id);
    this.#ranks = Math.max(this.#ranks, rank + 1);
  }

  at(lane: string, rank: number): readonly string[] {
    return this.#lanes.get(lane)?.[rank] ?? [];
  }

  /** Lanes whose work comes first are first. */
  lanesByMeanRank(): string[] {
    const means = [...this.#lanes].map(([lane, columns]) => {
      const count = columns.reduce((sum, ids) => sum + ids.length, 0);
      return { lane, mean: columns.reduce((sum, ids, rank) => sum + ids.length * rank, 0) / count };
    });
    return means.toSorted((one, other) => one.mean - other.mean).map(({ lane }) => lane);
  }

  rowsOf(lane: string): number {
    const most = Math.max(1, ...(this.#lanes.get(lane) ?? []).map(({ length }) => length));
    return most <= UNWRAPPED_ROWS ? most : Math.max(UNWRAPPED_ROWS, Math.ceil(Math.sqrt(most * BLOCK_ROWS_PER_COLUMN)));
  }

  columnsOfRanks(rowsOf: (lane: string) => number): { readonly starts: readonly number[]; readonly end: number } {
    const starts: number[] = [];
    let x = LANE_PAD;
    for (let rank = 0; rank < this.#ranks; rank++) {
      const columns = Math.max(1, ...[...this.#lanes].map(([lane, cells]) => Math.ceil((cells[rank]?.length ?? 0) / rowsOf(lane))));
      starts.push(x);
      x += columns * (NODE_WIDTH + COLUMN_GAP) - COLUMN_GAP + RANK_GAP;
    }
    return { starts, end: Math.max(LANE_PAD, x - RANK_GAP) };
  }
}
