/** What mediation and the coordinator report, and what the session does with each report in its turn. */
import { refuse } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import type { AmendReport, CompileReport, RunReport, SessionReport } from "@factory/schemas/rpc";
import type { AmendmentRow } from "./amendment-store.ts";
import { askForLeave } from "./autonomy-reviews.ts";
import { askForBudget } from "./budget-reviews.ts";
import { askForClearance } from "./clearance-reviews.ts";
import { takeBlocked } from "./clearances.ts";
import { failCompilation } from "./compilation.ts";
import type { SessionContext } from "./context.ts";
import { endWith, moveTo } from "./context.ts";
import { handleDivergence } from "./divergences.ts";
import { openReview } from "./reviews.ts";
import type { RunReportRow } from "./session-store.ts";
import { tellRun } from "./suspensions.ts";

/** Takes a report in the caller's transaction; what needs time is left to a later step. */
export function takeReport(context: SessionContext, report: SessionReport): Result {
  if (context.store.session() === null) return refuse("NOT_FOUND");
  switch (report.kind) {
    case "compiled":
      takeCompileReport(context, report.report);
      return { ok: true };
    case "amended":
      takeAmendReport(context, report.report);
      return { ok: true };
    case "run":
      takeRunReport(context, report.report);
      return { ok: true };
    default:
      return report satisfies never;
  }
}

function takeCompileReport(context: SessionContext, report: CompileReport): void {
  const { store, ledger, deps } = context;
  const session = store.requireSession();
  if (session.mediation === "compiled" && report.outcome === "refused") {
    // Mediation gave up what it was doing after it had compiled: that can only be an amendment.
    for (const { amendmentId } of inFlight(context))
      takeAmendReport(context, { outcome: "refused", amendmentId, code: report.code, remediation: report.remediation });
  }
  if (session.mediation !== "compiling") return;
  if (report.outcome === "refused") {
    store.patch({ mediation: "refused" }, deps.now());
    failCompilation(context, report.code, report.remediation);
    return;
  }
  const { runId, specificationId, workGraphId, personClaims } = report;
  const found = { mediation: "compiled", run: "running", runId, specificationId, workGraphId, personClaims } as const;
  if (session.ending !== null) {
    store.patch(found, deps.now());
    return;
  }
  moveTo(context, "EXECUTING", found);
  tellRun(context);
  ledger.event("COMPILATION_COMPLETE", {
    fromState: "COMPILING",
    toState: "EXECUTING",
    reason: `${report.claims} claims in ${report.beads} beads; ${report.holdouts} examples are hidden.`,
  });
}

function takeAmendReport({ store, amendments, deps }: SessionContext, report: AmendReport): void {
  const amendment = amendments.all().find(({ amendmentId }) => amendmentId === report.amendmentId);
  if (amendment === undefined || amendment.reopened) return;
  amendments.settle(report.amendmentId, deps.now());
  if (report.outcome === "refused") {
    const { report: cause } = store.runReport(amendment.reportSeq);
    store.addRunReport(cause, `The amendment ${report.amendmentId} could not be carried out (${report.code}): ${report.remediation.join(" ")}`);
  }
  store.patch({}, deps.now());
}

/** Adopted amendments mediation has not answered for. */
export function inFlight({ amendments }: Pick<SessionContext, "amendments">): AmendmentRow[] {
  return amendments.all().filter(({ status, reopened }) => status === "ADOPTED" && !reopened);
}

/**
 * A run whose report rests on a re-opening has taken it: when it is finished that holds for every amendment, when a bead
 * diverges again for the earlier ones of that bead.
 */
function settleTaken(context: SessionContext, report: RunReport): void {
  for (const { amendmentId, beadId, depth } of inFlight(context)) {
    const finished = report.outcome === "accepted" || report.outcome === "failed";
    const again = report.outcome === "diverged" && report.divergence.beadId === beadId && report.divergence.cycle >= depth;
    if (finished || again) context.amendments.settle(amendmentId, context.deps.now());
  }
}

