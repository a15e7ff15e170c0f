/** What the session costs, and for what. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Coins } from "lucide-react";
import { errorText } from "../../../data/error-text.ts";
import { Select } from "../../../ui/select.tsx";
import { Count, Duration, Money } from "../../../ui/figures.tsx";
import { countText } from "../../../ui/figure-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { EmptyState, FailedState, SkeletonLines } from "../../../ui/states.tsx";
import { useSessionView, useSignalledQuery } from "../session-view.tsx";
import { CostBars } from "./cost-bars.tsx";
import { MEASURE_TEXTS, costRows, firstMeasure } from "./cost-rows.ts";
import { CostTable } from "./cost-table.tsx";
import { COST_KINDS, SESSION_COSTS, type CostParts } from "./costs-query.ts";
import { DIMENSIONS, MEASURES, type Dimension } from "./costs-search.ts";
import styles from "./costs-tab.module.css";
import { OverTime } from "./over-time.tsx";

const route = getRouteApi("/sessions/$sessionId/costs");

const DIMENSION_TEXTS: { readonly [D in Dimension]: string } = {
  bead: "By bead",
  team: "By team",
  model: "By model",
  purpose: "By purpose",
  alias: "By alias",
};

export function CostsTab() {
  const { sessionId } = useSessionView();
  const [{ data, error }, ask] = useSignalledQuery(SESSION_COSTS, { sessionId }, COST_KINDS);
  const parts = data?.session?.costs;
  return (
    <div className={styles["tab"]}>
      <Totals />
      {parts !== undefined ? (
        <Parts parts={parts} />
      ) : (
        <Panel title="Costs" flush>
          {error === undefined ? (
            <SkeletonLines lines={8} label="Loading the costs" />
          ) : (
            <FailedState title="The costs could not be read" message={errorText(error)} onRetry={ask} />
          )}
        </Panel>
      )}
    </div>
  );
}

function Totals() {
  const { costs } = useSessionView().model;
  const figures = [
    [
      "Cost",
      <Money key="cost" usd={costs.costUsd} unpriced={costs.unpricedCalls} />,
      costs.unpricedCalls === 0 ? "every call priced" : `without ${countText(costs.unpricedCalls, "unpriced call")}`,
    ],
    ["Model calls", costs.calls.toLocaleString(), ""],
    ["Tokens in", <Count key="in" count={costs.inputTokens} />, ""],
    ["Tokens out", <Count key="out" count={costs.outputTokens} />, ""],
    ["Time in calls", <Duration key="time" ms={costs.durationMs} />, "calls run beside each other"],
  ] as const;
  return (
    <dl className={styles["totals"]}>
      {figures.map(([name, value, note]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
          {note === "" ? null : <dd className={styles["note"]}>{note}</dd>}
        </div>
      ))}
    </dl>
  );
}

function Parts({ parts }: { readonly parts: CostParts }) {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/sessions/$sessionId/costs" });
  const { model } = useSessionView();
  const { by = "bead", of = firstMeasure(model.costs) } = search;
  const rows = costRows(parts[by], by, of, (id) => model.beads.get(id)?.title ?? id);
  return (
    <>
      <Panel
        title="For what"
        flush
        actions={
          <>
            <Select
              label="Put together"
              choices={DIMENSIONS.map((id) => ({ id, text: DIMENSION_TEXTS[id] }))}
              value={by}
              onChange={(next) => void navigate({ search: (before) => ({ ...before, by: next }), replace: true })}
            />
            <Select
              label="Compared by"
              choices={MEASURES.map((id) => ({ id, text: MEASURE_TEXTS[id] }))}
              value={of}
              onChange={(next) => void navigate({ search: (before) => ({ ...before, of: next }), replace: true })}
            />
          </>
        }
      >
        {rows.length === 0 ? (
          <EmptyState icon={Coins} title="No model was called yet">
            Costs appear here with the first call of a model.
          </EmptyState>
        ) : (
          <div className={styles["parts"]}>
            <CostBars rows={rows} measure={of} label={`${MEASURE_TEXTS[of]} ${DIMENSION_TEXTS[by].toLowerCase()}`} />
            <CostTable rows={rows} by={by} />
          </div>
        )}
      </Panel>
      {rows.length === 0 ? null : <OverTime measure={of} />}
    </>
  );
}
