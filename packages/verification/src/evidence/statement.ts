/**
 * What an evidence package says: an in-toto statement about the delivered files, or, where nothing was delivered, about
 * the session's log. Everything in it is computed by the platform; what is not known is `absent` with the reason.
 *
 * @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 */
import { BEAD_STATES, EVENT_KIND_NAMES, REVIEW_DECISIONS, canonicalJson } from "@factory/schemas";
import { z } from "zod";
import { utf8, type Bytes } from "./base64.ts";
import { IN_TOTO_PAYLOAD_TYPE, sealEnvelope } from "./dsse.ts";
import type { EvidenceSigner } from "./keys.ts";
import { orAbsent } from "./tri-state.ts";

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";

/** Type of the predicate, with its version. `example` is reserved, so nobody else can own the name. */
export const EVIDENCE_PREDICATE_TYPE = "https://factory.example/evidence/v1";

const text = z.string();
const count = z.number().int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hexadecimal");
const passedFailed = z.strictObject({ passed: count, failed: count });
const tokens = orAbsent(count);
const usd = orAbsent(z.number().min(0));

const session = z.strictObject({
  sessionId: text,
  org: text,
  assembly: text,
  workOrderId: text,
  purposeId: text,
  runId: orAbsent(text),
  specificationId: orAbsent(text),
  workGraphId: orAbsent(text),
  outcome: z.enum(["COMPLETED", "FAILED", "CANCELLED", "REJECTED"]),
  reason: text,
  reasonCode: orAbsent(text),
});

/** `digest` is the SHA-256 of the order's Markdown as it was submitted. */
const order = z.strictObject({ title: text, digest: sha256 });

const envelope = z.strictObject({ envelopeId: text, digest: sha256, submittedBy: text, principal: text, evidenceChainRoot: orAbsent(text) });

/** `digest` is that of the canonical JSON of `content`. */
const configuration = z.strictObject({
  content: z.strictObject({
    /** Alias to the models behind it, `provider:model`, in the order they are tried. */
    models: orAbsent(z.record(text, z.array(text).min(1))),
    /** Prices the factory was told besides those it knows. */
    prices: orAbsent(z.record(text, z.json())),
    compilation: z.record(text, z.json()),
    /** The deployment that sealed. */
    deployment: orAbsent(z.strictObject({ id: text, tag: orAbsent(text) })),
  }),
  digest: sha256,
});

/** An event of the log: seq, kind, event id, hash. */
const chainEvent = z.tuple([z.number().int().min(1), z.enum(EVENT_KIND_NAMES), text, sha256]);
const chain = z.strictObject({ count, genesis: sha256, root: sha256, events: z.array(chainEvent) });

/** Every artifact the session wrote; edges are source, relation, target. `external`: ends that were there before or elsewhere. */
const lineage = z.strictObject({
  nodes: z.array(z.strictObject({ id: text, type: orAbsent(text) })),
  edges: z.array(z.tuple([text, text, text])),
  external: z.array(text),
});

const ratio = z.number().min(0).max(1);
/** Rates of one verdict, and the Wilson interval of the holdout rate at 95 %. */
const overfit = z.strictObject({
  visibleRate: ratio,
  holdoutRate: ratio,
  gap: z.number().min(-1).max(1),
  interval: z.strictObject({ low: ratio, high: ratio }),
});

/** What the run verdict counted when hidden examples were first run; `cycle` says how often the run had been re-opened by then. */
const firstVerdict = z.strictObject({
  cycle: count,
  checks: passedFailed,
  holdouts: orAbsent(passedFailed),
  holdoutsByClaim: z.array(z.strictObject({ claimId: text, passed: count, failed: count })),
  overfit: orAbsent(overfit),
});

const run = z.strictObject({
  runVerdictId: text,
  outcome: z.enum(["accepted", "failed"]),
  reason: text,
  checks: passedFailed,
  holdouts: orAbsent(passedFailed),
  /** Criteria with too few examples to hide one. */
  claimsWithoutHoldouts: z.array(text),
  uncheckedClaims: z.array(text),
  /** Of the final tree. Not in packages that were sealed before it was reported. */
  overfit: orAbsent(overfit).optional(),
  /** Not in packages that were sealed before it was reported. */
  firstVerdict: orAbsent(firstVerdict).optional(),
});

