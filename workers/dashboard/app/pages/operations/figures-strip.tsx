/** The figures that say at a glance how the factory does. */
import type { OperationsResponse } from "@factory/schemas/proto";
import type { ReactNode } from "react";
import { countText } from "../../ui/figure-text.ts";
import { Skeleton } from "../../ui/states.tsx";
import { figuresOf, type StripFigure } from "./figures-strip-text.ts";
import { LevelBadge } from "./level-badge.tsx";
import type { Finding } from "./operations-findings.ts";
import { seriesOf, type OperationsHistory } from "./operations-history.ts";
import { Sparkline } from "./sparkline.tsx";
import styles from "./figures-strip.module.css";

export type FiguresStripProps = { readonly answer: OperationsResponse; readonly history: OperationsHistory; readonly findings: readonly Finding[] };

export function FiguresStrip({ answer, history, findings }: FiguresStripProps) {
  const { workers, letters, rescues, leases, outbox, lag } = figuresOf(answer, findings);
  return (
    <dl className={styles["strip"]} aria-label={`Figures of ${countText(answer.sessions.length, "open session")}`}>
      <Tile figure={workers} />
      <Tile figure={letters} />
      <Tile figure={rescues} />
      <Tile figure={leases} chart={<Sparkline series={seriesOf(history, "leases")} />} />
      <Tile figure={outbox} chart={<Sparkline series={seriesOf(history, "pending")} />} />
      <Tile figure={lag} chart={<Sparkline series={seriesOf(history, "behind")} />} />
    </dl>
  );
}

function Tile({ figure: { name, value, unit, notes, level }, chart }: { readonly figure: StripFigure; readonly chart?: ReactNode }) {
  return (
    <div className={styles["tile"]} data-level={level}>
      <dt>
        {name}
        <LevelBadge level={level} />
      </dt>
      <dd className={styles["value"]}>
        {value} <small>{unit}</small>
      </dd>
      <dd className={styles["notes"]}>
        {notes.map((note) => (
          <span key={note}>{note}</span>
        ))}
      </dd>
      {chart === undefined ? null : <dd>{chart}</dd>}
    </div>
  );
}

/** Takes the room of the figures until they are there. */
export function FiguresStripSkeleton() {
  return (
    <div className={styles["strip"]} role="status" aria-label="Asking how the factory does">
      {Array.from({ length: 6 }, (_, index) => (
        <div key={index} className={`${styles["tile"]} ${index < 3 ? styles["short"] : styles["tall"]}`}>
          <Skeleton width="45%" />
          <Skeleton width="30%" height="1.5rem" />
          <Skeleton width="75%" />
        </div>
      ))}
    </div>
  );
}
