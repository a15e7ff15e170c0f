/** What one event of a log says of the rows of the read model. */
import { EVENT_KINDS, SESSION_STATES } from "@factory/schemas";
import type { BeadState, EventKind, SessionEvent } from "@factory/schemas";
import type { ZodType } from "zod";
import type { Row, RowContent, TableName } from "./read-model.ts";

/** A row of a table, or what an event adds to one. */
export type Fact = { readonly table: TableName; readonly row: Row };

/** An event whose payload is known to be its kind's. */
type KnownEvent = { readonly [K in EventKind]: SessionEvent<K> }[EventKind];
type EventOf<K extends EventKind> = Extract<KnownEvent, { readonly kind: K }>;

/** Payloads by kind, without the fields that only a newer producer knows. */
const PAYLOADS: ReadonlyMap<string, ZodType> = new Map(Object.entries(EVENT_KINDS).map(([kind, { payload }]) => [kind, payload.strip()]));

/** An event that says nothing this version can read. */
export class UnreadableEvent extends Error {}

/**
 * The facts of an event. Fields of a newer producer are left out.
 *
 * @throws UnreadableEvent for a kind, a payload or a state that is not known.
 */
export function factsOf(event: SessionEvent): Fact[] {
  const known = knownEvent(event);
  const rows = rowsOf(known);
  return [fact("sessionViews", { ...viewOf(known), ...stepOf(known) }), ...rows];
}

/** What is true of the session's row whatever the event says. */
export function viewOf(event: SessionEvent): RowContent<"sessionViews"> {
  return {
    workOrderId: event.workOrderId,
    assemblyId: event.assemblyId,
    state: null,
    runId: event.runId ?? null,
    outcome: null,
    reason: null,
    reasonCode: null,
    finalArtifactId: null,
    evidenceDigest: null,
    startedAt: event.occurredAt,
    updatedAt: event.occurredAt,
    endedAt: null,
    rootHash: event.hash,
    beadsBlocked: 0,
    beadsReady: 0,
    beadsLeased: 0,
    beadsWaiting: 0,
    beadsDone: 0,
    beadsFailed: 0,
    beadsCancelled: 0,
  };
}

function knownEvent(event: SessionEvent): KnownEvent {
  const schema = PAYLOADS.get(event.kind);
  if (schema === undefined) throw new UnreadableEvent("The kind is not in the event catalog.");
  const parsed = schema.safeParse(event.payload);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UnreadableEvent(`payload.${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "is not valid"}`);
  }
  // The cast rejoins kind and payload: the parse has just checked that they belong together.
  return { ...event, payload: parsed.data } as KnownEvent;
}

const fact = <T extends TableName>(table: T, row: RowContent<T> & Row): Fact => ({ table, row });

/** Where the session's state machine goes with an event. */
function stepOf(event: KnownEvent): Partial<RowContent<"sessionViews">> {
  switch (event.kind) {
    case "SESSION_COMPLETED":
    case "SESSION_FAILED":
    case "SESSION_CANCELLED":
    case "SESSION_REJECTED": {
      const { outcome, reason, reasonCode, finalArtifactId, evidenceDigest } = event.payload;
      return {
        state: outcome,
        outcome,
        reason,
        reasonCode: reasonCode ?? null,
        finalArtifactId: finalArtifactId ?? null,
        evidenceDigest: evidenceDigest ?? null,
        endedAt: event.occurredAt,
      };
    }
    default: {
      const toState = "toState" in event.payload && event.stream === "sessionEvents" ? event.payload.toState : undefined;
      return toState === undefined ? {} : { state: sessionState(toState) };
    }
  }
}

function rowsOf(event: KnownEvent): Fact[] {
  switch (event.kind) {
    case "SESSION_SUBMITTED":
    case "COMPILATION_STARTED":
    case "COMPILATION_COMPLETE":
    case "DEPLOYING":
    case "MONITORED":
    case "EXECUTION_COMPLETE":
      return [transition(event, event.payload)];
    case "COMPILATION_FAILED":
    case "EXECUTION_FAILED": {
      const { code, message, fromState, toState } = event.payload;
      return [transition(event, { fromState, toState, reason: message, code })];
    }
    case "SESSION_COMPLETED":
    case "SESSION_FAILED":
    case "SESSION_CANCELLED":
    case "SESSION_REJECTED": {
      const { fromState, outcome, reason, reasonCode } = event.payload;
      return [transition(event, { fromState, toState: outcome, reason, code: reasonCode })];
    }
    case "REVIEW_REQUIRED":
    case "REVIEW_RESOLVED":
    case "APPROVAL_GRANTED":
      return [transition(event, { fromState: event.payload.fromState, toState: event.payload.toState }), reviewRow(event)];
    case "BEAD_CLAIMED":
    case "BEAD_RELEASED":
    case "BEAD_FAILED":
    case "BEAD_RESCUED":
    case "BEAD_STATE_CHANGED":
      return beadRows(event);
    case "ARTIFACT_WRITTEN":
      return artifactRows(event);
    case "AMENDMENT_PROPOSED":
    case "AMENDMENT_ADOPTED":
    case "AMENDMENT_REJECTED":
      return [amendmentRow(event)];
    case "CLARIFICATION_REQUESTED":
    case "CLARIFICATION_ANSWERED":
      return [clarificationRow(event)];
    case "VERIFICATION_PRODUCED":
      return [verificationRow(event)];
    case "DIVERGENCE_DETECTED":
      return [divergenceRow(event)];
    case "CONSENT_BEAD_DENIED":
    case "RUN_GRAPH_AMENDED":
    case "BUDGET_EXHAUSTED":
    case "MODEL_CALLED":
    case "PASS_COMPLETED":
    case "REVIEW_VOTE_RECORDED":
      return [momentRow(event)];
    case "DISPATCH_BLOCKED":
      // Where a person has to answer it, the review says so; a clearance that is renewed is an artifact.
      return [];
    case "CANDIDATE_SET_BUILT":
      // Its candidates are artifacts, which are told of by their own events.
      return [];
    default:
      return event satisfies never;
  }
}

