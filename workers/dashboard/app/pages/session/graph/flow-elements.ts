/** The drawn graph as elements of the flow. They say where things are; how a bead stands is read by its node, so that they stay the same. */
import { Position, type Edge, type Node } from "@xyflow/react";
import type { DrawnEdge, DrawnGraph } from "./drawn-graph.ts";
import { NODE_HEIGHT, NODE_WIDTH, type Place } from "./graph-layout.ts";

export type BeadFlowNode = Node<{ readonly outcome: boolean; readonly added: boolean }, "bead">;
export type QuestionFlowNode = Node<{ readonly question: string | null; readonly isOpen: boolean }, "question">;
export type LaneFlowNode = Node<{ readonly name: string }, "lane">;
export type FlowNode = BeadFlowNode | QuestionFlowNode | LaneFlowNode;

/** Where edges meet a node; told beforehand, so that edges to nodes out of sight are drawn too. */
const HANDLES = [
  { type: "target" as const, position: Position.Left, x: 0, y: NODE_HEIGHT / 2, width: 1, height: 1 },
  { type: "source" as const, position: Position.Right, x: NODE_WIDTH - 1, y: NODE_HEIGHT / 2, width: 1, height: 1 },
];

const size = { width: NODE_WIDTH, height: NODE_HEIGHT };
const NOWHERE: Place = { x: 0, y: 0 };

/** @param isFar - true where something else draws beads and questions, and the flow has them for their edges only */
export function flowNodes({ beads, questions, layout }: DrawnGraph, isFar: boolean): FlowNode[] {
  const placed = (id: string) => ({ id, position: layout.places.get(id) ?? NOWHERE, ...size, measured: size, handles: HANDLES, hidden: isFar });
  return [
    ...layout.lanes.map(({ id, y, width, height }): LaneFlowNode => {
      const box = { width, height };
      return { id: `lane ${id}`, type: "lane", position: { x: 0, y }, ...box, measured: box, handles: [], selectable: false, zIndex: -1, data: { name: id } };
    }),
    ...beads.map(({ id, outcome, added }): BeadFlowNode => ({ ...placed(id), type: "bead", data: { outcome, added } })),
    ...questions.map(({ id, question, isOpen }): QuestionFlowNode => ({ ...placed(id), type: "question", selectable: false, data: { question, isOpen } })),
  ];
}

/** More plain edges than this are a carpet from afar, which costs much and says nothing. */
const MOST_EDGES_FROM_AFAR = 400;

/**
 * Edges that are worth drawing: all of them from near, and from afar those that are not plain and those of the chosen bead.
 *
 * @param classOf - class of an edge of a kind; `true` for one of the chosen bead
 */
export function flowEdges(
  edges: readonly DrawnEdge[],
  {
    isFar,
    chosen,
    classOf,
  }: { readonly isFar: boolean; readonly chosen: string | undefined; readonly classOf: (kind: DrawnEdge["kind"], isChosen: boolean) => string },
): Edge[] {
  const isOfChosen = ({ from, to }: DrawnEdge): boolean => from === chosen || to === chosen;
  const isPlain = ({ kind }: DrawnEdge): boolean => kind === "dependency" || kind === "optional";
  const drawn = isFar && edges.length > MOST_EDGES_FROM_AFAR ? edges.filter((edge) => !isPlain(edge) || isOfChosen(edge)) : edges;
  return drawn.map((edge) => ({
    id: edge.id,
    source: edge.from,
    target: edge.to,
    className: classOf(edge.kind, isOfChosen(edge)),
    interactionWidth: 0,
  }));
}
