/** A figure since the page was opened, as a small chart with the same in words under it. */
import { useMemo } from "react";
import { countText } from "../../ui/figure-text.ts";
import { rangeOf, type SeriesPoint } from "./operations-history.ts";
import { SPARK_HEIGHT, SPARK_WIDTH, sparkShapes } from "./sparkline-shapes.ts";
import styles from "./sparkline.module.css";

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

export function Sparkline({ series }: { readonly series: readonly SeriesPoint[] }) {
  const shapes = useMemo(() => sparkShapes(series), [series]);
  const range = rangeOf(series);
  const unknown = series.filter(({ value }) => value === null).length;
  return (
    <figure className={styles["spark"]}>
      {/* The words below say what it shows. */}
      <svg viewBox={`0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`} preserveAspectRatio="none" aria-hidden>
        <path d={shapes.area} className={styles["area"]} />
        <path d={shapes.line} className={styles["line"]} />
        {shapes.dots.map(({ x, y }) => (
          <path key={x} d={`M${x},${y}h0.01`} className={styles["dot"]} />
        ))}
      </svg>
      <figcaption>
        {range === null ? "no figure yet" : `${range.min} to ${range.max} since ${clock.format(range.since)}`}
        {unknown === 0 ? null : `, ${countText(unknown, "answer")} without it`}
      </figcaption>
    </figure>
  );
}