type Step = { readonly fromState?: string | undefined; readonly toState?: string | undefined; readonly reason?: string; readonly code?: string | undefined };

function transition({ kind, occurredAt }: KnownEvent, { fromState, toState, reason, code }: Step): Fact {
  return fact("sessionTransitions", {
    kind,
    // The first state comes from nowhere.
    fromState: fromState === undefined || fromState === "" ? null : sessionState(fromState),
    toState: toState === undefined ? null : sessionState(toState),
    reason: reason ?? null,
    code: code ?? null,
    occurredAt,
  });
}

const NO_REVIEW = {
  reviewType: null,
  action: null,
  promptText: null,
  alternatives: null,
  deadlineUnixSec: null,
  context: null,
  requestedAt: null,
  decision: null,
  note: null,
  decidedBy: null,
  decidedAt: null,
  approvalId: null,
} as const;

function reviewRow(event: EventOf<"REVIEW_REQUIRED" | "REVIEW_RESOLVED" | "APPROVAL_GRANTED">): Fact {
  const { reviewId, actionDigest } = event.payload;
  const empty = { ...NO_REVIEW, reviewId, actionDigest };
  switch (event.kind) {
    case "REVIEW_REQUIRED": {
      const { reviewType, action, promptText, alternatives, deadlineUnixSec, context } = event.payload;
      return fact("reviews", {
        ...empty,
        reviewType,
        action,
        promptText,
        alternatives: jsonOf(alternatives),
        deadlineUnixSec: deadlineUnixSec ?? null,
        context: jsonOf(context),
        requestedAt: event.occurredAt,
      });
    }
    case "REVIEW_RESOLVED": {
      const { decision, note, decidedBy } = event.payload;
      return fact("reviews", { ...empty, decision, note, decidedBy, decidedAt: event.occurredAt });
    }
    case "APPROVAL_GRANTED":
      return fact("reviews", { ...empty, approvalId: event.payload.approvalId });
    default:
      return event satisfies never;
  }
}

function beadRows(event: EventOf<"BEAD_CLAIMED" | "BEAD_RELEASED" | "BEAD_FAILED" | "BEAD_RESCUED" | "BEAD_STATE_CHANGED">): Fact[] {
  const { kind, occurredAt, payload } = event;
  const { beadId, runId, atomId, title, team, role, fromState, toState, epoch, attempt, cycle } = payload;
  const held = { agentId: payload.agentId ?? null, errorCode: payload.errorCode ?? null, reason: payload.reason ?? null };
  const place = { beadId, runId, epoch, attempt, cycle, ...held };
  return [
    fact("beads", { ...place, atomId, title, team, role, state: toState, createdAt: occurredAt, updatedAt: occurredAt }),
    fact("beadTransitions", { ...place, kind, fromState, toState, durationMs: payload.durationMs ?? null, occurredAt }),
  ];
}

function artifactRows(event: EventOf<"ARTIFACT_WRITTEN">): Fact[] {
  const { artifactId, artifactType, contentHash, storageRef, metadata, edges = [] } = event.payload;
  const createdAt = event.occurredAt;
  return [
    fact("artifacts", {
      artifactId,
      assemblyId: event.assemblyId,
      artifactType: artifactType ?? null,
      contentHash: contentHash ?? null,
      storageRef: storageRef ?? null,
      metadata: jsonOf(metadata),
      createdAt,
    }),
    ...edges.map(({ source, rel, target }) => fact("artifactEdges", { source, rel, target, createdAt })),
  ];
}

