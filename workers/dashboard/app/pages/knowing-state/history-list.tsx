/** What changed, when, by whom and why: the last first. */
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { GovernanceEntry } from "@factory/schemas/proto";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Age } from "../../ui/figures.tsx";
import styles from "./knowing-state.module.css";

const TONES: { readonly [type: string]: Tone } = { policy: "accent", trust: "good", consent: "busy" };

export function HistoryList({ entries }: { readonly entries: readonly GovernanceEntry[] }) {
  if (entries.length === 0) return <p className={styles["none"]}>Nothing was ever written for this role.</p>;
  return (
    <ol className={styles["history"]}>
      {entries.map(({ beadId, type, subject, summary, writtenBy, writtenAt }) => (
        <li key={beadId}>
          <p className={styles["entry"]}>
            <Badge tone={TONES[type] ?? "idle"}>{type}</Badge>
            <strong>{subject}</strong>
            <span>
              by {writtenBy}, <Age at={writtenAt === undefined ? null : timestampDate(writtenAt).toISOString()} />
            </span>
          </p>
          <p className={styles["summary"]}>{summary}</p>
          <code className={styles["bead"]}>{beadId}</code>
        </li>
      ))}
    </ol>
  );
}
