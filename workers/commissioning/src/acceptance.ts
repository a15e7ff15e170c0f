/** The acceptance gate: the run's verdict, its record and the session's own amendments, looked at once more as a whole. */
import { RetryableError } from "@factory/durable";
import { artifactNode } from "@factory/schemas";
import type { VerificationReport } from "@factory/schemas";
import type { RunRecord, RunReport } from "@factory/schemas/rpc";
import type { SessionContext } from "./context.ts";
import { endWith, moveTo } from "./context.ts";
import { openReview } from "./reviews.ts";
import { acceptedRun } from "./run-reports.ts";
import type { PersonClaims } from "./session-store.ts";

type FinishedRun = Extract<RunReport, { outcome: "accepted" | "failed" }>;

/** What the gate looks at. */
export type AcceptanceFacts = {
  readonly run: FinishedRun;
  readonly record: RunRecord;
  /** Divergences of the run by id, each with whether an amendment for it was adopted. */
  readonly divergences: readonly { readonly divergenceId: string; readonly amended: boolean }[];
  readonly personClaims: PersonClaims;
};

/** The gate's report. What nobody executed is listed as not checked, never as passed. */
export function acceptanceReport(facts: AcceptanceFacts, subjectId: string): VerificationReport {
  const { run, record, divergences, personClaims } = facts;
  // In a run that was accepted a bead is cancelled only because others took its place; they answer for what it was to do.
  const beads = record.beads.filter(({ state }) => state !== "CANCELLED");
  const unfinished = beads.filter(({ state }) => state !== "DONE");
  const outcomeBeads = beads.filter(({ role }) => role === "verifier:outcome");
  const open = divergences.filter(({ amended }) => !amended);
  const claimed = new Set(beads.filter(({ state }) => state === "DONE").flatMap(({ claimRefs }) => claimRefs));
  const unclaimed = [...new Set(record.beads.flatMap(({ claimRefs }) => claimRefs))].filter((claimId) => !claimed.has(claimId));
  const checked = [
    finding(
      "DC-1 every claim is referenced by a bead that is done",
      claimed.size > 0 && unclaimed.length === 0,
      unclaimed.join(", ") || `${claimed.size} claims`,
    ),
    finding(
      "DC-3 every molecule passes",
      outcomeBeads.length > 0 && outcomeBeads.every(({ state }) => state === "DONE"),
      `${outcomeBeads.length} outcome beads`,
    ),
    finding(
      "DC-4 every divergence has an adopted amendment",
      open.length === 0,
      open.map(({ divergenceId }) => divergenceId).join(", ") || `${divergences.length} divergences`,
    ),
    finding(
      "DC-5 every bead met its success check",
      beads.length > 0 && unfinished.length === 0,
      unfinished.map(({ title, state }) => `${title}: ${state}`).join(", ") || `${beads.length} beads`,
    ),
    finding("required checks ran and passed", run.checks.passed > 0 && run.checks.failed === 0, `${run.checks.passed} passed, ${run.checks.failed} failed`),
    finding("hidden examples hold", run.holdouts.failed === 0, `${run.holdouts.passed} passed, ${run.holdouts.failed} failed`),
  ];
  const notChecked = [
    ...run.holdouts.absentClaims.map((claimId) => ({ check: `holdouts of ${claimId}`, reason: "absent: too few examples to hide one" })),
    ...run.uncheckedClaims.map((claimId) => ({ check: claimId, reason: "no executed required check covers it; a person decides" })),
    ...personClaims.map(({ claimId, text }) => ({ check: claimId, reason: `no detector covers "${text}"; a person decides` })),
  ];
  const failed = checked.filter(({ outcome }) => outcome === "FAIL");
  return {
    gate: "acceptance",
    outcome: failed.length === 0 ? "PASS" : "FAIL",
    subjectId,
    checked,
    notChecked,
    remediation: failed.map(({ check, detail }) => `${check}: ${detail}`),
  };
}

function finding(check: string, passed: boolean, detail: string): VerificationReport["checked"][number] {
  return { check, outcome: passed ? "PASS" : "FAIL", detail };
}

/**
 * Takes the acceptance gate, or, when a person has approved what it could not judge, goes on to delivery.
 *
 * @throws RetryableError when the coordinator has no record to show.
 */
