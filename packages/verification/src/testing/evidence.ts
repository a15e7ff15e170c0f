/** Evidence packages as tests need them: a log of real hashes, a statement over it, a key. */
import { GENESIS_HASH, digestOf, sha256Hex, type EventKind, type EventPayload, type SessionEvent, EVENT_KINDS } from "@factory/schemas";
import {
  absent,
  evidenceSigner,
  evidenceStatement,
  publicKeyOf,
  sealStatement,
  totalsOf,
  type EvidencePredicate,
  type EvidencePublicKey,
  type EvidenceSigner,
  type EvidenceStatement,
} from "../evidence/index.ts";

export const SESSION = "SES-00000000000000000000000001";

/** A new key and its public part. */
export async function aKey(): Promise<{ readonly jwk: JsonWebKey; readonly signer: EvidenceSigner; readonly publicKey: EvidencePublicKey }> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("Ed25519 keys come in pairs.");
  // The format decides the type of what is exported.
  const jwk = (await crypto.subtle.exportKey("jwk", pair.privateKey)) as JsonWebKey;
  return { jwk, signer: await evidenceSigner(JSON.stringify(jwk)), publicKey: publicKeyOf(jwk) };
}

/** One event to log. */
export type Said = { readonly [K in EventKind]: { readonly kind: K; readonly payload: EventPayload<K> } }[EventKind];

/** A log as the session's log object writes it: gapless, chained, each event hashed over all of it. */
export function aLog(said: readonly Said[]): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (const { kind, payload } of said) {
    const seq = events.length + 1;
    const event = {
      seq,
      eventId: `EVT-${String(seq).padStart(26, "0")}`,
      stream: EVENT_KINDS[kind].stream,
      kind,
      sessionId: SESSION,
      ...(seq > 2 ? { runId: "RUN-1" } : {}),
      assemblyId: "pricing",
      workOrderId: "WO-1",
      occurredAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678) + seq,
      payload,
      prevHash: events.at(-1)?.hash ?? GENESIS_HASH,
    };
    events.push({ ...event, hash: digestOf(event) });
  }
  return events;
}

const MODEL_CALL = { alias: "factory/coder", provider: "offline", modelId: "offline", purpose: "execute", promptHash: "p", durationMs: 3, outcome: "stop" };

/** What the log of a session says that completed. */
export const SAID: readonly Said[] = [
  { kind: "SESSION_SUBMITTED", payload: { fromState: "SUBMITTED", toState: "COMMISSIONING", reason: "ann submitted WO-1" } },
  { kind: "ARTIFACT_WRITTEN", payload: { artifactId: "SIG-1", artifactType: "Signal", metadata: { title: "Doubling" } } },
  {
    kind: "ARTIFACT_WRITTEN",
    payload: { artifactId: "SPEC-1", artifactType: "Specification", edges: [{ source: "SPEC-1", rel: "source_ref", target: "SIG-1" }] },
  },
  { kind: "MODEL_CALLED", payload: { ...MODEL_CALL, beadId: "BEAD-1", inputTokens: 0, outputTokens: 7, costUsd: 0.25 } },
  {
    kind: "VERIFICATION_PRODUCED",
    payload: {
      verificationId: "VR-1",
      verificationType: "FIDELITY",
      outcome: "PASS",
      subjectId: "BEAD-1",
      summary: "2 checks passed",
      failedCriteria: [],
      checksPassed: 4,
      checksFailed: 0,
    },
  },
  { kind: "ARTIFACT_WRITTEN", payload: { artifactId: "ET-1", artifactType: "ExecutionTrace", edges: [], metadata: { beadId: "BEAD-1", consentDigest: "c" } } },
];

/** The delivered files. */
export const FILES: ReadonlyMap<string, string> = new Map([
  ["README.md", "# Doubling\n"],
  ["src/double.ts", "export const double = (n: number): number => 2 * n;\n"],
]);

/** SHA-256 by path. */
export function digestsOf(files: ReadonlyMap<string, string> = FILES): Map<string, string> {
  return new Map([...files].map(([path, text]) => [path, sha256Hex(text)]));
}

