/** The rows of the list of sessions: a table where there is room, cards on a phone. */
import { Link } from "@tanstack/react-router";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState, type PointerEvent } from "react";
import { Age } from "../../ui/figures.tsx";
import { Skeleton } from "../../ui/states.tsx";
import { ProblemBadge, SessionBadge } from "../../ui/state-badges.tsx";
import { Cost, Progress } from "./row-cells.tsx";
import styles from "./sessions.module.css";
import type { SessionRow } from "./use-session-list.ts";

/** Lists up to this length are in the page whole, so that a browser's own search finds every row. */
const WHOLE_UP_TO = 120;
/** Height of a row before it was measured, in pixels. */
const ROW_PX = 57;
/** How long a change is shown as one, in milliseconds. */
const CHANGED_MS = 1_800;

const HEADS = ["Session", "State", "Problems", "Beads", "Cost", "Age", "Changed"] as const;

export type SessionTableProps = {
  readonly rows: readonly SessionRow[];
  readonly gone: ReadonlySet<string>;
  readonly isChanging: boolean;
  /** Index of the row that the keyboard is at; null when it is at none. */
  readonly current: number | null;
  readonly onSeen: (lastIndex: number) => void;
  readonly onInside: (inside: boolean) => void;
};

export function SessionTable({ rows, gone, isChanging, current, onSeen, onInside }: SessionTableProps) {
  const body = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const isLong = rows.length > WHOLE_UP_TO;
  const virtual = useWindowVirtualizer({
    count: rows.length,
    enabled: isLong,
    estimateSize: () => ROW_PX,
    overscan: 12,
    scrollMargin: margin,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  useLayoutEffect(() => setMargin(body.current?.offsetTop ?? 0), []);
  const items = virtual.getVirtualItems();
  const last = isLong ? (items.at(-1)?.index ?? 0) : rows.length - 1;
  const tellSeen = useEffectEvent(onSeen);
  useEffect(() => tellSeen(last), [last]);
  const showRow = useEffectEvent((index: number) => {
    if (isLong) virtual.scrollToIndex(index);
    // The row may be made by the scrolling only.
    requestAnimationFrame(() => body.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`)?.focus());
  });
  useEffect(() => {
    if (current !== null) showRow(current);
  }, [current]);
  const onPointer = (inside: boolean) => (event: PointerEvent) => {
    if (event.pointerType === "mouse") onInside(inside);
  };
  const first = items[0];
  return (
    <div
      role="table"
      aria-label="Sessions"
      aria-rowcount={rows.length + 1}
      aria-busy={isChanging}
      className={styles["table"]}
      data-changing={isChanging || undefined}
      onPointerEnter={onPointer(true)}
      onPointerLeave={onPointer(false)}
    >
      <TableHead />
      <div ref={body} role="rowgroup" style={isLong ? { height: virtual.getTotalSize() } : undefined}>
        <div style={isLong && first !== undefined ? { transform: `translateY(${first.start - margin}px)` } : undefined} role="presentation">
          {isLong
            ? items.map(({ index, key }) => {
                const row = rows[index];
                return row === undefined ? null : <Row key={key} row={row} index={index} isGone={gone.has(row.id)} measure={virtual.measureElement} />;
              })
            : rows.map((row, index) => <Row key={row.id} row={row} index={index} isGone={gone.has(row.id)} />)}
        </div>
      </div>
    </div>
  );
}

function TableHead() {
  return (
    <div role="rowgroup" className={styles["head"]}>
      <div role="row" className={styles["row"]}>
        {HEADS.map((head) => (
          <span key={head} role="columnheader">
            {head}
          </span>
        ))}
      </div>
    </div>
  );
}

type RowProps = { readonly row: SessionRow; readonly index: number; readonly isGone: boolean; readonly measure?: (element: HTMLElement | null) => void };

function Row({ row, index, isGone, measure }: RowProps) {
  const { id, title, workOrderId, assemblyId, state, problems, beadCounts, costs, startedAt, updatedAt, reason } = row;
  const changed = useChanged(`${state} ${problems.join()}`);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      ref={measure}
      data-index={index}
      data-gone={isGone || undefined}
      data-changed={changed || undefined}
      className={styles["row"]}
      title={isGone ? "It no longer fits the filters, and shows what was last known of it." : undefined}
    >
      <div role="cell" className={styles["session"]}>
        <Link to="/sessions/$sessionId" params={{ sessionId: id }} className={styles["link"]}>
          {title ?? id}
        </Link>
        <span className={styles["origin"]} title={reason ?? undefined}>
          {assemblyId} · <code>{workOrderId}</code>
        </span>
      </div>
      <div role="cell" className={styles["state"]}>
        <SessionBadge state={state} />
      </div>
      <div role="cell" className={styles["problems"]}>
        {problems.map((problem) => (
          <ProblemBadge key={problem} problem={problem} />
        ))}
      </div>
      <div role="cell" className={styles["beads"]} data-label="beads">
        <Progress counts={beadCounts} />
      </div>
      <div role="cell" className={styles["figure"]} data-label="cost">
        <Cost costs={costs} />
      </div>
      <div role="cell" className={styles["figure"]} data-label="started">
        <Age at={startedAt} />
      </div>
      <div role="cell" className={styles["figure"]} data-label="changed">
        <Age at={updatedAt} />
      </div>
    </div>
  );
}

/** True for a moment after the value has become another one. */
function useChanged(value: string): boolean {
  const [before, setBefore] = useState(value);
  useEffect(() => {
    if (value === before) return undefined;
    const timer = setTimeout(() => setBefore(value), CHANGED_MS);
    return () => clearTimeout(timer);
  }, [value, before]);
  return value !== before;
}

/** Rows that are on their way. */
export function SessionTableSkeleton() {
  return (
    <div role="status" aria-label="Loading sessions" className={styles["table"]}>
      <div className={styles["head"]} aria-hidden>
        <div className={styles["row"]}>
          {HEADS.map((head) => (
            <span key={head}>{head}</span>
          ))}
        </div>
      </div>
      {Array.from({ length: 8 }, (_, index) => (
        <div key={index} className={styles["row"]}>
          <div className={styles["session"]}>
            <Skeleton width={`${45 + ((index * 17) % 40)}%`} height="1.1rem" />
            <Skeleton width="35%" height="0.8rem" />
          </div>
          <div className={styles["state"]}>
            <Skeleton width="5.5rem" height="1.2rem" />
          </div>
        </div>
      ))}
    </div>
  );
}
