/**
 * The end of a session: the evidence package over everything that was acknowledged, then the one terminal event. It runs
 * when the ledger lane is empty, and the log takes nothing else from then on, so the chain it covers is the chain.
 */
import { RetryableError } from "@factory/durable";
import { artifactNode, blobKey, sha256Hex } from "@factory/schemas";
import type { EventPayload } from "@factory/schemas";
import type { RunRecord } from "@factory/schemas/rpc";
import { evidenceStatement, sealStatement } from "@factory/verification/evidence";
import type { EvidencePredicate, EvidenceStatement, SubjectFile } from "@factory/verification/evidence";
import { z } from "zod";
import { divergencesOf } from "./acceptance.ts";
import { closeDispositions } from "./closures.ts";
import type { SessionContext } from "./context.ts";
import { moveTo } from "./context.ts";
import { personApproved } from "./delivery.ts";
import { evidencePredicateOf } from "./evidence.ts";
import { readLogFacts } from "./evidence-log.ts";
import { logIdentityOf } from "./ledger.ts";
import { currentClaims, proofsOf } from "./proof.ts";
import type { Ending } from "./session-store.ts";

const TERMINAL_KIND = {
  COMPLETED: "SESSION_COMPLETED",
  FAILED: "SESSION_FAILED",
  CANCELLED: "SESSION_CANCELLED",
  REJECTED: "SESSION_REJECTED",
} as const satisfies { readonly [S in Ending["state"]]: string };

/** Name of the document with the configuration. */
const CONFIGURATION = "evidence-configuration";

const storedManifest = z.object({ treeDigest: z.string(), files: z.array(z.object({ path: z.string(), digest: z.string() })) });

/**
 * Seals the package and ends the session. Nothing in the package varies between retries, its signature included: a crash
 * before the commit leaves the same bytes under the same key.
 *
 * @throws RetryableError when there is no key to sign with, a neighbour did not answer or the log is not what was acknowledged.
 */
export async function runSealing(context: SessionContext): Promise<void> {
  const { store, deps } = context;
  const { org, sessionId, runId, specificationId, ending } = store.requireSession();
  if (ending === null) throw new Error("A session is sealed only when its end is decided.");
  const signer = await deps.evidenceSigner();
  const record = runId === null ? null : await deps.coordinator(org, runId).record();
  const statement = await statementOf(context, ending, record);
  const bytes = await sealStatement(statement, signer);
  const evidenceDigest = sha256Hex(bytes);
  const storageRef = blobKey.evidence(org, sessionId);
  await deps.blobs.put(storageRef, bytes);
  const subject = specificationId ?? store.artifactOfType("Signal")?.id;
  const data = {
    sessionId,
    packageDigest: evidenceDigest,
    storageRef,
    chain: { events: statement.predicate.chain.count, rootHash: statement.predicate.chain.root },
    deliverable: store.requireSession().deliverable?.treeDigest ?? null,
  };
  const node = artifactNode("EVD", "EvidencePackage", org, data, subject === undefined ? [] : [subject]);
  store.transaction(() => {
    const { ledger } = context;
    ledger.artifact(node, subject === undefined ? [] : [{ source: node.id, rel: "derived_from", target: subject }], "id");
    ledger.event(TERMINAL_KIND[ending.state], terminalPayload(context, ending, node.id, evidenceDigest, record));
    if (store.requireSession().deliverable !== null) ledger.persist(node.id);
    closeDispositions(context);
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

/** Figures for people; the evidence has what they rest on. What was not done is null, never zero. */
function summaryOf(context: SessionContext, record: RunRecord | null) {
  const run = lastRun(context);
  const ofRecord = (holdout: boolean) => countsOf(record?.checks.filter((check) => check.holdout === holdout) ?? []);
  const beads = run?.beads ?? beadsOf(record);
  const holdouts = run?.holdouts ?? ofRecord(true);
  return {
    beads: beads === null ? null : { done: beads.done, failed: beads.failed },
    checks: run === undefined ? ofRecord(false) : { passed: run.checks.passed, failed: run.checks.failed },
    holdouts: holdouts === null || holdouts.passed + holdouts.failed === 0 ? null : { passed: holdouts.passed, failed: holdouts.failed },
    divergences: divergencesOf(context).length,
    amendments: context.amendments.all().filter(({ status }) => status === "ADOPTED").length,
    costUsd: record?.costUsd ?? null,
  };
}

function beadsOf(record: RunRecord | null) {
  if (record === null) return null;
  const inState = (wanted: string) => record.beads.filter(({ state }) => state === wanted).length;
  return { done: inState("DONE"), failed: inState("FAILED") };
}

function countsOf(checks: RunRecord["checks"]) {
  if (checks.length === 0) return null;
  const passed = checks.filter(({ ok }) => ok).length;
  return { passed, failed: checks.length - passed };
}

function lastRun({ store }: SessionContext) {
  return store
    .runReports()
    .flatMap(({ report }) => (report.outcome === "accepted" || report.outcome === "failed" ? [report] : []))
    .at(-1);
}

/** The statement over everything that was acknowledged; the same again for every retry. */
async function statementOf(context: SessionContext, ending: Ending, record: RunRecord | null): Promise<EvidenceStatement> {
  const { store, deps } = context;
  const { org, sessionId, personClaims } = store.requireSession();
  const amended = new Map(divergencesOf(context).map((divergence) => [divergence.divergenceId, divergence.amended]));
  const predicate = evidencePredicateOf(context, {
    ending,
    record,
    configuration: configurationOf(context),
    log: await readLogFacts(deps.sessionLog(org, sessionId), logIdentityOf(store.request()), amended),
    run: lastRun(context),
    proofs: proofsOf(await currentClaims(context), record, personClaims, personApproved(context)),
  });
  return evidenceStatement(await deliveredFiles(context), predicate);
}

/** As it was when sealing was first tried: a deploy between two tries changes nothing in the package. */
function configurationOf({ store, deps }: SessionContext): EvidencePredicate["configuration"]["content"] {
  const { reviewMode, ...config } = store.request().config;
  const now = JSON.stringify({ ...deps.deployed(), compilation: { reviewMode, ...config } });
  // The cast holds: what is kept was written here.
  return JSON.parse(store.transaction(() => store.keepDocument(CONFIGURATION, now))) as EvidencePredicate["configuration"]["content"];
}

/** The files of the manifest; none where nothing was delivered. @throws RetryableError when the manifest is not the one that was stored. */
async function deliveredFiles({ store, deps }: SessionContext): Promise<SubjectFile[]> {
  const { org, sessionId, deliverable } = store.requireSession();
  if (deliverable === null) return [];
  const bytes = await deps.blobs.get(blobKey.deliverable(org, sessionId));
  const manifest = bytes === null ? null : storedManifest.parse(JSON.parse(new TextDecoder().decode(bytes)));
  if (manifest?.treeDigest !== deliverable.treeDigest) throw new RetryableError("The stored manifest is not that of the deliverable.");
  return manifest.files;
}
