/**
 * The event catalog: one table from which kinds get their number, stream and payload everywhere. Payloads are the
 * proto3 JSON form of the messages in `proto/factory/v1/events.proto`; a test holds the two together.
 *
 * @see `domain.md` 7
 */
import { z } from "zod";
import { DISPATCH_BLOCKS } from "./clearance.ts";
import { BEAD_STATES, REVIEW_DECISIONS } from "./states.ts";
import type { BeadState, SessionState } from "./states.ts";

export const STREAMS = ["sessionEvents", "beadUpdates", "artifactWrites"] as const;
export type Stream = (typeof STREAMS)[number];

const text = z.string();
const optionalText = z.string().optional();
const struct = z.record(z.string(), z.json()).optional();

const stateTransition = z.strictObject({ fromState: text, toState: text, reason: text, trigger: optionalText, evidenceChainHash: optionalText });
const candidateSet = z.strictObject({ candidateSetId: text, selected: text, alternatives: z.array(text) });
const approval = z.strictObject({ approvalId: text, reviewId: text, approver: text, actionDigest: text, fromState: text, toState: text });
const reviewPrompt = z.strictObject({
  reviewId: text,
  reviewType: z.enum(["APPROVAL_REQUIRED", "AMENDMENT_REQUIRED", "HUMAN_REVIEW"]),
  action: text,
  actionDigest: text,
  promptText: text,
  fromState: text,
  toState: text,
  alternatives: z.array(text).optional(),
  deadlineUnixSec: z.number().int().optional(),
  context: struct,
});
const reviewResolved = z.strictObject({
  reviewId: text,
  decision: z.enum(REVIEW_DECISIONS),
  note: text,
  decidedBy: text,
  actionDigest: text,
  fromState: text,
  toState: text,
});
const bead = z.strictObject({
  beadId: text,
  runId: text,
  atomId: text,
  title: text,
  team: text,
  role: text,
  fromState: z.enum([...BEAD_STATES, ""]),
  toState: z.enum(BEAD_STATES),
  epoch: z.number().int(),
  attempt: z.number().int(),
  cycle: z.number().int(),
  agentId: optionalText,
  durationMs: z.number().optional(),
  errorCode: optionalText,
  reason: optionalText,
});
const consentDenied = z.strictObject({
  beadId: text,
  runId: text,
  toolName: text,
  inputHash: text,
  permittedTools: z.array(text),
  reason: text,
  epoch: z.number().int(),
});
const verification = z.strictObject({
  verificationId: text,
  verificationType: z.enum(["INTAKE", "SEMANTIC_REVIEW", "COHERENCE", "FIDELITY", "ACCEPTANCE", "PERSISTENCE"]),
  outcome: z.enum(["PASS", "FAIL", "INCONCLUSIVE"]),
  score: z.number().optional(),
  subjectId: text,
  summary: text,
  evidenceRootHash: optionalText,
  failedCriteria: z.array(text),
  checksPassed: z.number().int().optional(),
  checksFailed: z.number().int().optional(),
  holdoutsPassed: z.number().int().optional(),
  holdoutsFailed: z.number().int().optional(),
  details: struct,
});
const divergence = z.strictObject({
  divergenceId: text,
  divergenceType: text,
  beadId: optionalText,
  atomId: optionalText,
  claimRefs: z.array(text),
  observed: text,
  expected: text,
  reason: text,
});
const amendment = z.strictObject({
  amendmentId: text,
  amendmentState: z.enum(["PROPOSED", "ADOPTED", "REJECTED"]),
  divergenceId: text,
  hypothesisId: text,
  divergenceReason: text,
  faultAttribution: text,
  scope: text,
  beadIds: z.array(text),
  specificationId: optionalText,
  depth: z.number().int(),
  patch: struct,
});
const artifact = z.strictObject({
  artifactId: text,
  artifactType: optionalText,
  contentHash: optionalText,
  storageRef: optionalText,
  lineageEdgeId: optionalText,
  edges: z.array(z.strictObject({ source: text, rel: text, target: text })).optional(),
  metadata: struct,
});
const failure = z.strictObject({ code: text, message: text, details: struct, retryable: z.boolean(), fromState: optionalText, toState: optionalText });
const terminal = z.strictObject({
  outcome: z.enum(["COMPLETED", "FAILED", "CANCELLED", "REJECTED"]),
  reason: text,
  reasonCode: optionalText,
  finalArtifactId: optionalText,
  evidenceDigest: optionalText,
  fromState: text,
  summary: struct,
});
const pass = z.strictObject({
  pass: text,
  artifactId: text,
  artifactType: text,
  modelCalls: z.number().int(),
  repaired: z.boolean(),
  durationMs: z.number(),
  attempt: z.number().int().optional(),
});
const clarification = z.strictObject({ clarificationId: text, beadId: text, question: optionalText, answer: optionalText, answeredBy: optionalText });
const budget = z.strictObject({ beadId: optionalText, budgetUsd: z.number(), spentUsd: z.number(), reservedUsd: z.number() });
const runGraph = z.strictObject({
  amendmentId: text,
  runId: text,
  reason: text,
  decidedBy: text,
  /** `insert BEAD-...`, `split BEAD-... into BEAD-..., BEAD-...`, `supersede BEAD-... by BEAD-...`, `reorder BEAD-... to high`. */
  changes: z.array(text),
});
const modelCall = z.strictObject({
  alias: text,
  provider: text,
  modelId: text,
  purpose: text,
  beadId: optionalText,
  promptHash: text,
  inputTokens: z.number().int().optional(),
  outputTokens: z.number().int().optional(),
  /** US dollars; absent when the price of the model is not known. */
  costUsd: z.number().optional(),
  durationMs: z.number(),
  outcome: text,
});

