/** The run's verdict: what was executed on the merged tree, and how much of it held on examples that nobody was shown. */
import { Scale } from "lucide-react";
import { Facts } from "../../../ui/facts.tsx";
import { Age } from "../../../ui/figures.tsx";
import { Panel } from "../../../ui/panel.tsx";
import { OutcomeBadge } from "../../../ui/state-badges.tsx";
import { EmptyState, SkeletonLines } from "../../../ui/states.tsx";
import { useSessionView } from "../session-view.tsx";
import { overfitOf, percentText, type Overfit } from "./overfit.ts";
import type { Verdict } from "./overview-queries.ts";
import styles from "./verdict-panel.module.css";

export function VerdictPanel({ verdicts }: { readonly verdicts: readonly Verdict[] | undefined }) {
  const verdict = verdicts?.toSorted((one, other) => other.seq - one.seq)[0];
  return (
    <Panel title="Run verdict" actions={verdict === undefined ? null : <OutcomeBadge outcome={verdict.outcome} />}>
      {verdicts === undefined ? <SkeletonLines lines={4} label="Loading the verdict" /> : null}
      {verdicts?.length === 0 ? <NoVerdict /> : null}
      {verdict === undefined ? null : <VerdictFacts verdict={verdict} />}
    </Panel>
  );
}

function NoVerdict() {
  const { closed } = useSessionView().model;
  return (
    <EmptyState icon={Scale} title={closed ? "No verdict was taken" : "No verdict yet"}>
      {closed ? "The session ended before its run was judged." : "It is taken on the merged tree when the last molecule has passed."}
    </EmptyState>
  );
}

/** "49 passed", "46 passed, 3 failed"; a dash where nothing is known. */
function ranText(passed: number | null, failed: number | null): string {
  if (passed === null && failed === null) return "–";
  return [`${passed ?? 0} passed`, ...((failed ?? 0) > 0 ? [`${failed} failed`] : [])].join(", ");
}

function VerdictFacts({ verdict }: { readonly verdict: Verdict }) {
  const overfit = overfitOf(verdict.details);
  const gap = overfit?.gap ?? null;
  return (
    <div className={styles["verdict"]}>
      <p>{verdict.summary}</p>
      {overfit === null ? null : <Rates overfit={overfit} />}
      <Facts
        facts={[
          ["Checks", ranText(verdict.checksPassed, verdict.checksFailed)],
          ["Hidden examples", verdict.holdoutsPassed === null ? "absent" : ranText(verdict.holdoutsPassed, verdict.holdoutsFailed)],
          ...(gap === null ? [] : [["Overfit gap", percentText(gap)] as const]),
          ...(verdict.failedCriteria.length === 0 ? [] : [["Not met", verdict.failedCriteria.join(", ")] as const]),
          ["Taken", <Age key="age" at={verdict.occurredAt} />],
        ]}
      />
    </div>
  );
}

function Rates({ overfit: { visibleRate, holdoutRate, interval } }: { readonly overfit: Overfit }) {
  return (
    <div className={styles["rates"]}>
      <Rate name="Shown examples" share={visibleRate} interval={null} />
      <Rate name="Hidden examples" share={holdoutRate} interval={interval} />
    </div>
  );
}

/** A share as a bar; the line over it is the 95 % interval. */
function Rate({ name, share, interval }: { readonly name: string; readonly share: number | null; readonly interval: Overfit["interval"] }) {
  const text = share === null ? "absent" : percentText(share);
  const range = interval === null ? "" : `, 95 % interval ${percentText(interval.low)} to ${percentText(interval.high)}`;
  return (
    <div className={styles["rate"]}>
      <span>{name}</span>
      <span className={styles["track"]} role="img" aria-label={`${name}: ${text}${range}`} title={`${text}${range}`}>
        <span className={styles["share"]} style={{ width: `${(share ?? 0) * 100}%` }} />
        {interval === null ? null : (
          <span className={styles["interval"]} style={{ left: `${interval.low * 100}%`, width: `${(interval.high - interval.low) * 100}%` }} />
        )}
      </span>
      <span className={styles["percent"]}>{text}</span>
    </div>
  );
}
