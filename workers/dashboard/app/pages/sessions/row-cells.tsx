/** The figures of a session's row. */
import { Money } from "../../ui/figures.tsx";
import type { SessionRow } from "./use-session-list.ts";
import styles from "./sessions.module.css";

/** Beads that are done, of all; a dash before there are any. */
export function Progress({ counts: { total, done, failed } }: { readonly counts: SessionRow["beadCounts"] }) {
  if (total === 0) return <span className={styles["none"]}>–</span>;
  return (
    <span className={styles["progress"]} title={failed === 0 ? `${done} of ${total} beads are done` : `${done} of ${total} beads are done, ${failed} failed`}>
      <span className={styles["bar"]} aria-hidden>
        <span className={styles["done"]} style={{ width: `${(100 * done) / total}%` }} />
        <span className={styles["failed"]} style={{ width: `${(100 * failed) / total}%` }} />
      </span>
      {done}/{total}
    </span>
  );
}

/** What a session's model calls have cost; a dash where no price is known, and before there was a call. */
export function Cost({ costs: { total } }: { readonly costs: SessionRow["costs"] }) {
  if (total.calls === 0) return <span title="No model was called yet.">–</span>;
  return <Money usd={total.costUsd} unpriced={total.unpricedCalls} />;
}
