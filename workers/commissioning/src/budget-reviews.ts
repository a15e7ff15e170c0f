/** Puts an exhausted budget to a person. */
import { budgetText, usd } from "./budget-answers.ts";
import type { BudgetReport } from "./budget-answers.ts";
import type { SessionContext } from "./context.ts";
import { openReview } from "./reviews.ts";
import type { RunReportRow } from "./session-store.ts";

/** Puts an exhausted budget to a person. Nothing of what it does not cover runs meanwhile. */
export function askForBudget(context: SessionContext, row: RunReportRow, report: BudgetReport): void {
  const { store } = context;
  const { requestId, budgetUsd, spentUsd, reservedUsd, neededUsd, waitingBeadIds } = report;
  store.transaction(() => {
    if (store.requireSession().ending !== null) return;
    const reviewId = openReview(context, {
      subject: { matter: "budget", reportSeq: row.seq, requestId },
      reviewType: "HUMAN_REVIEW",
      toState: "IN_REVIEW",
      action: `Decide on the exhausted budget of ${usd(budgetUsd)} (${requestId})`,
      promptText: budgetText(report),
      context: { requestId, budgetUsd, spentUsd, reservedUsd, neededUsd, waitingBeadIds },
    });
    store.askAboutReport(row.seq, reviewId);
  });
}
