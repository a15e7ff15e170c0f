/**
 * The beads from afar: each is a square of its colour. Thousands of nodes of the flow would be laid out and painted anew for each
 * change; of squares the browser paints those that change.
 */
import { useStore, ViewportPortal } from "@xyflow/react";
import { memo } from "react";
import { beadTone } from "../../../ui/state-badges.tsx";
import { useBead } from "../session-view.tsx";
import type { DrawnGraph } from "./drawn-graph.ts";
import styles from "./far-layer.module.css";
import { NODE_HEIGHT, NODE_WIDTH, type Lane } from "./graph-layout.ts";

type Props = { readonly drawn: DrawnGraph; readonly chosen: string | undefined; readonly onChoose: (beadId: string | undefined) => void };

export function FarLayer({ drawn: { beads, questions, layout }, chosen, onChoose }: Props) {
  const { places, lanes, width, height } = layout;
  const isOpen = new Map(questions.map((question) => [question.id, question.isOpen]));
  return (
    <ViewportPortal>
      {/* The list has the same beads for the keyboard and for those who do not see the squares. */}
      <svg className={styles["far"]} width={width} height={height} aria-hidden onClick={({ target }) => chooseOf(target, onChoose)}>
        {beads.map(({ id }) => (
          <BeadSquare key={id} id={id} x={places.get(id)?.x ?? 0} y={places.get(id)?.y ?? 0} isChosen={id === chosen} />
        ))}
        {questions.map(({ id }) => (
          <rect
            key={id}
            data-tone={isOpen.get(id) === true ? "warn" : "idle"}
            x={places.get(id)?.x}
            y={places.get(id)?.y}
            width={NODE_WIDTH}
            height={NODE_HEIGHT}
          />
        ))}
        <LaneNames lanes={lanes} />
      </svg>
    </ViewportPortal>
  );
}

function chooseOf(target: EventTarget, onChoose: Props["onChoose"]): void {
  const beadId = target instanceof SVGElement ? target.dataset["bead"] : undefined;
  if (beadId !== undefined) onChoose(beadId);
}

type SquareProps = { readonly id: string; readonly x: number; readonly y: number; readonly isChosen: boolean };

const BeadSquare = memo(function BeadSquare({ id, x, y, isChosen }: SquareProps) {
  const state = useBead(id)?.state ?? "BLOCKED";
  return <rect data-bead={id} data-tone={beadTone(state)} data-state={state} data-chosen={isChosen} x={x} y={y} width={NODE_WIDTH} height={NODE_HEIGHT} />;
});

/** Size of a lane's name on the screen, in pixels. */
const NAME_PX = 12;

/** The names keep their size whatever the zoom. */
function LaneNames({ lanes }: { readonly lanes: readonly Lane[] }) {
  const zoom = useStore(({ transform }) => transform[2]);
  const size = NAME_PX / zoom;
  return lanes.map(({ id, y }) => (
    <text key={id} x={size / 2} y={y + size} fontSize={size} strokeWidth={size / 4}>
      {id}
    </text>
  ));
}
