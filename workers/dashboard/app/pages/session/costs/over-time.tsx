/** How the costs came about: the sum after each call. */
import { useMemo } from "react";
import { errorText } from "../../../data/error-text.ts";
import { useAllPages } from "../../../data/use-all-pages.ts";
import { countText, instantText } from "../../../ui/figure-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { FailedState, SkeletonLines } from "../../../ui/states.tsx";
import { useEventsSince, useSessionView } from "../session-view.tsx";
import { MEASURE_TEXTS, measureText, mergedCalls, sumOverTime, type CallEvent } from "./cost-rows.ts";
import { MODEL_CALLS, MODEL_CALLS_PER_PAGE } from "./costs-query.ts";
import type { Measure } from "./costs-search.ts";
import styles from "./cost-charts.module.css";
import { BOX_HEIGHT, BOX_WIDTH, sumShapes, type SumPoint } from "./sum-shapes.ts";

/** Above this many calls the line is not drawn: each call would have to be read for it. */
const MAX_CALLS = 20_000;
const NO_CALLS: readonly CallEvent[] = [];

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export function OverTime({ measure }: { readonly measure: Measure }) {
  const { sessionId, model } = useSessionView();
  const isTooMuch = model.costs.calls > MAX_CALLS;
  const { nodes, complete, error, retry } = useAllPages({
    query: MODEL_CALLS,
    key: sessionId,
    pause: isTooMuch,
    variables: (after) => ({ sessionId, first: MODEL_CALLS_PER_PAGE, after }),
    connectionOf: ({ session }) => session?.events ?? null,
  });
  const events = useEventsSince();
  const live = useMemo(() => events.filter(({ kind }) => kind === "MODEL_CALLED"), [events]);
  const calls = useMemo(() => mergedCalls(nodes ?? NO_CALLS, complete ? live : NO_CALLS), [nodes, complete, live]);
  const { points, unknown } = useMemo(() => sumOverTime(calls, measure), [calls, measure]);
  const last = points.at(-1);
  return (
    <Panel
      title={`${MEASURE_TEXTS[measure]} over time`}
      actions={complete || isTooMuch ? null : <span className={styles["note"]}>{countText(calls.length, "call")} read</span>}
    >
      {isTooMuch ? <p>There are more than {MAX_CALLS.toLocaleString()} calls; the line is not drawn.</p> : null}
      {error === null ? null : <FailedState title="The calls could not be read" message={errorText(error)} onRetry={retry} />}
      {nodes === null && error === null && !isTooMuch ? <SkeletonLines lines={5} label="Loading the calls" /> : null}
      {last === undefined ? null : (
        <figure
          className={styles["figure"]}
          aria-label={`${MEASURE_TEXTS[measure]} added up over ${countText(calls.length, "call")}, ${measureText(last.sum, measure)} at ${instantText(new Date(last.at).toISOString())}`}
        >
          <SumChart points={points} measure={measure} />
          {unknown === 0 ? null : <figcaption>{countText(unknown, "call")} whose figure is not known are not in the sum.</figcaption>}
        </figure>
      )}
    </Panel>
  );
}

/** The line between its first and its last instant, and between nothing and all. */
function SumChart({ points, measure }: { readonly points: readonly SumPoint[]; readonly measure: Measure }) {
  const shapes = useMemo(() => sumShapes(points), [points]);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  return (
    <div className={styles["sum"]}>
      <span>{measureText(last.sum, measure)}</span>
      {/* The figure's name says what it shows. */}
      <svg viewBox={`0 0 ${BOX_WIDTH} ${BOX_HEIGHT}`} preserveAspectRatio="none" aria-hidden>
        <path d={shapes.area} className={styles["area"]} />
        <path d={shapes.line} className={styles["line"]} />
      </svg>
      <span className={styles["low"]}>{measureText(0, measure)}</span>
      <div className={styles["times"]}>
        <span>{clock.format(first.at)}</span>
        <span>{clock.format(last.at)}</span>
      </div>
    </div>
  );
}
