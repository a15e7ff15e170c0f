/** The causes or the effects of an artifact, the nearest first. */
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Button } from "../../../ui/button.tsx";
import { countText } from "../../../ui/figure-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { SkeletonLines } from "../../../ui/states.tsx";
import { layersOf, relationWords, typeWords, type Layer, type LayerNode } from "./lineage-layers.ts";
import type { LineageGraph } from "./lineage-query.ts";
import { trailAfter } from "./lineage-trail.ts";
import styles from "./layers-panel.module.css";

/** Artifacts of a layer that are shown before the rest is asked for. */
const SHOWN_AT_FIRST = 12;

export type LayersPanelProps = {
  readonly direction: "causes" | "effects";
  readonly artifactId: string;
  /** Null while it is on its way. */
  readonly graph: LineageGraph | null;
  readonly trail: readonly string[];
  /** Walks further; null when the walk is as far as it goes. */
  readonly onMore: (() => void) | null;
};

const WORDS = {
  causes: { title: "Why: its causes", none: "Nothing caused it: it is where the lineage begins." },
  effects: { title: "Impact: what depends on it", none: "Nothing depends on it." },
} as const;

export function LayersPanel({ direction, artifactId, graph, trail, onMore }: LayersPanelProps) {
  const layers = useMemo(() => (graph === null ? [] : layersOf(graph, artifactId, direction)), [graph, artifactId, direction]);
  const count = layers.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const { title, none } = WORDS[direction];
  return (
    <Panel title={title} flush actions={graph === null ? null : <span className={styles["count"]}>{`${count}${graph.truncated ? "+" : ""}`}</span>}>
      <div data-column={direction} className={styles["layers"]}>
        {graph === null ? <SkeletonLines lines={6} label={`Loading the ${direction}`} /> : null}
        {graph !== null && count === 0 ? <p className={styles["none"]}>{none}</p> : null}
        {layers.map((layer) => (
          <LayerList key={layer.distance} layer={layer} artifactId={artifactId} trail={trail} />
        ))}
        {graph?.truncated === true ? (
          <div className={styles["cut"]}>
            <p>There is more: the walk stopped after {countText(graph.nodes.length, "artifact")}.</p>
            {onMore === null ? <p>Choose an artifact to go on from it.</p> : <Button onPress={onMore}>Walk further</Button>}
          </div>
        ) : null}
      </div>
    </Panel>
  );
}

type LayerProps = { readonly layer: Layer; readonly artifactId: string; readonly trail: readonly string[] };

function LayerList({ layer: { distance, nodes }, artifactId, trail }: LayerProps) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? nodes : nodes.slice(0, SHOWN_AT_FIRST);
  const words = distance === 1 ? "directly" : `${distance} relations away`;
  return (
    <div>
      <h3 className={styles["distance"]}>{words}</h3>
      <ul>
        {shown.map((node) => (
          <li key={node.id}>
            <NodeLink node={node} isNear={distance === 1} artifactId={artifactId} trail={trail} />
          </li>
        ))}
      </ul>
      {shown.length === nodes.length ? null : (
        <div className={styles["rest"]}>
          <Button kind="quiet" onPress={() => setWhole(true)}>{`${nodes.length - shown.length} more`}</Button>
        </div>
      )}
    </div>
  );
}

type NodeProps = { readonly node: LayerNode; readonly isNear: boolean; readonly artifactId: string; readonly trail: readonly string[] };

function NodeLink({ node: { id, type, title, joints }, isNear, artifactId, trail }: NodeProps) {
  const way = trailAfter(trail, artifactId, id);
  return (
    <Link
      from="/sessions/$sessionId/lineage"
      search={{ artifact: id, ...(way.length === 0 ? {} : { trail: way }) }}
      resetScroll={false}
      preload={false}
      className={styles["node"]}
      data-node
    >
      <span className={styles["type"]}>{typeWords(type)}</span>
      <span className={styles["title"]}>{title === "" ? id : title}</span>
      {joints.map(({ rel, toId, toTitle }) => (
        <span key={`${rel} ${toId}`} className={styles["joint"]}>
          <em>{relationWords(rel)}</em>
          {isNear ? null : <span title={toTitle}>{toTitle}</span>}
        </span>
      ))}
    </Link>
  );
}
