/**
 * The end of a session: the evidence package over everything that was acknowledged, then the one terminal event. It runs
 * when the ledger lane is empty and nobody else can append, so the chain it covers is the chain.
 */
import { RetryableError } from "@factory/durable";
import { artifactNode, blobKey, canonicalJson, digestOf, sha256Hex } from "@factory/schemas";
import type { EventPayload, SessionEvent } from "@factory/schemas";
import type { LogTip, RunRecord } from "@factory/schemas/rpc";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import { divergencesOf } from "./acceptance.ts";
import type { SessionContext } from "./context.ts";
import { moveTo } from "./context.ts";
import { personApproved } from "./delivery.ts";
import { currentClaims, proofsOf } from "./proof.ts";
import type { Ending } from "./session-store.ts";

const TERMINAL_KIND = {
  COMPLETED: "SESSION_COMPLETED",
  FAILED: "SESSION_FAILED",
  CANCELLED: "SESSION_CANCELLED",
  REJECTED: "SESSION_REJECTED",
} as const satisfies { readonly [S in Ending["state"]]: string };

type Chain = { readonly events: number; readonly rootHash: string };
type LogFacts = {
  readonly chain: Chain;
  readonly lineage: readonly string[];
  readonly modelCalls: readonly EventPayload<"MODEL_CALLED">[];
  readonly verifications: readonly EventPayload<"VERIFICATION_PRODUCED">[];
};

/**
 * Seals the package and ends the session. Nothing in the package varies between retries: a crash before the commit
 * leaves the same bytes under the same key.
 *
 * @throws RetryableError when a neighbour did not answer or the log is not what was acknowledged.
 */
export async function runSealing(context: SessionContext): Promise<void> {
  const { store, deps } = context;
  const { org, sessionId, runId, specificationId, ending } = store.requireSession();
  if (ending === null) throw new Error("A session is sealed only when its end is decided.");
  const facts = await readLog(context);
  const record = runId === null ? null : await deps.coordinator(org, runId).record();
  const content = await evidenceContent(context, ending, facts, record);
  const bytes = new TextEncoder().encode(canonicalJson(content));
  const evidenceDigest = sha256Hex(bytes);
  const storageRef = blobKey.evidence(org, sessionId);
  await deps.blobs.put(storageRef, bytes);
  const subject = specificationId ?? store.artifactOfType("Signal")?.id;
  const data = {
    sessionId,
    packageDigest: evidenceDigest,
    storageRef,
    chain: facts.chain,
    deliverable: store.requireSession().deliverable?.treeDigest ?? null,
  };
  const node = artifactNode("EVD", "EvidencePackage", org, data, subject === undefined ? [] : [subject]);
  store.transaction(() => {
    const { ledger } = context;
    ledger.artifact(node, subject === undefined ? [] : [{ source: node.id, rel: "derived_from", target: subject }], "id");
    ledger.event(TERMINAL_KIND[ending.state], terminalPayload(context, ending, node.id, evidenceDigest, record));
    moveTo(context, ending.state, { sealing: "sealed", evidenceDigest, endedAt: deps.now() });
  });
}

function terminalPayload(
  context: SessionContext,
  ending: Ending,
  finalArtifactId: string,
  evidenceDigest: string,
  record: RunRecord | null,
): EventPayload<"SESSION_COMPLETED"> {
  return {
    outcome: ending.state,
    reason: ending.reason,
    ...(ending.reasonCode === undefined ? {} : { reasonCode: ending.reasonCode }),
    finalArtifactId,
    evidenceDigest,
    fromState: context.store.requireSession().state,
    summary: summaryOf(context, record),
  };
}