const bead = z.strictObject({
  beadId: text,
  atomId: text,
  title: text,
  role: text,
  state: z.enum(BEAD_STATES),
  epoch: count,
  attempt: count,
  cycle: count,
  dependsOn: z.array(text),
  claimRefs: z.array(text),
});

/** An executed check: what was run, on which tree, how it ended, and the digest of what decided it. */
const check = z.strictObject({
  checkId: text,
  beadId: text,
  claimId: orAbsent(text),
  kind: text,
  command: orAbsent(text),
  tree: text,
  exit: z.enum(["passed", "failed"]),
  outputDigest: text,
  holdout: z.boolean(),
  summary: text,
});

const claim = z.strictObject({
  claimId: text,
  kind: z.enum(["criterion", "constraint", "metric"]),
  text,
  line: count,
  verdict: z.enum(["passed", "failed", "decided by a person", "not judged"]),
  /** Ids of the checks of the final tree that decide it. */
  proofs: z.array(text),
  holdouts: orAbsent(z.strictObject({ outcome: z.enum(["passed", "failed"]), examples: count })),
});

const gate = z.strictObject({
  verificationId: text,
  gate: z.enum(["INTAKE", "SEMANTIC_REVIEW", "COHERENCE", "FIDELITY", "ACCEPTANCE", "PERSISTENCE"]),
  outcome: z.enum(["PASS", "FAIL", "INCONCLUSIVE"]),
  subjectId: text,
  summary: text,
  failedCriteria: z.array(text),
  checks: orAbsent(passedFailed),
  holdouts: orAbsent(passedFailed),
});

const review = z.strictObject({
  reviewId: text,
  type: text,
  /** What it is about, and how many distinct people had to approve. Not in packages of before several could have to. */
  matter: orAbsent(text).optional(),
  approvalsNeeded: orAbsent(count.min(1)).optional(),
  action: text,
  actionDigest: text,
  resolution: orAbsent(z.strictObject({ decision: z.enum(REVIEW_DECISIONS), decidedBy: text, note: text })),
});

const approval = z.strictObject({ approvalId: text, reviewId: text, approver: text, actionDigest: text });

/** What policy decided: the digest of policy set, request and answer, and the policies that decided. */
const policyDecision = z.strictObject({ decisionId: text, policies: z.array(text), policySet: text });

/** What policy said when the order was taken: who has to approve is pinned from then on. */
const governance = z.strictObject({ submission: policyDecision, approvals: z.record(text, count.min(1)) });

/** One decision of one person, or of two who overrode; `usedBy` is the receipt whose answer was applied with it. */
const receipt = z.strictObject({
  approvalId: text,
  reviewId: text,
  approver: text,
  person: orAbsent(text),
  approvers: orAbsent(z.array(z.strictObject({ id: text, person: text })).min(2)),
  actionDigest: text,
  decision: z.enum(REVIEW_DECISIONS),
  note: text,
  givenAt: z.iso.datetime(),
  expiresAt: orAbsent(z.iso.datetime()),
  policy: orAbsent(policyDecision),
  dispositionEventId: orAbsent(text),
  elucidationArtifactId: orAbsent(text),
  usedBy: orAbsent(text),
});

/** What let the run be dispatched: the record's content, with what was read, what was asked for and on whose word. */
const clearanceRecord = z.strictObject({ clearanceId: text, writtenAt: z.iso.datetime(), content: orAbsent(z.record(text, z.json())) });

const divergence = z.strictObject({
  divergenceId: text,
  divergenceType: text,
  beadId: orAbsent(text),
  claimRefs: z.array(text),
  observed: text,
  expected: text,
  /** Whether an amendment for it was adopted; absent where the run kept it to itself. */
  amended: orAbsent(z.boolean()),
});

const amendment = z.strictObject({
  amendmentId: text,
  beadId: text,
  claimId: text,
  mode: text,
  status: z.enum(["PROPOSED", "ADOPTED", "REJECTED"]),
  successorId: orAbsent(text),
  depth: count,
});