export async function runAcceptance(context: SessionContext): Promise<void> {
  const { store, deps } = context;
  const { runId, org, acceptanceReportId } = store.requireSession();
  if (acceptanceReportId !== null && approvedByPerson(context, acceptanceReportId)) {
    startDelivery(context, "A person approved what no executed check decides.");
    return;
  }
  const record = runId === null ? null : await deps.coordinator(org, runId).record();
  if (record === null) throw new RetryableError("The coordinator has no record of the run.");
  store.transaction(() => {
    const { ending, state } = store.requireSession();
    if (ending === null && state === "ACCEPTING") judge(context, record);
  });
}

function approvedByPerson({ store }: SessionContext, reportId: string): boolean {
  return store
    .closedReviews("acceptance")
    .some(({ subject, decision }) => subject.matter === "acceptance" && subject.artifactId === reportId && decision === "approved");
}

function judge(context: SessionContext, record: RunRecord): void {
  const { store, ledger, deps } = context;
  const { org, personClaims, specificationId } = store.requireSession();
  const run = acceptedRun(context);
  const subjectId = specificationId ?? run.runVerdictId;
  const report = acceptanceReport({ run, record, divergences: divergencesOf(context), personClaims }, subjectId);
  const node = artifactNode("VR", "VerificationReport", org, { ...report, runVerdictId: run.runVerdictId }, [subjectId]);
  ledger.artifact(node, [{ source: subjectId, rel: "gate_result", target: node.id }]);
  ledger.event("VERIFICATION_PRODUCED", {
    verificationId: node.id,
    verificationType: "ACCEPTANCE",
    outcome: report.outcome,
    subjectId,
    summary: report.outcome === "PASS" ? `Accepted; ${report.notChecked.length} matters were not judged by an executed check.` : report.remediation.join(" "),
    failedCriteria: report.checked.filter(({ outcome }) => outcome === "FAIL").map(({ check }) => check),
    checksPassed: run.checks.passed,
    checksFailed: run.checks.failed,
    holdoutsPassed: run.holdouts.passed,
    holdoutsFailed: run.holdouts.failed,
  });
  store.patch({ acceptanceReportId: node.id }, deps.now());
  if (report.outcome === "FAIL") {
    endWith(context, { state: "FAILED", reason: `The acceptance gate refused: ${report.remediation.join(" ")}`, reasonCode: "GATE_REFUSED" });
  } else if (run.uncheckedClaims.length + personClaims.length > 0) {
    askPerson(context, node.id, run, personClaims);
  } else {
    startDelivery(context, "The acceptance gate passed.");
  }
}

/** Every divergence the run reported, once, with whether an amendment for it was adopted. */
export function divergencesOf({ store }: SessionContext): AcceptanceFacts["divergences"] {
  const adopted = new Set(store.amendments().flatMap(({ reportSeq, status }) => (status === "ADOPTED" ? [reportSeq] : [])));
  const amended = new Map<string, boolean>();
  for (const { seq, report } of store.runReports()) {
    if (report.outcome !== "diverged") continue;
    const { divergenceId } = report.divergence;
    amended.set(divergenceId, adopted.has(seq) || amended.get(divergenceId) === true);
  }
  return [...amended].map(([divergenceId, isAmended]) => ({ divergenceId, amended: isAmended }));
}

function askPerson(context: SessionContext, artifactId: string, run: FinishedRun, personClaims: PersonClaims): void {
  const { order } = context.store.request();
  const unchecked = run.uncheckedClaims.map((claimId) => `- ${claimId}: no executed check covers it`);
  openReview(context, {
    subject: { matter: "acceptance", artifactId },
    reviewType: "HUMAN_REVIEW",
    toState: "IN_REVIEW",
    action: `Accept the work on ${artifactId}: deliver it`,
    promptText: [
      `"${order.title}" is built: ${run.beads.done} beads done, ${run.checks.passed} checks and ${run.holdouts.passed} hidden examples passed.`,
      "These claims no executed check decides; read the work and decide them:",
      ...personClaims.map(({ claimId, text }) => `- ${claimId}: ${text}`),
      ...unchecked,
      "Approve to accept and deliver. Reject to end the session without a deliverable.",
    ].join("\n"),
    context: { reportId: artifactId, claims: [...personClaims.map(({ claimId }) => claimId), ...run.uncheckedClaims] },
  });
}

function startDelivery(context: SessionContext, reason: string): void {
  const { store, ledger } = context;
  store.transaction(() => {
    if (store.requireSession().ending !== null) return;
    ledger.event("DEPLOYING", { fromState: "ACCEPTING", toState: "DELIVERING", reason });
    moveTo(context, "DELIVERING");
  });
}