/** Figures for people; the evidence has what they rest on. */
function summaryOf(context: SessionContext, record: RunRecord | null) {
  const { store } = context;
  const run = lastRun(context);
  const beads = run?.beads ?? {
    done: record?.beads.filter(({ state }) => state === "DONE").length ?? 0,
    failed: record?.beads.filter(({ state }) => state === "FAILED").length ?? 0,
  };
  const ofRecord = (holdout: boolean, ok: boolean) => record?.checks.filter((check) => check.holdout === holdout && check.ok === ok).length ?? 0;
  const checks = run?.checks ?? { passed: ofRecord(false, true), failed: ofRecord(false, false) };
  const holdouts = run?.holdouts ?? { passed: ofRecord(true, true), failed: ofRecord(true, false) };
  return {
    beads: { done: beads.done, failed: beads.failed },
    checks: { passed: checks.passed, failed: checks.failed },
    holdouts: { passed: holdouts.passed, failed: holdouts.failed },
    divergences: divergencesOf(context).length,
    amendments: store.amendments().filter(({ status }) => status === "ADOPTED").length,
    costUsd: record?.costUsd ?? null,
  };
}

function lastRun({ store }: SessionContext) {
  return store
    .runReports()
    .flatMap(({ report }) => (report.outcome === "accepted" || report.outcome === "failed" ? [report] : []))
    .at(-1);
}

/** Everything the package says. `absent` stays `absent`: no field is filled in for what was not done. */
async function evidenceContent(
  context: SessionContext,
  ending: Ending,
  facts: LogFacts,
  record: RunRecord | null,
): Promise<{ readonly [key: string]: unknown }> {
  const { store } = context;
  const request = store.request();
  const { sessionId, org, runId, personClaims, deliverable, specificationId, workGraphId } = store.requireSession();
  const run = lastRun(context);
  return {
    schemaVersion: "1.0.0",
    session: {
      sessionId,
      org,
      runId,
      specificationId,
      workGraphId,
      assembly: request.assembly,
      workOrderId: request.workOrderId,
      purposeId: request.purposeId,
      outcome: ending.state,
      reason: ending.reason,
    },
    order: { title: request.order.title, digest: digestOf(request.orderText) },
    envelope: {
      envelopeId: request.envelopeId,
      digest: request.envelopeDigest,
      submittedBy: request.identity.actorId,
      principal: request.principal.id,
      evidenceChainRoot: request.evidenceChainRoot ?? null,
    },
    chain: facts.chain,
    lineage: facts.lineage,
    claims: proofsOf(await currentClaims(context), record, personClaims, personApproved(context)),
    verifications: facts.verifications,
    checks: record?.checks ?? [],
    beads: record?.beads ?? [],
    runVerdict: run === undefined ? null : { runVerdictId: run.runVerdictId, outcome: run.outcome, reason: run.reason, checks: run.checks },
    holdouts: run === undefined ? "absent" : { passed: run.holdouts.passed, failed: run.holdouts.failed, absent: run.holdouts.absentClaims },
    divergences: divergencesOf(context),
    amendments: store
      .amendments()
      .map(({ amendmentId, beadId, claimId, mode, status, successorId, depth }) => ({ amendmentId, beadId, claimId, mode, status, successorId, depth })),
    approvals: store.approvals(),
    modelCalls: facts.modelCalls,
    costUsd: record?.costUsd ?? null,
    deliverable,
  };
}

/** Reads the whole log. @throws RetryableError when it ends before the tip or is closed already. */
async function readLog({ store, deps }: SessionContext): Promise<LogFacts> {
  const { org, sessionId } = store.requireSession();
  const log = deps.sessionLog(org, sessionId);
  const events: SessionEvent[] = [];
  let tip: LogTip = await log.tip();
  while (events.length < tip.lastSeq) {
    const page = await log.read(events.length, LOG_LIMITS.pageEvents);
    if (page.events.length === 0) throw new RetryableError(`The log ends at ${events.length} of ${tip.lastSeq} events.`);
    events.push(...page.events);
    tip = page.tip;
  }
  if (tip.closed) throw new RetryableError("The log was closed before this session was sealed.");
  return {
    chain: { events: tip.lastSeq, rootHash: tip.rootHash },
    lineage: [...new Set(events.filter(isKind("ARTIFACT_WRITTEN")).map(({ payload }) => payload.artifactId))],
    modelCalls: events.filter(isKind("MODEL_CALLED")).map(({ payload }) => payload),
    verifications: events.filter(isKind("VERIFICATION_PRODUCED")).map(({ payload }) => payload),
  };
}

function isKind<K extends SessionEvent["kind"]>(kind: K) {
  return (event: SessionEvent): event is SessionEvent<K> => event.kind === kind;
}
