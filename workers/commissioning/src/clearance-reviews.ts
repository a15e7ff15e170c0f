/** Puts a run whose dispatch gate hands nothing out to a person. */
import { blockedText, countText } from "./clearance-answers.ts";
import type { BlockedReport } from "./clearance-answers.ts";
import type { SessionContext } from "./context.ts";
import { openReview } from "./reviews.ts";
import type { RunReportRow } from "./session-store.ts";

/** Puts a blocked run to a person. What is leased goes on to its end meanwhile. */
export function askForClearance(context: SessionContext, row: RunReportRow, report: BlockedReport): void {
  const { store } = context;
  const { requestId, code, message, clearanceId, beads, ceiling } = report;
  store.transaction(() => {
    if (store.requireSession().ending !== null) return;
    const reviewId = openReview(context, {
      subject: { matter: "clearance", reportSeq: row.seq },
      reviewType: "APPROVAL_REQUIRED",
      toState: "IN_REVIEW",
      action: `Clear the run as it is now, ${countText(beads)}, after ${code} (${requestId})`,
      promptText: blockedText(report, row.problem),
      context: {
        requestId,
        code,
        reason: row.problem ?? message,
        beads,
        ...(clearanceId === null ? {} : { clearanceId }),
        ...(ceiling === null ? {} : { ceiling }),
      },
    });
    store.askAboutReport(row.seq, reviewId);
  });
}
