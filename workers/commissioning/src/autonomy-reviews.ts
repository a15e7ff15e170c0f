/**
 * A bead whose agent may not act alone: what a person reads before they let it begin, or let what it made be applied. The
 * question is bound to the digest of exactly what is decided on.
 */
import type { Role } from "@factory/schemas";
import type { RunReport } from "@factory/schemas/rpc";
import { changeText } from "./change-text.ts";
import type { SessionContext } from "./context.ts";
import { openReview } from "./reviews.ts";
import type { RunReportRow } from "./session-store.ts";

type ApprovalReport = Extract<RunReport, { outcome: "approval" }>;

/** Checks that a question lists; the count of all is told. */
const MAX_LISTED = 40;

/**
 * Puts a bead that waits to a person; one that has asked again since is put to them with its later question only.
 *
 * @throws RetryableError when the contents of the change set cannot be read now
 */
export async function askForLeave(context: SessionContext, row: RunReportRow, report: ApprovalReport): Promise<void> {
  const { store, deps } = context;
  const diffs = await changeText(deps.blobs, report.changes);
  store.transaction(() => {
    if (store.requireSession().ending !== null) return;
    if (askedAgain(context, row, report)) {
      store.handleReport(row.seq, deps.now());
      store.patch({}, deps.now());
      return;
    }
    const { requestId, beadId, stage, role, autonomy, subjectDigest, changes, checks } = report;
    const reviewId = openReview(context, {
      subject: { matter: "autonomy", reportSeq: row.seq, requestId, subjectDigest },
      reviewType: "APPROVAL_REQUIRED",
      toState: "IN_REVIEW",
      action: stage === "start" ? `Let ${beadId} begin` : `Apply the change set of ${beadId}`,
      promptText: leaveText(report, diffs),
      context: { requestId, beadId, stage, role, autonomy, subjectDigest, files: changes.map(({ path }) => path), checks },
    });
    store.askAboutReport(row.seq, reviewId);
  });
}

function askedAgain({ store }: SessionContext, row: RunReportRow, { beadId }: ApprovalReport): boolean {
  return store.runReports().some(({ seq, report }) => seq > row.seq && report.outcome === "approval" && report.beadId === beadId);
}

/** Plain text: who wants what, what they may do and why not more, what was found, and what each answer leads to. */
export function leaveText(report: ApprovalReport, diffs: string): string {
  const { title, role, autonomy, reason } = report;
  return [
    ...(report.stage === "start"
      ? [`${agentOf(role)} wants to begin the bead "${title}". Nothing has run yet.`]
      : [`${agentOf(role)} has finished the bead "${title}". Its change set passed the platform's checks and is not applied yet.`]),
    `What it may do alone: ${autonomy}. ${reason}`,
    ...(diffs === "" ? [] : ["What it changes:", diffs]),
    ...listed("What the checks found", report.checks),
    ...(report.stage === "start"
      ? ["Approve to let it begin; what it makes is put to you again. Amend to let it begin with your note as an added instruction."]
      : ["Approve to apply exactly this change set, after its checks pass once more. Amend to have it made again with your note as an added instruction."]),
    "Reject to refuse it: the bead fails with your reason, and the factory looks for another way.",
    `To let this agent do more from now on, raise its trust with \`factory trust set ${agentOf(role)} SCORE --rationale WHY\` (0.7 gives EXECUTE_BOUNDED) or its role's policy with \`factory policy apply FILE\`. It does what the least of policy, trust and consent allows.`,
  ].join("\n");
}

function agentOf(role: Role): string {
  return `agent:${role}`;
}

function listed(heading: string, entries: readonly string[]): string[] {
  if (entries.length === 0) return [];
  const shown = entries.slice(0, MAX_LISTED).map((entry) => `- ${entry}`);
  const more = entries.length - shown.length;
  return [`${heading}:`, ...shown, ...(more === 0 ? [] : [`- and ${more} more`])];
}
