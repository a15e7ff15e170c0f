/** The acceptance gate: the run's verdict, its record and the session's own amendments, looked at once more as a whole. */
import { RetryableError } from "@factory/durable";
import type { RunReview } from "@factory/planning";
import { artifactNode } from "@factory/schemas";
import type { VerificationReport } from "@factory/schemas";
import type { RunRecord, RunReport } from "@factory/schemas/rpc";
import { firstVerdictFacts, overfitOf, overfitText } from "@factory/verification/evidence";
import type { AmendmentRow } from "./amendment-store.ts";
import type { SessionContext } from "./context.ts";
import { endWith, moveTo } from "./context.ts";
import type { Judgement } from "./judge.ts";
import { openReview } from "./reviews.ts";
import { judgeRun } from "./run-judge.ts";
import { acceptedRun } from "./run-reports.ts";
import type { PersonClaims } from "./session-store.ts";

type FinishedRun = Extract<RunReport, { outcome: "accepted" | "failed" }>;

/** What the gate looks at. */
export type AcceptanceFacts = {
  readonly run: FinishedRun;
  readonly record: RunRecord;
  /** Divergences of the run by id, each with whether an amendment for it was adopted. */
  readonly divergences: readonly { readonly divergenceId: string; readonly amended: boolean }[];
  /** What became of each amendment of the session. */
  readonly amendments: readonly Pick<AmendmentRow, "amendmentId" | "status">[];
  readonly personClaims: PersonClaims;
  /** The one semantic look at the run. */
  readonly look: Judgement<RunReview>;
};

type Checked = VerificationReport["checked"][number];

/** The gate's report. What nobody executed is listed as not checked, never as passed. */
export function acceptanceReport(facts: AcceptanceFacts, subjectId: string): VerificationReport {
  const { run, personClaims, look } = facts;
  const checked = [
    claimsCarried(facts),
    amendmentsHold(facts),
    moleculesPass(facts),
    divergencesAmended(facts),
    beadsChecked(facts),
    finding("required checks ran and passed", run.checks.passed > 0 && run.checks.failed === 0, `${run.checks.passed} passed, ${run.checks.failed} failed`),
    finding(
      "hidden examples hold",
      run.holdouts.failed === 0,
      `${run.holdouts.passed} passed, ${run.holdouts.failed} failed. ${overfitText(run.firstVerdict, run)}`,
    ),
    ...lookChecks(look),
  ];
  const notChecked = [
    ...run.holdouts.absentClaims.map((claimId) => ({ check: `holdouts of ${claimId}`, reason: "absent: too few examples to hide one" })),
    ...run.uncheckedClaims.map((claimId) => ({ check: claimId, reason: "no executed required check covers it; a person decides" })),
    ...personClaims.map(({ claimId, text }) => ({ check: claimId, reason: `no detector covers "${text}"; a person decides` })),
    ...(look.kind === "not-judged" ? [{ check: "semantic look", reason: look.reason }] : []),
  ];
  const failed = checked.filter(({ outcome }) => outcome === "FAIL");
  const open = checked.filter(({ outcome }) => outcome === "INCONCLUSIVE");
  return {
    gate: "acceptance",
    outcome: failed.length > 0 ? "FAIL" : open.length > 0 ? "INCONCLUSIVE" : "PASS",
    subjectId,
    checked,
    notChecked,
    remediation: [...failed, ...open].map(({ check, detail }) => `${check}: ${detail}`),
  };
}

/** In a run that was accepted a bead is cancelled only because others took its place; they answer for what it was to do. */
function beadsOf({ record }: AcceptanceFacts): RunRecord["beads"] {
  return record.beads.filter(({ state }) => state !== "CANCELLED");
}

function claimsCarried(facts: AcceptanceFacts): Checked {
  const claimed = new Set(
    beadsOf(facts)
      .filter(({ state }) => state === "DONE")
      .flatMap(({ claimRefs }) => claimRefs),
  );
  const unclaimed = [...new Set(facts.record.beads.flatMap(({ claimRefs }) => claimRefs))].filter((claimId) => !claimed.has(claimId));
  return finding(
    "DC-1 every claim is referenced by a bead that is done",
    claimed.size > 0 && unclaimed.length === 0,
    unclaimed.join(", ") || `${claimed.size} claims`,
  );
}

