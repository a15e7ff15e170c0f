/** Parts of the costs as bars. The same figures are in the table beside them. */
import { countText } from "../../../ui/figure-text.ts";
import { measureText, valueOf, type CostRow } from "./cost-rows.ts";
import type { Measure } from "./costs-search.ts";
import styles from "./cost-charts.module.css";

/** Bars that are drawn; the table has every part. */
const MAX_BARS = 20;

export function CostBars({ rows, measure, label }: { readonly rows: readonly CostRow[]; readonly measure: Measure; readonly label: string }) {
  const known = rows.flatMap(({ key, name, total }) => {
    const value = valueOf(total, measure);
    return value === null ? [] : [{ key, name, value }];
  });
  const bars = known.slice(0, MAX_BARS);
  const most = Math.max(...bars.map(({ value }) => value), 0);
  const left = [
    known.length > bars.length ? `${countText(known.length - bars.length, "smaller part")} in the table only` : "",
    rows.length > known.length ? `${countText(rows.length - known.length, "part")} without a known figure` : "",
  ].filter((text) => text !== "");
  return (
    <figure className={styles["figure"]} aria-label={label}>
      <ol className={styles["bars"]}>
        {bars.map(({ key, name, value }) => (
          <li key={key} className={styles["bar"]}>
            <span className={styles["name"]} title={name}>
              {name}
            </span>
            <span className={styles["track"]}>
              <span className={styles["fill"]} style={{ inlineSize: most === 0 ? 0 : `${(value / most) * 100}%` }} />
            </span>
            <span className={styles["value"]}>{measureText(value, measure)}</span>
          </li>
        ))}
      </ol>
      {left.length === 0 ? null : <figcaption>{left.join("; ")}</figcaption>}
    </figure>
  );
}
