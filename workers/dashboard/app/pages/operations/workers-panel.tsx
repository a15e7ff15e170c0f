/** The Workers, as each says of itself. */
import type { WorkerHealth } from "@factory/schemas/proto";
import { ServerOff } from "lucide-react";
import { Badge } from "../../ui/badge.tsx";
import { Panel } from "../../ui/panel.tsx";
import { EmptyState } from "../../ui/states.tsx";
import styles from "./workers-panel.module.css";

export function WorkersPanel({ workers }: { readonly workers: readonly WorkerHealth[] }) {
  return (
    <Panel title="Workers">
      {workers.length === 0 ? (
        <EmptyState icon={ServerOff} title="No Worker was asked">
          The gateway has no other Worker beside it. Look at how it was deployed.
        </EmptyState>
      ) : (
        <ul className={styles["workers"]}>
          {workers.map(({ worker, ok, detail }) => (
            <li key={worker}>
              <span>{worker}</span>
              <Badge tone={ok ? "good" : "bad"}>{ok ? "ok" : "not ok"}</Badge>
              {detail === undefined ? null : <p>{detail}</p>}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