/** What was done under an amendment that is no longer adopted, or that nobody knows of, has to be done anew. */
function amendmentsHold({ run, amendments }: AcceptanceFacts): Checked {
  const status = new Map(amendments.map((amendment) => [amendment.amendmentId, amendment.status]));
  const withdrawn = run.amendedExecutions.filter(({ amendmentId }) => status.get(amendmentId) !== "ADOPTED");
  return finding(
    "DC-2 nothing was done under an amendment that was rejected",
    withdrawn.length === 0,
    withdrawn
      .map(({ traceId, beadId, amendmentId }) => `${traceId} of ${beadId} ran under ${amendmentId}, which is ${status.get(amendmentId) ?? "unknown"}`)
      .join(", ") || `${run.amendedExecutions.length} executions under an amendment`,
  );
}

function moleculesPass(facts: AcceptanceFacts): Checked {
  const outcomeBeads = beadsOf(facts).filter(({ role }) => role === "verifier:outcome");
  const failed = [
    ...facts.run.moleculeVerdicts.filter(({ outcome }) => outcome !== "passed").map(({ moleculeId, verdictId }) => `${moleculeId} (${verdictId})`),
    ...outcomeBeads.filter(({ state }) => state !== "DONE").map(({ title, beadId, state }) => `${title} (${beadId}): ${state}`),
  ];
  return finding(
    "DC-3 every molecule passes",
    outcomeBeads.length > 0 && failed.length === 0,
    failed.join(", ") || (outcomeBeads.length === 0 ? "there is no outcome bead" : `${outcomeBeads.length} outcome beads`),
  );
}

function divergencesAmended({ divergences }: AcceptanceFacts): Checked {
  const open = divergences.filter(({ amended }) => !amended);
  return finding(
    "DC-4 every divergence has an adopted amendment",
    open.length === 0,
    open.map(({ divergenceId }) => divergenceId).join(", ") || `${divergences.length} divergences`,
  );
}

function beadsChecked(facts: AcceptanceFacts): Checked {
  const beads = beadsOf(facts);
  const unmet = beads.flatMap((bead) => {
    const why = bead.state === "DONE" ? unmetCheck(bead, facts.record) : bead.state;
    return why === undefined ? [] : [`${bead.title} (${bead.beadId}): ${why}`];
  });
  return finding("DC-5 every bead met its success check", beads.length > 0 && unmet.length === 0, unmet.join(", ") || `${beads.length} beads`);
}

/** Why a bead that is done has not met its success check: what was executed for it last, on the tree it was judged on. */
function unmetCheck({ beadId, role }: RunRecord["beads"][number], { checks }: RunRecord): string | undefined {
  if (role === "verifier:outcome") return undefined;
  const own = checks.filter((check) => check.beadId === beadId);
  const last = new Map(own.filter(({ treeDigest }) => treeDigest === own.at(-1)?.treeDigest).map((check) => [check.command ?? check.checkId, check]));
  if (last.size === 0) return "no check was executed for it";
  const failed = [...last.values()].find(({ ok }) => !ok);
  return failed === undefined ? undefined : failed.summary;
}

/** A look that found something, or came to nothing, is left to a person: executed checks decide, a judge only asks. */
function lookChecks(look: Judgement<RunReview>): Checked[] {
  if (look.kind === "not-judged") return [];
  const check = `semantic look: ${look.family}`;
  if (look.kind === "unusable") return [{ check, outcome: "INCONCLUSIVE", detail: `no usable answer: ${look.reason}` }];
  if (look.kind === "unanswered") return [{ check, outcome: "INCONCLUSIVE", detail: `not judged: ${look.reason}` }];
  const { verdict, reason, findings } = look.value;
  return [
    { check, outcome: verdict === "approved" ? "PASS" : "INCONCLUSIVE", detail: `${verdict}: ${reason}` },
    ...findings.map(({ claimId, path, quote, detail }): Checked => ({
      check: `${claimId} in ${path}`,
      outcome: "INCONCLUSIVE",
      detail: `"${quote}": ${detail}`,
    })),
  ];
}

function finding(check: string, passed: boolean, detail: string): Checked {
  return { check, outcome: passed ? "PASS" : "FAIL", detail };
}

/**
 * Takes the acceptance gate, or, when a person has approved what it could not judge, goes on to delivery.
 *
 * @throws RetryableError when the coordinator has no record to show, or the judge did not answer and may still be asked.
 */
export async function runAcceptance(context: SessionContext, signal: AbortSignal): Promise<void> {
  const { store, deps } = context;
  const { runId, org, acceptanceReportId } = store.requireSession();
  if (acceptanceReportId !== null && approvedByPerson(context, acceptanceReportId)) {
    startDelivery(context, "A person approved what no executed check decides.");
    return;
  }
  const record = runId === null ? null : await deps.coordinator(org, runId).record();
  if (record === null) throw new RetryableError("The coordinator has no record of the run.");
  const look = await judgeRun(context, acceptedRun(context), signal);
  store.transaction(() => {
    const { ending, state } = store.requireSession();
    if (ending === null && state === "ACCEPTING") judge(context, record, look);
  });
}

