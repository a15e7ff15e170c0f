/** What was asked, beside what was made of it: the order, its claims with their proof, and how the factory got there. */
import { useState } from "react";
import { errorText } from "../../../data/error-text.ts";
import { FailedState } from "../../../ui/states.tsx";
import { useSessionView, useSignalledQuery } from "../session-view.tsx";
import { AskedPanel } from "./asked-panel.tsx";
import { ClaimsPanel } from "./claims-panel.tsx";
import { OrderPanel } from "./order-panel.tsx";
import { CLAIM_KINDS, CLAIMS, ORDER, ORDER_KINDS, STEP_KINDS, STEPS } from "./overview-queries.ts";
import styles from "./overview-tab.module.css";
import { PassesPanel } from "./passes-panel.tsx";
import { ProgressPanel } from "./progress-panel.tsx";
import { ReviewsPanel } from "./reviews-panel.tsx";
import { VerdictPanel } from "./verdict-panel.tsx";

export function OverviewTab() {
  const { sessionId, model } = useSessionView();
  const [order, askOrder] = useSignalledQuery(ORDER, { sessionId }, ORDER_KINDS);
  const [claims, askClaims] = useSignalledQuery(CLAIMS, { sessionId }, CLAIM_KINDS);
  const [steps, askSteps] = useSignalledQuery(STEPS, { sessionId }, STEP_KINDS);
  const [chosenClaim, chooseClaim] = useState<string | null>(null);
  const failed = [order, claims, steps].find(({ error, data }) => error !== undefined && data === undefined);
  if (failed?.error !== undefined) {
    const askAll = (): void => [askOrder, askClaims, askSteps].forEach((ask) => ask());
    return <FailedState title="The overview cannot be shown" message={errorText(failed.error)} onRetry={askAll} />;
  }
  const claimRows = claims.data?.session?.claims;
  const reviews = steps.data?.session?.reviews.nodes;
  const open = reviews?.filter(({ id }) => model.openReviewIds.includes(id)) ?? [];
  return (
    <div className={styles["overview"]}>
      {open.map((review) => (
        <AskedPanel key={review.id} review={review} />
      ))}
      <div className={styles["beside"]}>
        <OrderPanel order={order.data?.session?.workOrder} claims={claimRows ?? []} chosen={chosenClaim} onChoose={chooseClaim} />
        <ClaimsPanel claims={claimRows} chosen={chosenClaim} onChoose={chooseClaim} />
      </div>
      <div className={styles["pair"]}>
        <ProgressPanel />
        <VerdictPanel verdicts={steps.data?.session?.verificationReports.nodes} />
      </div>
      <div className={styles["pair"]}>
        <PassesPanel passes={steps.data?.session?.passes.nodes} />
        <ReviewsPanel reviews={reviews} />
      </div>
    </div>
  );
}
