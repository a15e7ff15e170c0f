/** From a session's rows, its run's record and its log to what the evidence says. Nothing is filled in for what was not done. */
import { digestOf, sha256Hex } from "@factory/schemas";
import type { Claim } from "@factory/schemas";
import type { DecisionRecord, RunRecord, RunReport } from "@factory/schemas/rpc";
import { absent, countsOrAbsent, firstVerdictFacts, known, overfitOf, totalsOf } from "@factory/verification/evidence";
import type { EvidencePredicate } from "@factory/verification/evidence";
import type { SessionContext } from "./context.ts";
import type { LogFacts } from "./evidence-log.ts";
import type { ClaimProof } from "./proof.ts";
import type { ApprovalRow, Ending } from "./session-store.ts";

type FinishedRun = Extract<RunReport, { outcome: "accepted" | "failed" }>;

/** What the evidence is made from. */
export type EvidenceFacts = {
  readonly ending: Ending;
  readonly configuration: EvidencePredicate["configuration"]["content"];
  readonly log: LogFacts;
  readonly record: RunRecord | null;
  readonly run: FinishedRun | undefined;
  readonly proofs: readonly ClaimProof[];
};

const NO_RUN = "the session has no run";
const NO_RECORD = "the coordinator has no record of the run";

/** The predicate. */
export function evidencePredicateOf(context: SessionContext, facts: EvidenceFacts): EvidencePredicate {
  const { store } = context;
  const { runId, deliverable, specificationId } = store.requireSession();
  const { record, run, configuration, log, proofs } = facts;
  const unrecorded = runId === null ? NO_RUN : NO_RECORD;
  const beads = record === null ? absent(unrecorded) : record.beads.map(beadOf);
  const checks = record === null ? absent(unrecorded) : record.checks.map(checkOf);
  const claims = specificationId === null ? absent("no specification was compiled") : proofs.map(claimOf);
  const amendments = context.amendments.all().map(({ amendmentId, beadId, claimId, mode, status, successorId, depth }) => ({
    amendmentId,
    beadId,
    claimId,
    mode,
    status,
    depth,
    successorId: known(successorId, "nothing was adopted"),
  }));
  const lists = { ...log, beads, claims, checks, amendments };
  return {
    ...lists,
    session: sessionOf(context, facts),
    order: { title: store.request().order.title, digest: sha256Hex(store.request().orderText) },
    envelope: envelopeOf(context),
    configuration: { content: configuration, digest: digestOf(configuration) },
    run: run === undefined ? absent(runId === null ? NO_RUN : "the run came to no verdict") : runOf(run),
    runModelUse: record === null ? absent(unrecorded) : { calls: record.modelCalls, costUsd: known(record.costUsd, "the price of a call is not known") },
    governance: governanceOf(context),
    receipts: store.approvals().map(receiptOf),
    deliverable: deliverable === null ? absent("nothing was delivered") : { ...deliverable },
    totals: totalsOf(lists),
  };
}

function sessionOf({ store }: SessionContext, { ending }: EvidenceFacts): EvidencePredicate["session"] {
  const { sessionId, org, runId, specificationId, workGraphId } = store.requireSession();
  const { assembly, workOrderId, purposeId } = store.request();
  return {
    sessionId,
    org,
    assembly,
    workOrderId,
    purposeId,
    runId: known(runId, "no run was started"),
    specificationId: known(specificationId, "no specification was compiled"),
    workGraphId: known(workGraphId, "no work graph was compiled"),
    outcome: ending.state,
    reason: ending.reason,
    reasonCode: known(ending.reasonCode, "the end has no code"),
  };
}

function envelopeOf({ store }: SessionContext): EvidencePredicate["envelope"] {
  const { envelopeId, envelopeDigest, identity, principal, evidenceChainRoot } = store.request();
  return {
    envelopeId,
    digest: envelopeDigest,
    submittedBy: identity.actorId,
    principal: principal.id,
    evidenceChainRoot: known(evidenceChainRoot, "the envelope names no earlier evidence"),
  };
}

function governanceOf({ store }: SessionContext): NonNullable<EvidencePredicate["governance"]> {
  const { governance } = store.request();
  if (governance === undefined) return absent("the order was taken before policies decided");
  return { submission: decisionOf(governance.submission), approvals: { ...governance.approvals } };
}

function receiptOf(row: ApprovalRow): NonNullable<EvidencePredicate["receipts"]>[number] {
  const { approvalId, reviewId, approver, actionDigest, decision, reason: note } = row;
  return {
    approvalId,
    reviewId,
    approver,
    person: known(row.person, "the platform decided, or it was given before people were told from credentials"),
    approvers: row.approvers === null ? absent("nobody overrode") : [...row.approvers],
    actionDigest,
    decision,
    note,
    givenAt: new Date(row.givenAt).toISOString(),
    expiresAt: row.expiresAt === null ? absent("it was used as it was given") : new Date(row.expiresAt).toISOString(),
    policy: row.policy === null ? absent("no policy was asked") : decisionOf(row.policy),
    dispositionEventId: known(row.dispositionEventId, "it came with no disposition"),
    elucidationArtifactId: known(row.elucidationId, "it came with no disposition"),
    usedBy: known(row.usedBy, "no answer was applied with it"),
  };
}

function decisionOf({ decisionId, policies, policySet }: DecisionRecord) {
  return { decisionId, policies: [...policies], policySet };
}

function runOf({
  runVerdictId,
  outcome,
  reason,
  checks,
  holdouts,
  uncheckedClaims,
  firstVerdict,
}: FinishedRun): Exclude<EvidencePredicate["run"], { absent: string }> {
  const { passed, failed, absentClaims } = holdouts;
  return {
    runVerdictId,
    outcome,
    reason,
    checks: {
      passed: checks.passed,
      failed: checks.failed,
    },
    holdouts: countsOrAbsent({ passed, failed }),
    claimsWithoutHoldouts: [...absentClaims],
    uncheckedClaims: [...uncheckedClaims],
    overfit: overfitOf(checks, holdouts),
    firstVerdict: firstVerdictFacts(firstVerdict),
  };
}

function beadOf({ beadId, atomId, title, role, state, epoch, attempt, cycle, dependsOn, claimRefs }: RunRecord["beads"][number]) {
  return { beadId, atomId, title, role, state, epoch, attempt, cycle, dependsOn: [...dependsOn], claimRefs: [...claimRefs] };
}

function checkOf(check: RunRecord["checks"][number]) {
  const { checkId, beadId, claimId, kind, command, treeDigest, ok, reportDigest, holdout, summary } = check;
  return {
    checkId,
    beadId,
    kind,
    holdout,
    summary,
    claimId: known(claimId, "it is of the whole tree"),
    command: known(command, "it was recorded before commands were"),
    tree: treeDigest,
    exit: ok ? ("passed" as const) : ("failed" as const),
    outputDigest: reportDigest,
  };
}

function claimOf({ claimId, kind, text, line, verdict, checks, holdouts }: ClaimProof): {
  claimId: string;
  kind: Claim["kind"];
  text: string;
  line: number;
  verdict: ClaimProof["verdict"];
  proofs: string[];
  holdouts: { outcome: "passed" | "failed"; examples: number } | { absent: string };
} {
  const { status, count } = holdouts;
  return {
    claimId,
    kind,
    text,
    line,
    verdict,
    proofs: [...new Set(checks.map(({ checkId }) => checkId))],
    holdouts:
      status === "absent"
        ? absent("no hidden example of it was run")
        : {
            outcome: status,
            examples: count,
          },
  };
}