/** The predicate of a session that completed; `change` is laid over it, and the totals follow. */
export function aPredicate(change: Partial<EvidencePredicate> = {}, log: readonly SessionEvent[] = aLog(SAID)): EvidencePredicate {
  const content: EvidencePredicate["configuration"]["content"] = {
    models: { "factory/coder": ["offline"] },
    prices: absent("none were given"),
    compilation: { reviewMode: "auto" },
    deployment: { id: "version-1", tag: absent("the version has no tag") },
  };
  const check = { beadId: "BEAD-1", claimId: "C-1", kind: "examples", tree: "t", exit: "passed" as const, summary: "passed" };
  const predicate: Omit<EvidencePredicate, "totals"> = {
    session: {
      sessionId: SESSION,
      org: "acme",
      assembly: "pricing",
      workOrderId: "WO-1",
      purposeId: "BCO-1",
      runId: "RUN-1",
      specificationId: "SPEC-1",
      workGraphId: "WG-1",
      outcome: "COMPLETED",
      reason: '"Doubling" is delivered in 2 files.',
      reasonCode: absent("the end has no code"),
    },
    order: { title: "Doubling", digest: sha256Hex("# Doubling\n") },
    envelope: { envelopeId: "env-1", digest: "d".repeat(64), submittedBy: "ann", principal: "key:ann", evidenceChainRoot: absent("none") },
    configuration: { content, digest: digestOf(content) },
    chain: {
      count: log.length,
      genesis: GENESIS_HASH,
      root: log.at(-1)?.hash ?? GENESIS_HASH,
      events: log.map(({ seq, kind, eventId, hash }) => [seq, kind, eventId, hash]),
    },
    lineage: {
      nodes: [
        { id: "SIG-1", type: "Signal" },
        { id: "SPEC-1", type: "Specification" },
        { id: "ET-1", type: "ExecutionTrace" },
      ],
      edges: [
        ["SPEC-1", "source_ref", "SIG-1"],
        ["ET-1", "source_ref", "KST-1"],
      ],
      external: ["KST-1"],
    },
    run: {
      runVerdictId: "RV-1",
      outcome: "accepted",
      reason: "All passed.",
      checks: { passed: 4, failed: 0 },
      holdouts: { passed: 2, failed: 0 },
      claimsWithoutHoldouts: [],
      uncheckedClaims: [],
    },
    beads: [
      {
        beadId: "BEAD-1",
        atomId: "ATOM-1",
        title: "Write double",
        role: "coder",
        state: "DONE",
        epoch: 1,
        attempt: 1,
        cycle: 0,
        dependsOn: [],
        claimRefs: ["C-1"],
      },
    ],
    claims: [
      {
        claimId: "C-1",
        kind: "criterion",
        text: "`double` doubles",
        line: 3,
        verdict: "passed",
        proofs: ["CHK-1", "CHK-2"],
        holdouts: { outcome: "passed", examples: 2 },
      },
    ],
    checks: [
      { ...check, checkId: "CHK-1", command: "examples:C-1", outputDigest: "o1", holdout: false },
      { ...check, checkId: "CHK-2", command: "holdout:C-1", outputDigest: "o2", holdout: true },
    ],
    gates: [
      {
        verificationId: "VR-1",
        gate: "FIDELITY",
        outcome: "PASS",
        subjectId: "BEAD-1",
        summary: "2 checks passed",
        failedCriteria: [],
        checks: { passed: 4, failed: 0 },
        holdouts: absent("no hidden example was run here"),
      },
    ],
    reviews: [],
    approvals: [],
    divergences: [],
    amendments: [],
    consents: [{ traceId: "ET-1", beadId: "BEAD-1", digest: "c" }],
    denials: [],
    modelCalls: [
      {
        alias: "factory/coder",
        model: "offline:offline",
        purpose: "execute",
        beadId: "BEAD-1",
        promptHash: "p",
        inputTokens: 0,
        outputTokens: 7,
        costUsd: 0.25,
        outcome: "stop",
      },
    ],
    runModelUse: { calls: 1, costUsd: 0.25 },
    deliverable: { treeDigest: digestOf(Object.fromEntries(digestsOf())), files: FILES.size, bytes: 64 },
  };
  const changed = { ...predicate, ...change };
  return { ...changed, totals: change.totals ?? totalsOf(changed) };
}

/** The statement about {@link FILES} with a predicate. */
export function aStatement(predicate: EvidencePredicate = aPredicate(), files: ReadonlyMap<string, string> = FILES): EvidenceStatement {
  return evidenceStatement(
    [...digestsOf(files)].map(([path, digest]) => ({ path, digest })),
    predicate,
  );
}

/** A session that was rejected before a run: nothing was executed and nothing delivered. */
export function anUnrunPredicate(): EvidencePredicate {
  const log = aLog(SAID.slice(0, 2));
  const none = absent("the session has no run");
  return aPredicate(
    {
      session: { ...aPredicate().session, outcome: "REJECTED", runId: none, specificationId: none, workGraphId: none },
      lineage: { nodes: [{ id: "SIG-1", type: "Signal" }], edges: [], external: [] },
      gates: [],
      consents: [],
      modelCalls: [],
      run: none,
      beads: none,
      checks: none,
      claims: none,
      runModelUse: none,
      deliverable: none,
    },
    log,
  );
}

/** A sealed package and the log it closes: the sealed events, the package's own and the terminal one. */
export async function aPackage(
  signer: EvidenceSigner,
  statement: EvidenceStatement = aStatement(),
  said: readonly Said[] = SAID,
): Promise<{ readonly bytes: Uint8Array; readonly log: SessionEvent[] }> {
  const bytes = await sealStatement(statement, signer);
  const { outcome, reason } = statement.predicate.session;
  const end = { outcome, reason, fromState: "DELIVERING", evidenceDigest: sha256Hex(bytes) };
  const log = aLog([
    ...said,
    { kind: "ARTIFACT_WRITTEN", payload: { artifactId: "EVD-1" } },
    { kind: outcome === "COMPLETED" ? "SESSION_COMPLETED" : outcome === "REJECTED" ? "SESSION_REJECTED" : "SESSION_FAILED", payload: end },
  ]);
  return { bytes, log };
}
