/** A list of any length of which only the rows in view are on the page. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ListTree } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { Button } from "../../../ui/button.tsx";
import { EmptyState } from "../../../ui/states.tsx";
import type { LogRows } from "./log-rows.ts";
import styles from "./timeline-list.module.css";
import { TimelineRow } from "./timeline-row.tsx";
import { useFollowedEnd } from "./use-followed-end.ts";

const ROW_PX = 34;
const OVERSCAN_ROWS = 12;

export type TimelineListProps = {
  readonly rows: LogRows;
  /** `seq` of the event to begin at, opened; null for the newest. */
  readonly beginAt: number | null;
  readonly isClosed: boolean;
};

export function TimelineList({ rows, beginAt, isClosed }: TimelineListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<number>>(() => new Set(beginAt === null ? [] : [beginAt]));
  const { count } = rows;
  const list = useVirtualizer({ count, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: OVERSCAN_ROWS });
  const end = useFollowedEnd(list, count, beginAt === null);
  const items = list.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => rows.want(first, last), [rows, first, last]);
  useLayoutEffect(() => {
    if (beginAt !== null && beginAt <= count) list.scrollToIndex(beginAt - 1, { align: "center" });
    // Once the log is known to reach it; later growth does not bring the reader back.
  }, [beginAt, beginAt !== null && beginAt <= count, list]);

  const toggle = (seq: number): void => {
    end.leave();
    setOpen((before) => (before.has(seq) ? new Set([...before].filter((other) => other !== seq)) : new Set([...before, seq])));
  };
  const focusRow = (index: number): void => {
    list.scrollToIndex(index, { align: "auto" });
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLButtonElement>(`[data-row="${index}"]`)?.focus());
  };
  const onKeyDown = (press: KeyboardEvent<HTMLDivElement>): void => {
    const from = press.target instanceof HTMLElement ? press.target.dataset["row"] : undefined;
    if (from === undefined) return;
    const to = rowAfterKey(press.key, Number(from), count);
    if (to === null) return;
    press.preventDefault();
    if (press.key === "End") end.jump();
    focusRow(to);
  };

  return (
    <div className={styles["frame"]}>
      <div ref={scroller} className={styles["scroller"]} onKeyDown={onKeyDown} role="region" aria-label="Events of the log" tabIndex={0}>
        {count === 0 ? <NoEvents isReading={rows.readToSeq !== null && rows.readToSeq < rows.tip} /> : null}
        <ol className={styles["list"]} style={{ height: list.getTotalSize() }}>
          {items.map(({ index, start, key }) => (
            <li
              key={key}
              ref={list.measureElement}
              data-index={index}
              className={styles["item"]}
              style={{ transform: `translateY(${start}px)` }}
              aria-posinset={index + 1}
              aria-setsize={count}
            >
              <TimelineRow index={index} event={rows.at(index)} isOpen={open.has(rows.at(index)?.seq ?? 0)} onToggle={toggle} />
            </li>
          ))}
        </ol>
      </div>
      {end.isFollowing || count === 0 ? null : (
        <div className={styles["jump"]}>
          <Button kind="primary" icon={ArrowDown} onPress={end.jump}>
            {isClosed ? "Jump to the end" : "Jump to newest"}
          </Button>
        </div>
      )}
    </div>
  );
}

/** The row that a key leads to; null for a key that leads nowhere. */
function rowAfterKey(key: string, from: number, count: number): number | null {
  switch (key) {
    case "ArrowDown":
      return Math.min(from + 1, count - 1);
    case "ArrowUp":
      return Math.max(from - 1, 0);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}

function NoEvents({ isReading }: { readonly isReading: boolean }) {
  return isReading ? null : (
    <EmptyState icon={ListTree} title="No event passes the filter">
      Choose other kinds above, or none to see all of the log.
    </EmptyState>
  );
}