function approvedByPerson({ store }: SessionContext, reportId: string): boolean {
  return store
    .closedReviews("acceptance")
    .some(({ subject, decision }) => subject.matter === "acceptance" && subject.artifactId === reportId && decision === "approved");
}

function judge(context: SessionContext, record: RunRecord, look: Judgement<RunReview>): void {
  const { store, amendments, ledger, deps } = context;
  const { org, personClaims, specificationId } = store.requireSession();
  const run = acceptedRun(context);
  const subjectId = specificationId ?? run.runVerdictId;
  const rates = { overfit: overfitOf(run.checks, run.holdouts), firstVerdict: firstVerdictFacts(run.firstVerdict) };
  const report = acceptanceReport({ run, record, divergences: divergencesOf(context), amendments: amendments.all(), personClaims, look }, subjectId);
  const node = artifactNode("VR", "VerificationReport", org, { ...report, runVerdictId: run.runVerdictId, ...rates }, [subjectId]);
  ledger.artifact(node, [{ source: subjectId, rel: "gate_result", target: node.id }]);
  ledger.event("VERIFICATION_PRODUCED", {
    verificationId: node.id,
    verificationType: "ACCEPTANCE",
    outcome: report.outcome,
    subjectId,
    summary:
      report.outcome === "PASS"
        ? `Accepted; ${report.notChecked.length} matters were not judged by an executed check. ${overfitText(run.firstVerdict, run)}`
        : report.remediation.join(" "),
    failedCriteria: report.checked.filter(({ outcome }) => outcome !== "PASS").map(({ check }) => check),
    checksPassed: run.checks.passed,
    checksFailed: run.checks.failed,
    holdoutsPassed: run.holdouts.passed,
    holdoutsFailed: run.holdouts.failed,
    details: rates,
  });
  store.patch({ acceptanceReportId: node.id, stuck: null }, deps.now());
  const doubts = report.checked.filter(({ outcome }) => outcome === "INCONCLUSIVE").map(({ check, detail }) => `- ${check}: ${detail}`);
  if (report.outcome === "FAIL") {
    endWith(context, { state: "FAILED", reason: `The acceptance gate refused: ${report.remediation.join(" ")}`, reasonCode: "GATE_REFUSED" });
  } else if (doubts.length + run.uncheckedClaims.length + personClaims.length > 0) {
    askPerson(context, node.id, run, personClaims, doubts);
  } else {
    startDelivery(context, "The acceptance gate passed.");
  }
}

/** Every divergence the run reported, once, with whether an amendment for it was adopted. */
export function divergencesOf({ store, amendments }: SessionContext): AcceptanceFacts["divergences"] {
  const adopted = new Set(amendments.all().flatMap(({ reportSeq, status }) => (status === "ADOPTED" ? [reportSeq] : [])));
  const amended = new Map<string, boolean>();
  for (const { seq, report } of store.runReports()) {
    if (report.outcome !== "diverged") continue;
    const { divergenceId } = report.divergence;
    amended.set(divergenceId, adopted.has(seq) || amended.get(divergenceId) === true);
  }
  return [...amended].map(([divergenceId, isAmended]) => ({ divergenceId, amended: isAmended }));
}

function askPerson(context: SessionContext, artifactId: string, run: FinishedRun, personClaims: PersonClaims, doubts: readonly string[]): void {
  const { order } = context.store.request();
  const undecided = [
    ...personClaims.map(({ claimId, text }) => `- ${claimId}: ${text}`),
    ...run.uncheckedClaims.map((claimId) => `- ${claimId}: no executed check covers it`),
  ];
  openReview(context, {
    subject: { matter: "acceptance", artifactId },
    reviewType: "HUMAN_REVIEW",
    toState: "IN_REVIEW",
    action: `Accept the work on ${artifactId}: deliver it`,
    promptText: [
      `"${order.title}" is built: ${run.beads.done} beads done, ${run.checks.passed} checks and ${run.holdouts.passed} hidden examples passed.`,
      ...(doubts.length === 0 ? [] : ["The one look by a judge of another model family leaves open:", ...doubts]),
      ...(undecided.length === 0 ? [] : ["These claims no executed check decides; read the work and decide them:", ...undecided]),
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