const reviewVote = z.strictObject({
  reviewId: text,
  approvalId: text,
  approver: text,
  actionDigest: text,
  decision: z.enum(REVIEW_DECISIONS),
  /** Distinct people who have approved so far, and how many have to. */
  approvals: z.number().int(),
  needed: z.number().int(),
  expiresAtUnixSec: z.number().int(),
});
const dispatchBlocked = z.strictObject({
  runId: text,
  code: z.enum(DISPATCH_BLOCKS),
  message: text,
  clearanceId: optionalText,
  beads: z.number().int(),
  ceiling: z.number().int().optional(),
});

/** Name -> number, stream, the case of the proto's oneof, payload schema. Numbers never change; new kinds get new ones. */
export const EVENT_KINDS = {
  SESSION_SUBMITTED: { number: 1, stream: "sessionEvents", payloadCase: "stateTransition", payload: stateTransition },
  CANDIDATE_SET_BUILT: { number: 2, stream: "sessionEvents", payloadCase: "candidateSet", payload: candidateSet },
  APPROVAL_GRANTED: { number: 3, stream: "sessionEvents", payloadCase: "approval", payload: approval },
  COMPILATION_STARTED: { number: 4, stream: "sessionEvents", payloadCase: "stateTransition", payload: stateTransition },
  COMPILATION_COMPLETE: { number: 5, stream: "sessionEvents", payloadCase: "stateTransition", payload: stateTransition },
  COMPILATION_FAILED: { number: 6, stream: "sessionEvents", payloadCase: "error", payload: failure },
  REVIEW_REQUIRED: { number: 7, stream: "sessionEvents", payloadCase: "reviewPrompt", payload: reviewPrompt },
  REVIEW_RESOLVED: { number: 8, stream: "sessionEvents", payloadCase: "reviewResolved", payload: reviewResolved },
  DEPLOYING: { number: 9, stream: "sessionEvents", payloadCase: "stateTransition", payload: stateTransition },
  MONITORED: { number: 10, stream: "sessionEvents", payloadCase: "stateTransition", payload: stateTransition },
  BEAD_CLAIMED: { number: 11, stream: "beadUpdates", payloadCase: "bead", payload: bead },
  BEAD_RELEASED: { number: 12, stream: "beadUpdates", payloadCase: "bead", payload: bead },
  BEAD_FAILED: { number: 13, stream: "beadUpdates", payloadCase: "bead", payload: bead },
  BEAD_RESCUED: { number: 14, stream: "beadUpdates", payloadCase: "bead", payload: bead },
  CONSENT_BEAD_DENIED: { number: 15, stream: "beadUpdates", payloadCase: "consentDenied", payload: consentDenied },
  VERIFICATION_PRODUCED: { number: 16, stream: "sessionEvents", payloadCase: "verification", payload: verification },
  DIVERGENCE_DETECTED: { number: 17, stream: "sessionEvents", payloadCase: "divergence", payload: divergence },
  AMENDMENT_PROPOSED: { number: 18, stream: "sessionEvents", payloadCase: "amendment", payload: amendment },
  AMENDMENT_ADOPTED: { number: 19, stream: "sessionEvents", payloadCase: "amendment", payload: amendment },
  AMENDMENT_REJECTED: { number: 20, stream: "sessionEvents", payloadCase: "amendment", payload: amendment },
  ARTIFACT_WRITTEN: { number: 21, stream: "artifactWrites", payloadCase: "artifact", payload: artifact },
  EXECUTION_COMPLETE: { number: 22, stream: "sessionEvents", payloadCase: "stateTransition", payload: stateTransition },
  EXECUTION_FAILED: { number: 23, stream: "sessionEvents", payloadCase: "error", payload: failure },
  SESSION_COMPLETED: { number: 24, stream: "sessionEvents", payloadCase: "terminal", payload: terminal },
  SESSION_FAILED: { number: 25, stream: "sessionEvents", payloadCase: "terminal", payload: terminal },
  SESSION_CANCELLED: { number: 26, stream: "sessionEvents", payloadCase: "terminal", payload: terminal },
  PASS_COMPLETED: { number: 27, stream: "sessionEvents", payloadCase: "pass", payload: pass },
  CLARIFICATION_REQUESTED: { number: 28, stream: "sessionEvents", payloadCase: "clarification", payload: clarification },
  CLARIFICATION_ANSWERED: { number: 29, stream: "sessionEvents", payloadCase: "clarification", payload: clarification },
  BUDGET_EXHAUSTED: { number: 30, stream: "sessionEvents", payloadCase: "budget", payload: budget },
  MODEL_CALLED: { number: 31, stream: "sessionEvents", payloadCase: "modelCall", payload: modelCall },
  SESSION_REJECTED: { number: 32, stream: "sessionEvents", payloadCase: "terminal", payload: terminal },
  BEAD_STATE_CHANGED: { number: 33, stream: "beadUpdates", payloadCase: "bead", payload: bead },
  RUN_GRAPH_AMENDED: { number: 34, stream: "beadUpdates", payloadCase: "runGraph", payload: runGraph },
  REVIEW_VOTE_RECORDED: { number: 35, stream: "sessionEvents", payloadCase: "reviewVote", payload: reviewVote },
  DISPATCH_BLOCKED: { number: 36, stream: "sessionEvents", payloadCase: "dispatchBlocked", payload: dispatchBlocked },
} as const satisfies Record<string, { number: number; stream: Stream; payloadCase: string; payload: z.ZodType }>;

