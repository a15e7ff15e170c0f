/** Logs for tests of the projections: builders and random ones. */
import { BEAD_STATES, EVENT_KINDS, GENESIS_HASH, SESSION_STATES, digestOf } from "@factory/schemas";
import type { EventKind, EventPayload, SessionEvent } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import type { SessionLogRpc } from "@factory/schemas/rpc";
import * as fc from "fast-check";

/** Whose log a test's is. */
export const OWNER = { org: "acme", sessionId: "SES-00000000000000000000000001" } as const;
const RUN = "RUN-00000000000000000000000001";
const START = 1_785_844_800_000;

/** What an event of a test says, and when where that matters; the rest follows from its place. */
export type Said = { readonly kind: string; readonly payload: object; readonly runId?: string; readonly occurredAt?: number };

/** Says something of a kind. */
export const said = <K extends EventKind>(kind: K, payload: EventPayload<K>, runId?: string): Said => ({
  kind,
  payload,
  ...(runId === undefined ? {} : { runId }),
});

/** A log of what was said, each event in its place. */
export function aLog(things: readonly Said[], { sessionId = OWNER.sessionId }: { readonly sessionId?: string } = {}): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (const [index, { kind, payload, runId, occurredAt = START + index }] of things.entries()) {
    const stream = Object.entries(EVENT_KINDS).find(([name]) => name === kind)?.[1].stream ?? "sessionEvents";
    const event = {
      seq: index + 1,
      eventId: `EVT-${String(index + 1).padStart(26, "0")}`,
      stream,
      // A log may hold kinds of a newer version.
      kind: kind as EventKind,
      sessionId,
      ...(runId === undefined ? {} : { runId }),
      assemblyId: "shop",
      workOrderId: "WO-1",
      occurredAt,
      payload: payload as EventPayload,
      prevHash: events.at(-1)?.hash ?? GENESIS_HASH,
    };
    events.push({ ...event, hash: digestOf(event) });
  }
  return events;
}

/** A log as its readers meet it. */
export function readable(events: readonly SessionEvent[], pageEvents: number = LOG_LIMITS.pageEvents): Pick<SessionLogRpc, "read" | "tip"> {
  const tip = {
    lastSeq: events.length,
    rootHash: events.at(-1)?.hash ?? GENESIS_HASH,
    closed: events.at(-1)?.kind === "SESSION_COMPLETED",
    archived: false,
  };
  return {
    tip: async () => tip,
    read: async (after, limit) => ({ events: events.slice(after, after + Math.min(limit, pageEvents)), tip }),
  };
}

/** A step of a bead. */
export function beadStep(
  payload: Partial<EventPayload<"BEAD_CLAIMED">> = {},
  kind: "BEAD_STATE_CHANGED" | "BEAD_CLAIMED" | "BEAD_RELEASED" | "BEAD_RESCUED" = "BEAD_STATE_CHANGED",
): Said {
  return said(
    kind,
    {
      beadId: "BEAD-1",
      runId: RUN,
      atomId: "ATOM-1",
      title: "slugify",
      team: "build",
      role: "coder",
      fromState: "",
      toState: "READY",
      epoch: 0,
      attempt: 0,
      cycle: 0,
      ...payload,
    },
    RUN,
  );
}

/** The first event of a session. */
export const submitted = said("SESSION_SUBMITTED", { fromState: "", toState: "SUBMITTED", reason: "submitted" });

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const few = (prefix: string): fc.Arbitrary<string> => fc.integer({ min: 1, max: 3 }).map((n) => `${prefix}-${n}`);
const whole = fc.nat(1_000);
const json = fc.dictionary(text, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 });
const state = fc.constantFrom(...SESSION_STATES);
const step = { fromState: state, toState: state };
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
/** A payload whose absent fields are absent, as JSON has them. */
const payloadOf = (fields: { readonly [field: string]: fc.Arbitrary<unknown> }): fc.Arbitrary<object> =>
  fc.record(fields).map((made) => Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)));

const moved = payloadOf({ ...step, reason: text });
const failed = payloadOf({ code: text, message: text, retryable: fc.boolean(), toState: optional(state) });
const bead = payloadOf({
  beadId: few("BEAD"),
  runId: fc.constant(RUN),
  atomId: few("ATOM"),
  title: text,
  team: text,
  role: text,
  fromState: fc.constantFrom("", ...BEAD_STATES),
  toState: fc.constantFrom(...BEAD_STATES),
  epoch: whole,
  attempt: whole,
  cycle: whole,
  agentId: optional(text),
  durationMs: optional(fc.double({ noNaN: true, noDefaultInfinity: true })),
  errorCode: optional(text),
  reason: optional(text),
});
const amendment = (amendmentState: string): fc.Arbitrary<object> =>
  payloadOf({
    amendmentId: few("AMD"),
    amendmentState: fc.constant(amendmentState),
    divergenceId: few("DIV"),
    hypothesisId: few("HYP"),
    divergenceReason: text,
    faultAttribution: text,
    scope: text,
    beadIds: fc.array(few("BEAD"), { maxLength: 2 }),
    specificationId: optional(few("SPEC")),
    depth: whole,
    patch: optional(json),
  });
const clarification = payloadOf({ clarificationId: few("CLR"), beadId: few("BEAD"), question: optional(text), answer: optional(text) });

