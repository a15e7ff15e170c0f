/** What the databases of the objects take, by kind of object. */
import type { KindStorage } from "@factory/schemas/proto";
import { Database } from "lucide-react";
import { bytesText, countText } from "../../ui/figure-text.ts";
import { Panel } from "../../ui/panel.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { kindText } from "./operations-text.ts";
import styles from "./storage-panel.module.css";

export function StoragePanel({ storage }: { readonly storage: readonly KindStorage[] }) {
  const rows = storage.toSorted((a, b) => Number(b.bytes - a.bytes));
  const most = Math.max(1, ...rows.map(({ bytes }) => Number(bytes)));
  const sum = rows.reduce((bytes, row) => bytes + Number(row.bytes), 0);
  return (
    <Panel title="Storage" actions={rows.length === 0 ? null : <span className={styles["sum"]}>{bytesText(sum)} of the objects that answered</span>}>
      {rows.length === 0 ? (
        <EmptyState icon={Database} title="No storage is known">
          No object of an open session or of the organisation has answered.
        </EmptyState>
      ) : (
        <ul className={styles["kinds"]}>
          {rows.map((row) => (
            <Kind key={row.kind} row={row} share={Number(row.bytes) / most} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Kind({ row: { kind, objects, bytes, largestName, largestBytes }, share }: { readonly row: KindStorage; readonly share: number }) {
  return (
    <li className={styles["kind"]}>
      <span className={styles["name"]}>{kindText(kind)}</span>
      <span className={styles["figure"]}>{bytesText(Number(bytes))}</span>
      <span className={styles["track"]} aria-hidden>
        <span style={{ width: `${share * 100}%` }} />
      </span>
      <small title={largestName}>
        {countText(objects, "object")}
        {objects === 1 ? null : `, the largest ${bytesText(Number(largestBytes))}`}
      </small>
    </li>
  );
}
