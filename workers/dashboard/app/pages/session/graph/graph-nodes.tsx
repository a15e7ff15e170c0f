/** What stands in the graph: beads, questions of agents and the lanes behind them. Each bead follows its own state. */
import { Handle, Position, type NodeProps } from "@xyflow/react";
import { memo } from "react";
import { beadTone } from "../../../ui/state-badges.tsx";
import { useBead } from "../session-view.tsx";
import type { BeadFlowNode, LaneFlowNode, QuestionFlowNode } from "./flow-elements.ts";
import styles from "./graph-nodes.module.css";
import { standingText } from "./bead-text.ts";

/** Where edges meet a node. */
const Ends = memo(function Ends() {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} className={styles["end"] ?? ""} />
      <Handle type="source" position={Position.Right} isConnectable={false} className={styles["end"] ?? ""} />
    </>
  );
});

const BeadNode = memo(function BeadNode({ id, selected, data }: NodeProps<BeadFlowNode>) {
  const bead = useBead(id);
  const state = bead?.state ?? "BLOCKED";
  return (
    <div className={styles["bead"]} data-tone={beadTone(state)} data-state={state} data-selected={selected} data-outcome={data.outcome} data-added={data.added}>
      <Ends />
      <span className={styles["title"]}>{bead?.title ?? id}</span>
      <span className={styles["standing"]}>{bead === undefined ? "not told of yet" : standingText(bead)}</span>
    </div>
  );
});

const QuestionNode = memo(function QuestionNode({ data: { question, isOpen } }: NodeProps<QuestionFlowNode>) {
  return (
    <div className={styles["question"]} data-open={isOpen} title={question ?? undefined}>
      <Ends />
      <span className={styles["title"]}>{question ?? "–"}</span>
      <span className={styles["standing"]}>{isOpen ? "waits for an answer" : "answered"}</span>
    </div>
  );
});

const LaneNode = memo(function LaneNode({ data: { name } }: NodeProps<LaneFlowNode>) {
  return (
    <div className={styles["lane"]}>
      <span>{name}</span>
    </div>
  );
});

export const NODE_TYPES = { bead: BeadNode, question: QuestionNode, lane: LaneNode };

/** A bead in the small map of the whole graph. */
export const MapNode = memo(function MapNode({
  id,
  x,
  y,
  width,
  height,
}: {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}) {
  const bead = useBead(id);
  if (id.startsWith("lane ")) return null;
  return <rect className={styles["dot"]} data-tone={beadTone(bead?.state ?? "BLOCKED")} x={x} y={y} width={width} height={height} />;
});