export type EventKind = keyof typeof EVENT_KINDS;
export const EVENT_KIND_NAMES = Object.keys(EVENT_KINDS) as EventKind[];
export type EventPayload<K extends EventKind = EventKind> = z.infer<(typeof EVENT_KINDS)[K]["payload"]>;

/** Kinds that end a session; exactly one of them closes a log. */
export const TERMINAL_KINDS = ["SESSION_COMPLETED", "SESSION_FAILED", "SESSION_CANCELLED", "SESSION_REJECTED"] as const satisfies readonly EventKind[];

/** True for a kind that ends a session. */
export function isTerminalKind(kind: EventKind): boolean {
  return (TERMINAL_KINDS as readonly EventKind[]).includes(kind);
}

/** Kinds of which one tells that a session has entered a state. Each carries the state it was entered from. */
export const SESSION_ENTRY_KINDS = {
  SUBMITTED: [],
  COMMISSIONING: ["SESSION_SUBMITTED", "REVIEW_RESOLVED"],
  AWAITING_APPROVAL: ["REVIEW_REQUIRED"],
  COMPILING: ["COMPILATION_STARTED", "REVIEW_RESOLVED"],
  EXECUTING: ["COMPILATION_COMPLETE", "REVIEW_RESOLVED"],
  ACCEPTING: ["EXECUTION_COMPLETE", "REVIEW_RESOLVED"],
  DELIVERING: ["DEPLOYING"],
  IN_REVIEW: ["REVIEW_REQUIRED"],
  COMPLETED: ["SESSION_COMPLETED"],
  FAILED: ["SESSION_FAILED"],
  CANCELLED: ["SESSION_CANCELLED"],
  REJECTED: ["SESSION_REJECTED"],
} as const satisfies { readonly [S in SessionState]: readonly EventKind[] };

/** Kinds that tell of a bead's move. */
export type BeadMoveKind = "BEAD_CLAIMED" | "BEAD_RELEASED" | "BEAD_FAILED" | "BEAD_RESCUED" | "BEAD_STATE_CHANGED";

/** The kind that tells of a bead's move; `rescued` when its lease was taken away because it had expired. */
export function beadMoveKind(from: BeadState, to: BeadState, rescued: boolean): BeadMoveKind {
  if (to === "LEASED") return "BEAD_CLAIMED";
  if (to === "FAILED") return "BEAD_FAILED";
  if (from === "LEASED" && to === "DONE") return "BEAD_RELEASED";
  return from === "LEASED" && to === "READY" && rescued ? "BEAD_RESCUED" : "BEAD_STATE_CHANGED";
}

/** True for a kind that a client of STREAM_MODE_STATE_TRANSITIONS is sent: 1 to 10, 22 to 26 and 32. */
export function isStateTransitionKind(kind: EventKind): boolean {
  const { number } = EVENT_KINDS[kind];
  return number <= 10 || (number >= 22 && number <= 26) || number === 32;
}

/** What a producer appends. `eventId` makes a repeat a no-op. */
export type EventWrite<K extends EventKind = EventKind> = {
  [Kind in K]: { readonly eventId: string; readonly kind: Kind; readonly runId?: string; readonly occurredAt: number; readonly payload: EventPayload<Kind> };
}[K];

/** One row of a session's log. Times are epoch milliseconds; `hash` covers every other field and `prevHash`. */
export type SessionEvent<K extends EventKind = EventKind> = {
  readonly seq: number;
  readonly eventId: string;
  readonly stream: Stream;
  readonly kind: K;
  readonly sessionId: string;
  readonly runId?: string;
  readonly assemblyId: string;
  readonly workOrderId: string;
  readonly occurredAt: number;
  readonly payload: EventPayload<K>;
  readonly prevHash: string;
  readonly hash: string;
};

/** What the first event of a chain points back to. */
export const GENESIS_HASH = "0".repeat(64);

/** Parses a payload by its kind. @throws ZodError when it does not fit. */
export function parseEventPayload<K extends EventKind>(kind: K, payload: unknown): EventPayload<K> {
  return EVENT_KINDS[kind].payload.parse(payload) as EventPayload<K>;
}
