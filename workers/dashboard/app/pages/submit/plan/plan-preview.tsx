/** What the order would become, before anything is sent or spent. */
import { Route, Square } from "lucide-react";
import { Button } from "../../../ui/button.tsx";
import { Panel } from "../../../ui/panel.tsx";
import { FailedState } from "../../../ui/states.tsx";
import { PlanDetails } from "./plan-details.tsx";
import styles from "./plan-preview.module.css";
import { PlanProgress } from "./plan-progress.tsx";
import { PlanVerdict } from "./plan-verdict.tsx";
import type { Plan } from "./use-plan.ts";
import { WorkGraph } from "./work-graph.tsx";

export type PlanPreviewProps = {
  readonly plan: Plan;
  readonly text: string;
  /** False while the order has faults: it makes no plan. */
  readonly canPlan: boolean;
};

export function PlanPreview({ plan: { state, start, cancel }, text, canPlan }: PlanPreviewProps) {
  const isPlanning = state.kind === "planning";
  const action = isPlanning ? (
    <Button icon={Square} onPress={cancel}>
      Stop planning
    </Button>
  ) : (
    <Button icon={Route} isDisabled={!canPlan} onPress={start}>
      {state.kind === "planned" ? "Plan again" : "Plan it"}
    </Button>
  );
  return (
    <Panel title="Plan preview" actions={action} flush>
      <p className={styles["note"]}>
        Planned in this page by the offline model: nothing is sent and nothing is spent. A platform with other models may plan otherwise.
      </p>
      {isPlanning ? <PlanProgress step={state.step} /> : null}
      {state.kind === "failed" ? <FailedState title="There is no plan" message={state.message} {...(canPlan ? { onRetry: start } : {})} /> : null}
      {state.kind === "none" ? (
        <p className={styles["empty"]}>
          {canPlan
            ? "See claims, the work graph, gates, what it costs, and where a person is asked."
            : "An order with faults makes no plan. Mend them first; what the gates refuse is among them."}
        </p>
      ) : null}
      {state.kind === "planned" ? (
        <div className={styles["plan"]} data-old={state.of !== text}>
          {state.of === text ? null : (
            <p className={styles["old"]} role="status">
              The order has changed since. This plan is of the text before.
            </p>
          )}
          <PlanVerdict plan={state.planned.plan} />
          <WorkGraph plan={state.planned.plan} />
          <PlanDetails plan={state.planned.plan} answeredBy={state.planned.answeredBy} />
        </div>
      ) : null}
    </Panel>
  );
}