/** Digest chain of the consent records of one execution; absent where no tool was called. */
const consent = z.strictObject({ traceId: text, beadId: orAbsent(text), digest: orAbsent(text) });

const denial = z.strictObject({ beadId: text, toolName: text, inputHash: text, reason: text, epoch: count });

const modelCall = z.strictObject({
  alias: text,
  model: text,
  purpose: text,
  beadId: orAbsent(text),
  promptHash: text,
  inputTokens: tokens,
  outputTokens: tokens,
  costUsd: usd,
  outcome: text,
});

/** What the coordinator counted, calls included whose outcome came when the run was over. */
const runModelUse = z.strictObject({ calls: count, costUsd: usd });

/** `treeDigest` is that of the canonical JSON of path to SHA-256. */
const deliverable = z.strictObject({ treeDigest: sha256, files: count, bytes: count });

/** Sums over the lists above, each as an auditor can add it up. A sum with an unknown part is absent. */
const totals = z.strictObject({
  events: count,
  beads: orAbsent(z.strictObject({ done: count, failed: count, other: count })),
  checks: orAbsent(passedFailed),
  claims: orAbsent(count),
  divergences: count,
  amendments: count,
  modelCalls: count,
  inputTokens: tokens,
  outputTokens: tokens,
  costUsd: usd,
});

/** The predicate: what happened, and what proves it. */
export const evidencePredicate = z.strictObject({
  session,
  order,
  envelope,
  configuration,
  chain,
  lineage,
  run: orAbsent(run),
  beads: orAbsent(z.array(bead)),
  claims: orAbsent(z.array(claim)),
  checks: orAbsent(z.array(check)),
  gates: z.array(gate),
  reviews: z.array(review),
  approvals: z.array(approval),
  /** These three are not in packages of before policy decided. */
  governance: orAbsent(governance).optional(),
  receipts: z.array(receipt).optional(),
  clearances: z.array(clearanceRecord).optional(),
  divergences: z.array(divergence),
  amendments: z.array(amendment),
  consents: z.array(consent),
  denials: z.array(denial),
  modelCalls: z.array(modelCall),
  runModelUse: orAbsent(runModelUse),
  deliverable: orAbsent(deliverable),
  totals,
});
export type EvidencePredicate = z.infer<typeof evidencePredicate>;

/** An in-toto statement v1 with at least one subject. */
export const inTotoStatement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.strictObject({ name: text.min(1), digest: z.strictObject({ sha256 }) })).min(1),
  predicateType: z.literal(EVIDENCE_PREDICATE_TYPE),
  predicate: z.unknown(),
});

/** What is sealed. */
export type EvidenceStatement = Omit<z.infer<typeof inTotoStatement>, "predicate"> & { readonly predicate: EvidencePredicate };

/** A delivered file. `digest` is the SHA-256 of its bytes. */
export type SubjectFile = { readonly path: string; readonly digest: string };

/** Name of the subject of a session that delivered nothing: its log, by the hash of its last sealed event. */
export function logSubject(sessionId: string): string {
  return `events:${sessionId}`;
}

/**
 * The statement about what a session made.
 *
 * @param files - the delivered files, this package not among them; empty where nothing was delivered
 */
export function evidenceStatement(files: readonly SubjectFile[], predicate: EvidencePredicate): EvidenceStatement {
  const subjects = files.length > 0 ? files : [{ path: logSubject(predicate.session.sessionId), digest: predicate.chain.root }];
  return {
    _type: STATEMENT_TYPE,
    subject: subjects.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map(({ path, digest }) => ({ name: path, digest: { sha256: digest } })),
    predicateType: EVIDENCE_PREDICATE_TYPE,
    predicate,
  };
}

/** Bytes of the sealed package. The same statement and key give the same bytes. */
export async function sealStatement(statement: EvidenceStatement, signer: EvidenceSigner): Promise<Bytes> {
  return sealEnvelope(IN_TOTO_PAYLOAD_TYPE, utf8(canonicalJson(statement)), signer);
}