/** Payloads of every kind that may stand within a log; the terminal ones end it. */
const WITHIN: { readonly [kind: string]: fc.Arbitrary<object> } = {
  SESSION_SUBMITTED: moved,
  CANDIDATE_SET_BUILT: payloadOf({ candidateSetId: few("CST"), selected: text, alternatives: fc.array(text, { maxLength: 2 }) }),
  APPROVAL_GRANTED: payloadOf({ approvalId: few("APR"), reviewId: few("REV"), approver: text, actionDigest: text, ...step }),
  COMPILATION_STARTED: moved,
  COMPILATION_COMPLETE: moved,
  COMPILATION_FAILED: failed,
  REVIEW_REQUIRED: payloadOf({
    reviewId: few("REV"),
    reviewType: fc.constant("HUMAN_REVIEW"),
    action: text,
    actionDigest: text,
    promptText: text,
    alternatives: optional(fc.array(text, { maxLength: 2 })),
    deadlineUnixSec: optional(whole),
    context: optional(json),
    ...step,
  }),
  REVIEW_VOTE_RECORDED: payloadOf({
    reviewId: few("REV"),
    approvalId: few("APR"),
    approver: text,
    actionDigest: text,
    decision: fc.constantFrom("approved", "amended"),
    approvals: whole,
    needed: whole,
    expiresAtUnixSec: whole,
  }),
  DISPATCH_BLOCKED: payloadOf({
    runId: fc.constant(RUN),
    code: fc.constant("DISPATCH_CEILING_EXCEEDED"),
    message: text,
    clearanceId: optional(few("CLE")),
    beads: whole,
    ceiling: optional(whole),
  }),
  REVIEW_RESOLVED: payloadOf({ reviewId: few("REV"), decision: fc.constant("approved"), note: text, decidedBy: text, actionDigest: text, ...step }),
  DEPLOYING: moved,
  MONITORED: moved,
  BEAD_CLAIMED: bead,
  BEAD_RELEASED: bead,
  BEAD_FAILED: bead,
  BEAD_RESCUED: bead,
  BEAD_STATE_CHANGED: bead,
  CONSENT_BEAD_DENIED: payloadOf({
    beadId: few("BEAD"),
    runId: fc.constant(RUN),
    toolName: text,
    inputHash: text,
    permittedTools: fc.array(text, { maxLength: 2 }),
    reason: text,
    epoch: whole,
  }),
  VERIFICATION_PRODUCED: payloadOf({
    verificationId: few("VR"),
    verificationType: fc.constant("FIDELITY"),
    outcome: fc.constantFrom("PASS", "FAIL"),
    score: optional(fc.double({ noNaN: true, noDefaultInfinity: true })),
    subjectId: few("BEAD"),
    summary: text,
    failedCriteria: fc.array(text, { maxLength: 2 }),
    checksPassed: optional(whole),
    details: optional(json),
  }),
  DIVERGENCE_DETECTED: payloadOf({
    divergenceId: few("DIV"),
    divergenceType: text,
    beadId: optional(few("BEAD")),
    claimRefs: fc.array(text, { maxLength: 2 }),
    observed: text,
    expected: text,
    reason: text,
  }),
  AMENDMENT_PROPOSED: amendment("PROPOSED"),
  AMENDMENT_ADOPTED: amendment("ADOPTED"),
  AMENDMENT_REJECTED: amendment("REJECTED"),
  ARTIFACT_WRITTEN: payloadOf({
    artifactId: few("SPEC"),
    artifactType: optional(text),
    contentHash: optional(text),
    storageRef: optional(text),
    edges: optional(fc.array(fc.record({ source: few("SPEC"), rel: few("rel"), target: few("SPEC") }), { maxLength: 3 })),
    metadata: optional(json),
  }),
  EXECUTION_COMPLETE: moved,
  EXECUTION_FAILED: failed,
  PASS_COMPLETED: payloadOf({ pass: text, artifactId: few("IS"), artifactType: text, modelCalls: whole, repaired: fc.boolean(), durationMs: whole }),
  CLARIFICATION_REQUESTED: clarification,
  CLARIFICATION_ANSWERED: clarification,
  BUDGET_EXHAUSTED: payloadOf({ beadId: optional(few("BEAD")), budgetUsd: whole, spentUsd: whole, reservedUsd: whole }),
  MODEL_CALLED: payloadOf({
    alias: text,
    provider: text,
    modelId: text,
    purpose: text,
    beadId: optional(few("BEAD")),
    promptHash: text,
    inputTokens: optional(whole),
    outputTokens: optional(whole),
    costUsd: optional(fc.double({ min: 0, max: 10, noNaN: true })),
    durationMs: whole,
    outcome: text,
  }),
  RUN_GRAPH_AMENDED: payloadOf({
    amendmentId: few("AMD"),
    runId: fc.constant(RUN),
    reason: text,
    decidedBy: text,
    changes: fc.array(text, { maxLength: 2 }),
  }),
  /** A kind that only a newer version knows. */
  BEAD_TELEPORTED: payloadOf({ beadId: few("BEAD"), toState: text }),
  SESSION_COMPLETED: payloadOf({ outcome: fc.constant("COMPLETED"), reason: text, fromState: state, evidenceDigest: optional(text) }),
};

/** Kinds a random log may hold. */
export const RANDOM_KINDS = Object.keys(WITHIN);

const ONE_THING: fc.Arbitrary<Said> = fc
  .tuple(fc.oneof(...Object.entries(WITHIN).map(([kind, payload]) => payload.map((made) => ({ kind, payload: made })))), fc.boolean())
  .map(([thing, inRun]) => ({ ...thing, ...(inRun ? { runId: RUN } : {}) }));

/** Logs of any events that a session may hold, and of some that no version knows. */
export const randomLog: fc.Arbitrary<SessionEvent[]> = fc.array(ONE_THING, { minLength: 1, maxLength: 60 }).map((things) => aLog([submitted, ...things]));
