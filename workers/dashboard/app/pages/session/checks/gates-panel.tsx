/** What each gate looked at and what it found. */
import { Link } from "@tanstack/react-router";
import { DoorOpen } from "lucide-react";
import { errorText } from "../../../data/error-text.ts";
import { useAllPages } from "../../../data/use-all-pages.ts";
import { CodeBlock } from "../../../ui/code.tsx";
import { Age } from "../../../ui/figures.tsx";
import { countText } from "../../../ui/figure-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { EmptyState, FailedState, SkeletonLines } from "../../../ui/states.tsx";
import { OutcomeBadge, wordsOf } from "../../../ui/state-badges.tsx";
import { useEventSignal, useSessionView } from "../session-view.tsx";
import { reportsInOrder } from "./check-groups.ts";
import { CHECK_KINDS, GATE_REPORTS, REPORTS_PER_PAGE, type GateReport } from "./checks-query.ts";
import styles from "./gates-panel.module.css";

export function GatesPanel() {
  const { sessionId } = useSessionView();
  const { nodes, complete, error, retry } = useAllPages({
    query: GATE_REPORTS,
    key: sessionId,
    signal: useEventSignal(CHECK_KINDS),
    variables: (after) => ({ sessionId, first: REPORTS_PER_PAGE, after }),
    connectionOf: ({ session }) => session?.verificationReports ?? null,
  });
  return (
    <Panel title="Gates" flush actions={nodes === null ? null : <span className={styles["sum"]}>{countText(nodes.length, "report")}</span>}>
      {error === null ? null : <FailedState title="The reports could not be read" message={errorText(error)} onRetry={retry} />}
      {nodes === null && error === null ? <SkeletonLines lines={5} label="Loading the reports" /> : null}
      {nodes?.length === 0 && complete ? (
        <EmptyState icon={DoorOpen} title="No gate has reported yet">
          The intake gate is the first; it reports a moment after the order is submitted.
        </EmptyState>
      ) : null}
      <ul>
        {reportsInOrder(nodes ?? []).map((report) => (
          <Report key={report.id} report={report} />
        ))}
      </ul>
    </Panel>
  );
}

function Report({ report }: { readonly report: GateReport }) {
  const { id, type, outcome, summary, failedCriteria, details, occurredAt } = report;
  const figures = figuresOf(report);
  return (
    <li className={styles["report"]} data-outcome={outcome}>
      <div className={styles["line"]}>
        <OutcomeBadge outcome={outcome} />
        <strong className={styles["gate"]}>{wordsOf(type)}</strong>
        <Subject report={report} />
      </div>
      <p className={styles["summary"]}>{summary}</p>
      <p className={styles["figures"]}>
        <Age at={occurredAt} />
        {figures === "" ? "" : ` · ${figures}`}
      </p>
      {failedCriteria.length === 0 ? null : (
        <ul className={styles["failed"]} aria-label="Failed criteria">
          {failedCriteria.map((criterion) => (
            <li key={criterion}>{criterion}</li>
          ))}
        </ul>
      )}
      {details === null ? null : (
        <details className={styles["details"]}>
          <summary>Details</summary>
          <CodeBlock text={JSON.stringify(details, null, 2)} label={`details of ${id}`} />
        </details>
      )}
    </li>
  );
}

function Subject({ report: { id, subjectId } }: { readonly report: GateReport }) {
  const { sessionId, model } = useSessionView();
  const bead = model.beads.get(subjectId);
  return (
    <span className={styles["subject"]}>
      {bead === undefined ? null : (
        <Link to="/sessions/$sessionId/graph" params={{ sessionId }} search={{ bead: subjectId }}>
          {bead.title}
        </Link>
      )}
      <Link to="/sessions/$sessionId/lineage" params={{ sessionId }} search={{ artifact: id }} title={id}>
        lineage
      </Link>
    </span>
  );
}

/** What was counted; what was not is left out. */
function figuresOf({ score, checksPassed, checksFailed, holdoutsPassed, holdoutsFailed }: GateReport): string {
  const pair = (what: string, passed: number | null, failed: number | null): string[] =>
    passed === null && failed === null ? [] : [`${what} ${passed ?? "–"} passed, ${failed ?? "–"} failed`];
  return [
    ...(score === null ? [] : [`score ${score.toLocaleString(undefined, { maximumFractionDigits: 3 })}`]),
    ...pair("checks", checksPassed, checksFailed),
    ...pair("holdouts", holdoutsPassed, holdoutsFailed),
  ].join(" · ");
}