function amendmentRow(event: EventOf<"AMENDMENT_PROPOSED" | "AMENDMENT_ADOPTED" | "AMENDMENT_REJECTED">): Fact {
  const { amendmentId, amendmentState, divergenceId, hypothesisId, divergenceReason, faultAttribution, scope, depth } = event.payload;
  const proposed = amendmentState === "PROPOSED";
  return fact("amendments", {
    amendmentId,
    runId: event.runId ?? null,
    state: amendmentState,
    divergenceId,
    hypothesisId,
    divergenceReason,
    faultAttribution,
    scope,
    beadIds: JSON.stringify(event.payload.beadIds),
    specificationId: event.payload.specificationId ?? null,
    depth,
    patch: jsonOf(event.payload.patch),
    proposedAt: proposed ? event.occurredAt : null,
    resolvedAt: proposed ? null : event.occurredAt,
  });
}

function clarificationRow(event: EventOf<"CLARIFICATION_REQUESTED" | "CLARIFICATION_ANSWERED">): Fact {
  const { clarificationId, beadId, question, answer, answeredBy } = event.payload;
  const asked = event.kind === "CLARIFICATION_REQUESTED";
  return fact("clarifications", {
    clarificationId,
    beadId,
    question: question ?? null,
    answer: answer ?? null,
    answeredBy: answeredBy ?? null,
    askedAt: asked ? event.occurredAt : null,
    answeredAt: asked ? null : event.occurredAt,
  });
}

function verificationRow({ runId, occurredAt, payload }: EventOf<"VERIFICATION_PRODUCED">): Fact {
  const { verificationId, verificationType, outcome, subjectId, summary } = payload;
  return fact("verifications", {
    verificationId,
    runId: runId ?? null,
    verificationType,
    outcome,
    score: payload.score ?? null,
    subjectId,
    summary,
    evidenceRootHash: payload.evidenceRootHash ?? null,
    failedCriteria: JSON.stringify(payload.failedCriteria),
    checksPassed: payload.checksPassed ?? null,
    checksFailed: payload.checksFailed ?? null,
    holdoutsPassed: payload.holdoutsPassed ?? null,
    holdoutsFailed: payload.holdoutsFailed ?? null,
    details: jsonOf(payload.details),
    occurredAt,
  });
}

function divergenceRow({ runId, occurredAt, payload }: EventOf<"DIVERGENCE_DETECTED">): Fact {
  const { divergenceId, divergenceType, beadId, atomId, claimRefs, observed, expected, reason } = payload;
  return fact("divergences", {
    divergenceId,
    runId: runId ?? null,
    divergenceType,
    beadId: beadId ?? null,
    atomId: atomId ?? null,
    claimRefs: JSON.stringify(claimRefs),
    observed,
    expected,
    reason,
    occurredAt,
  });
}

type MomentKind = "CONSENT_BEAD_DENIED" | "RUN_GRAPH_AMENDED" | "BUDGET_EXHAUSTED" | "MODEL_CALLED" | "PASS_COMPLETED" | "REVIEW_VOTE_RECORDED";

function momentRow(event: EventOf<MomentKind>): Fact {
  const { occurredAt } = event;
  switch (event.kind) {
    case "CONSENT_BEAD_DENIED":
      return fact("consentDenials", { ...event.payload, permittedTools: JSON.stringify(event.payload.permittedTools), occurredAt });
    case "RUN_GRAPH_AMENDED":
      return fact("runGraphChanges", { ...event.payload, changes: JSON.stringify(event.payload.changes), occurredAt });
    case "BUDGET_EXHAUSTED":
      return fact("budgetExhaustions", { ...event.payload, beadId: event.payload.beadId ?? null, occurredAt });
    case "REVIEW_VOTE_RECORDED":
      return fact("reviewVotes", { ...event.payload, occurredAt });
    case "PASS_COMPLETED": {
      // Which attempt made it is told by the log alone.
      const { attempt: _attempt, repaired, ...pass } = event.payload;
      return fact("passes", { ...pass, repaired: repaired ? 1 : 0, occurredAt });
    }
    case "MODEL_CALLED": {
      const { beadId, inputTokens, outputTokens, costUsd, ...call } = event.payload;
      return fact("modelCosts", {
        ...call,
        runId: event.runId ?? null,
        beadId: beadId ?? null,
        inputTokens: inputTokens ?? null,
        outputTokens: outputTokens ?? null,
        costUsd: costUsd ?? null,
        occurredAt,
      });
    }
    default:
      return event satisfies never;
  }
}

function jsonOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** A state that the read model may show. @throws UnreadableEvent */
function sessionState(state: string): string {
  if (!(SESSION_STATES as readonly string[]).includes(state)) throw new UnreadableEvent(`${state.slice(0, 64)} is no state of a session.`);
  return state;
}

/** The counter of the session's row for each state of a bead. */
export const BEAD_COUNTERS: { readonly [S in BeadState]: string } = {
  BLOCKED: "beadsBlocked",
  READY: "beadsReady",
  LEASED: "beadsLeased",
  WAITING: "beadsWaiting",
  DONE: "beadsDone",
  FAILED: "beadsFailed",
  CANCELLED: "beadsCancelled",
};
