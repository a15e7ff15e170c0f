/** The beads as a graph. Only what is in sight is in the page; a bead that changes renders itself and nothing else. */
import "@xyflow/react/dist/base.css";
import { MiniMap, Panel, ReactFlow, ReactFlowProvider, useReactFlow, useStore, type NodeMouseHandler } from "@xyflow/react";
import { Maximize, Minus, Plus } from "lucide-react";
import { useEffect, useMemo } from "react";
import { IconButton } from "../../../ui/button.tsx";
import styles from "./bead-graph.module.css";
import { FarLayer } from "./far-layer.tsx";
import type { DrawnEdge, DrawnGraph } from "./drawn-graph.ts";
import { flowEdges, flowNodes, type FlowNode } from "./flow-elements.ts";
import { NODE_HEIGHT, NODE_WIDTH } from "./graph-layout.ts";
import { MapNode, NODE_TYPES } from "./graph-nodes.tsx";

/** Below this zoom no text of a large graph can be read, and none is drawn. */
const FAR_ZOOM = 0.4;
const MIN_ZOOM = 0.04;
const MAX_ZOOM = 1.5;
/** A larger graph opens at its beginning, where it can be read, and not as a whole. */
const MOST_FITTED = 150;
const READABLE_ZOOM = 0.8;
const MOVE_MS = 200;
/** Below this zoom a graph is not made smaller for the pane: its beads could hardly be read. */
const SMALLEST_FITTED_ZOOM = 0.55;
const FIT = { padding: 0.06, maxZoom: 1 } as const;
const FIT_READABLY = { ...FIT, minZoom: SMALLEST_FITTED_ZOOM } as const;

type Props = { readonly drawn: DrawnGraph; readonly chosen: string | undefined; readonly onChoose: (beadId: string | undefined) => void };

export function BeadGraph(props: Props) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

const isFarOf = ({ transform: [, , zoom] }: { readonly transform: readonly [number, number, number] }): boolean => zoom < FAR_ZOOM;

const classOf = (kind: DrawnEdge["kind"], isChosen: boolean): string => `${styles[kind]} ${isChosen ? styles["chosen"] : ""}`;

function Flow({ drawn, chosen, onChoose }: Props) {
  const isFitted = drawn.beads.length <= MOST_FITTED;
  const isFar = useStore(isFarOf) && !isFitted;
  const placed = useMemo(() => flowNodes(drawn, isFar), [drawn, isFar]);
  const nodes = useMemo(() => placed.map((node) => (node.id === chosen ? { ...node, selected: true } : node)), [placed, chosen]);
  const edges = useMemo(() => flowEdges(drawn.edges, { isFar, chosen, classOf }), [drawn.edges, isFar, chosen]);
  const choose: NodeMouseHandler<FlowNode> = (_event, { id, type }) => {
    if (type === "bead") onChoose(id === chosen ? undefined : id);
  };
  return (
    <section className={styles["graph"]} aria-label="Graph of the beads; the list has the same beads for the keyboard">
      <ReactFlow<FlowNode>
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onlyRenderVisibleElements
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        onNodeClick={choose}
        fitView={isFitted}
        fitViewOptions={FIT_READABLY}
        defaultViewport={{ x: 12, y: 12, zoom: READABLE_ZOOM }}
        minZoom={MIN_ZOOM}
        maxZoom={MAX_ZOOM}
      >
        <ZoomPanel />
        <InSight drawn={drawn} chosen={chosen} isFitted={isFitted} />
        {isFar ? <FarLayer drawn={drawn} chosen={chosen} onChoose={onChoose} /> : null}
        {isFitted || isFar ? null : <MiniMap<FlowNode> nodeComponent={MapNode} pannable zoomable ariaLabel="The whole graph" className={styles["map"] ?? ""} />}
      </ReactFlow>
    </section>
  );
}

function ZoomPanel() {
  const { zoomIn, zoomOut, fitView } = useReactFlow();
  return (
    <Panel position="top-right" className={styles["zoom"] ?? ""}>
      <IconButton label="Zoom in" icon={Plus} onPress={() => void zoomIn({ duration: MOVE_MS })} />
      <IconButton label="Zoom out" icon={Minus} onPress={() => void zoomOut({ duration: MOVE_MS })} />
      <IconButton label="Show all of it" icon={Maximize} onPress={() => void fitView({ ...FIT, duration: MOVE_MS })} />
    </Panel>
  );
}

function InSight({ drawn, chosen, isFitted }: Pick<Props, "drawn" | "chosen"> & { readonly isFitted: boolean }) {
  const width = useStore((state) => state.width);
  const fits = isFitted && width >= drawn.layout.width * SMALLEST_FITTED_ZOOM;
  return fits ? <FittedToPane /> : <ChosenInSight drawn={drawn} chosen={chosen} />;
}

/** A graph that is shown as a whole stays whole when a bead is opened beside it. */
function FittedToPane() {
  const { fitView, viewportInitialized } = useReactFlow();
  const width = useStore((state) => state.width);
  useEffect(() => {
    if (viewportInitialized && width > 0) void fitView(FIT);
  }, [fitView, viewportInitialized, width]);
  return null;
}

/** A bead that the address or the list has chosen is brought into sight; one that is in sight stays where it is. */
function ChosenInSight({ drawn, chosen }: Pick<Props, "drawn" | "chosen">) {
  const { setCenter, getViewport, viewportInitialized } = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const place = chosen === undefined ? undefined : drawn.layout.places.get(chosen);
  useEffect(() => {
    if (place === undefined || !viewportInitialized || width === 0) return;
    const { x, y, zoom } = getViewport();
    const [left, top] = [place.x * zoom + x, place.y * zoom + y];
    const isInSight = zoom >= FAR_ZOOM && left >= 0 && top >= 0 && left + NODE_WIDTH * zoom <= width && top + NODE_HEIGHT * zoom <= height;
    if (isInSight) return;
    void setCenter(place.x + NODE_WIDTH / 2, place.y + NODE_HEIGHT / 2, { zoom: Math.max(zoom, READABLE_ZOOM), duration: MOVE_MS });
  }, [place, viewportInitialized, width, height, getViewport, setCenter]);
  return null;
}