function takeRunReport(context: SessionContext, report: RunReport): void {
  const { store, deps } = context;
  settleTaken(context, report);
  const finished = report.outcome === "accepted" || report.outcome === "failed";
  const { ending, run } = store.requireSession();
  // A run that is being cancelled is silent only when its coordinator has acknowledged that.
  if (finished && run === "running") store.patch({ run: "quiet" }, deps.now());
  if (ending !== null) return;
  if (report.outcome === "blocked") takeBlocked(context, report);
  else store.addRunReport(report);
}

/** Handles the oldest report that waits. */
export async function handleRunReport(context: SessionContext): Promise<void> {
  const row = context.store.pendingRunReport();
  if (row === null) return;
  const { report } = row;
  switch (report.outcome) {
    case "accepted":
      startAcceptance(context, row, report);
      return;
    case "failed":
      failExecution(context, row, report);
      return;
    case "diverged":
      await handleDivergence(context, row, report.divergence);
      return;
    case "clarification":
      askClarification(context, row, report);
      return;
    case "approval":
      await askForLeave(context, row, report);
      return;
    case "budget":
      askForBudget(context, row, report);
      return;
    case "blocked":
      askForClearance(context, row, report);
      return;
    default:
      report satisfies never;
  }
}

type FinishedRun = Extract<RunReport, { outcome: "accepted" | "failed" }>;

function startAcceptance(context: SessionContext, row: RunReportRow, report: FinishedRun): void {
  const { store, ledger, deps } = context;
  store.transaction(() => {
    store.handleReport(row.seq, deps.now());
    ledger.event("EXECUTION_COMPLETE", { fromState: "EXECUTING", toState: "ACCEPTING", reason: report.reason, trigger: report.runVerdictId });
    moveTo(context, "ACCEPTING");
  });
}

function failExecution(context: SessionContext, row: RunReportRow, report: FinishedRun): void {
  const { store, ledger, deps } = context;
  store.transaction(() => {
    store.handleReport(row.seq, deps.now());
    ledger.event("EXECUTION_FAILED", {
      code: "GATE_REFUSED",
      message: report.reason,
      details: { runVerdictId: report.runVerdictId, beads: { ...report.beads }, checks: { ...report.checks } },
      retryable: false,
      fromState: "EXECUTING",
      toState: "FAILED",
    });
    endWith(context, { state: "FAILED", reason: report.reason, reasonCode: "GATE_REFUSED" });
  });
}

function askClarification(context: SessionContext, row: RunReportRow, report: Extract<RunReport, { outcome: "clarification" }>): void {
  const { store } = context;
  store.transaction(() => {
    const reviewId = openReview(context, {
      subject: { matter: "clarification", reportSeq: row.seq },
      reviewType: "HUMAN_REVIEW",
      toState: "IN_REVIEW",
      action: `Answer ${report.clarificationId} of ${report.beadId}`,
      promptText: [
        `The bead "${report.title}" asks: ${report.question}`,
        "Amend: your note is the answer. Approve to let it go on as it judges best. Reject to end the session.",
      ].join("\n"),
      context: { clarificationId: report.clarificationId, beadId: report.beadId },
    });
    store.askAboutReport(row.seq, reviewId);
  });
}

/** The report of the run that was accepted last. @throws Error before there is one. */
export function acceptedRun({ store }: SessionContext): FinishedRun {
  const accepted = store.runReports().flatMap(({ report }) => (report.outcome === "accepted" ? [report] : []));
  const last = accepted.at(-1);
  if (last === undefined) throw new Error("No run of this session was accepted.");
  return completeReport(last);
}

/** What reports have had since runs had several molecules; one that was stored before is of a run without them. */
type AddedLater = "holdoutsByClaim" | "moleculeVerdicts" | "amendedExecutions";

function completeReport(report: Omit<FinishedRun, AddedLater> & Partial<Pick<FinishedRun, AddedLater>>): FinishedRun {
  const { holdoutsByClaim = [], moleculeVerdicts = [], amendedExecutions = [] } = report;
  return { ...report, holdoutsByClaim, moleculeVerdicts, amendedExecutions };
}
