/**
 * What an event of a session's log means for Linear: what is noted, and what is to be done. Pure but for the ids of
 * escalations: the same event on the same state says the same, and an event that was taken says nothing, so a log that is read
 * again from any point ends in the same issues.
 */
import { isTerminalKind } from "@factory/schemas";
import type { BeadState, EventKind, EventPayload, SessionEvent } from "@factory/schemas";
import { SEVERITIES } from "@factory/schemas/rpc";
import { entityId } from "../linear-api/index.ts";
import type { Intent, IssueDraft, StateType, Trailer } from "./intents.ts";
import { matterLabel } from "./labels.ts";
import type { LabelName } from "./labels.ts";
import { beadSubject, divergenceSubject, escalationSubject, issueIdOf, MAX_BEAD_ISSUES, sessionSubject } from "./model.ts";
import type { Advisory, Binding, BindingSubject, Escalation, FollowedBead, FollowedDivergence, FollowedSession, KnownSeverity } from "./model.ts";
import * as texts from "./texts.ts";
import type { Links } from "./texts.ts";

/** What the reducer looks up. */
export interface ProjectionView {
  bead(sessionId: string, beadId: string): FollowedBead | null;
  directiveOf(sessionId: string, atomId: string): string | null;
  divergence(divergenceId: string): FollowedDivergence | null;
  binding(subject: BindingSubject): Binding | null;
  escalationByReview(reviewId: string): Escalation | null;
  openEscalations(sessionId: string): Escalation[];
  /** Of one bead; of the whole session where it is null. */
  openDivergences(sessionId: string, beadId: string | null): FollowedDivergence[];
}

/** What is noted. */
export type Write =
  | { readonly write: "session"; readonly session: FollowedSession }
  | { readonly write: "directive"; readonly atomId: string; readonly directiveId: string }
  | { readonly write: "bead"; readonly bead: FollowedBead }
  | { readonly write: "binding"; readonly subject: BindingSubject; readonly issueId: string }
  | { readonly write: "superseded"; readonly subject: BindingSubject; readonly by: string }
  | { readonly write: "escalation"; readonly escalation: Escalation }
  | { readonly write: "decided"; readonly reviewId: string; readonly decision: string }
  | { readonly write: "divergence"; readonly divergence: FollowedDivergence }
  /** Of one bead; of the whole session where it is null. */
  | { readonly write: "divergences-closed"; readonly beadId: string | null }
  | { readonly write: "advisory"; readonly advisory: Advisory }
  | { readonly write: "hypothesis"; readonly advisoryId: string; readonly hypothesisId: string }
  | { readonly write: "advisory-settled"; readonly advisoryId: string; readonly at: number }
  | { readonly write: "advisories-settled"; readonly beadId: string | null; readonly at: number };

/** What an event calls for. */
export type Step = { readonly writes: readonly Write[]; readonly intents: readonly Intent[] };

/** What does not follow from the event. */
export interface ReducerContext {
  readonly org: string;
  readonly view: ProjectionView;
  readonly links: Links;
  /** A new ULID; it is stored with what the event calls for. */
  readonly newEscalationId: () => string;
  /** How a review of this matter is answered, as Markdown. */
  readonly grammarFor: (matter: string) => string;
}

type EventOf<K extends EventKind> = { [Kind in K]: SessionEvent<Kind> }[K];
type AnyEvent = EventOf<EventKind>;

const NOTHING: Step = { writes: [], intents: [] };

/** Bead state -> where its issue stands. */
const BEAD_STATES: { readonly [S in BeadState]: { readonly state: StateType; readonly label?: LabelName } } = {
  BLOCKED: { state: "backlog" },
  READY: { state: "unstarted" },
  LEASED: { state: "started" },
  WAITING: { state: "started", label: "factory:waiting" },
  DONE: { state: "completed", label: "factory:success" },
  FAILED: { state: "canceled", label: "factory:failure" },
  CANCELLED: { state: "canceled" },
};

/** Where a bead's issue stands, and the labels it has by then. */
export function beadStanding({ state, attempt }: Pick<FollowedBead, "state" | "attempt">): { readonly state: StateType; readonly labels: LabelName[] } {
  const standing = BEAD_STATES[state];
  const retrying = attempt > 1 && (state === "READY" || state === "LEASED");
  return {
    state: standing.state,
    labels: ["factory:bead", ...(standing.label === undefined ? [] : [standing.label]), ...(retrying ? ["factory:retrying" as const] : [])],
  };
}

/** Advisories wait; what is graver, or of unknown weight, is shown at once. */
export function isAdvisory(severity: KnownSeverity): boolean {
  return severity === "low" || severity === "medium";
}

/** Says what an event of a session calls for: nothing, when it has been taken. */
export function reduce(given: SessionEvent, session: FollowedSession, context: ReducerContext): Step {
  if (given.seq <= session.cursor) return NOTHING;
  // The cast holds: an event's payload is its kind's.
  const event = given as AnyEvent;
  switch (event.kind) {
    case "SESSION_SUBMITTED":
      return submitted(event, session, context);
    case "COMPILATION_STARTED":
    case "COMPILATION_COMPLETE":
    case "DEPLOYING":
    case "EXECUTION_COMPLETE":
      return moved(session, event.payload.toState);
    case "COMPILATION_FAILED":
    case "EXECUTION_FAILED":
      return {
        writes: [],
        intents: [
          onSession(event, session, context, texts.failureText(event.kind === "EXECUTION_FAILED" ? "Execution failed" : "Compilation failed", event.payload)),
        ],
      };
    case "ARTIFACT_WRITTEN":
      return written(event, session, context);
    case "BEAD_CLAIMED":
    case "BEAD_RELEASED":
    case "BEAD_FAILED":
    case "BEAD_RESCUED":
    case "BEAD_STATE_CHANGED":
      return beadMoved(event, session, context);
    case "RUN_GRAPH_AMENDED":
      return graphAmended(event, session, context);
    case "DIVERGENCE_DETECTED":
      return diverged(event, session, context);
    case "AMENDMENT_PROPOSED":
    case "AMENDMENT_ADOPTED":
    case "AMENDMENT_REJECTED":
      return amended(event, session, context);
    case "REVIEW_REQUIRED":
      return asked(event, session, context);
    case "REVIEW_VOTE_RECORDED":
      return voted(event, context);
    case "REVIEW_RESOLVED":
      return decided(event, session, context);
    case "DISPATCH_BLOCKED":
      return { writes: [], intents: [onSession(event, session, context, texts.blockedText(event.payload))] };
    case "CONSENT_BEAD_DENIED":
      return note(event, session, event.payload.beadId, `The tool ${event.payload.toolName} was denied: ${event.payload.reason}`);
    case "VERIFICATION_PRODUCED":
      if (event.payload.outcome !== "INCONCLUSIVE") return NOTHING;
      return note(event, session, null, `${event.payload.verificationType} is inconclusive: ${event.payload.summary}`);
    default:
      // The cast holds: every kind that ends a session has the same payload.
      return isTerminalKind(event.kind) ? ended(event as EventOf<"SESSION_COMPLETED">, session, context) : NOTHING;
  }
}

/** What is done for a subject again and again must not be made twice: the event's id is part of its key. */
const commentKey = (event: SessionEvent, issueId: string): string => `${event.sessionId}/${event.eventId}/${issueId}`;

function comment(event: SessionEvent, issueId: string, body: string): Extract<Intent, { do: "comment" }> {
  return { do: "comment", key: commentKey(event, issueId), issueId, body };
}

function onSession(event: SessionEvent, session: FollowedSession, { org }: ReducerContext, body: string): Intent {
  return comment(event, issueIdOf(org, sessionSubject(session.sessionId)), body);
}

function moved(session: FollowedSession, state: string): Step {
  if (state === session.state) return NOTHING;
  return { writes: [{ write: "session", session: { ...session, state } }], intents: standingIn(session, state) };
}

/** Moves the session's issue, where the session's next state is another one in Linear. */
function standingIn(session: FollowedSession, next: string): Intent[] {
  const state = sessionStanding(next);
  return sessionStanding(session.state) === state ? [] : [{ do: "issue-state", subject: sessionSubject(session.sessionId), state, labels: [] }];
}

function sessionStanding(state: string): StateType {
  if (state === "SUBMITTED" || state === "COMMISSIONING") return "unstarted";
  if (state === "COMPLETED") return "completed";
  return state === "FAILED" || state === "CANCELLED" || state === "REJECTED" ? "canceled" : "started";
}

function submitted(event: EventOf<"SESSION_SUBMITTED">, known: FollowedSession, { org, links }: ReducerContext): Step {
  const { workOrderId, assemblyId, payload } = event;
  // The reason reads `<who> submitted <work order>: <title>`; from another one nothing is guessed.
  const marker = ` submitted ${workOrderId}: `;
  const at = payload.reason.indexOf(marker);
  const title = at < 0 ? workOrderId : payload.reason.slice(at + marker.length);
  const session = { ...known, assembly: assemblyId, workOrderId, title, state: payload.toState };
  const subject = sessionSubject(session.sessionId);
  const draft: IssueDraft = {
    subject,
    title: texts.titleOf("Order", title),
    description: texts.sessionText(session, at < 0 ? "" : payload.reason.slice(0, at), links),
    state: sessionStanding(session.state),
    labels: ["factory:session"],
    parent: null,
    priority: 0,
  };
  return {
    writes: [
      { write: "session", session },
      { write: "binding", subject, issueId: issueIdOf(org, subject) },
    ],
    intents: [{ do: "issue", draft }],
  };
}

function written({ payload, runId }: EventOf<"ARTIFACT_WRITTEN">, session: FollowedSession, { view }: ReducerContext): Step {
  const { artifactId, artifactType, edges, metadata } = payload;
  switch (artifactType) {
    case "WorkGraph":
      return { writes: [{ write: "session", session: { ...session, workGraphId: artifactId, runId: runId ?? session.runId } }], intents: [] };
    case "AtomDirective":
      return {
        writes: (edges ?? []).flatMap(({ source, rel, target }) =>
          rel === "dispatched_as" && target === artifactId ? [{ write: "directive" as const, atomId: source, directiveId: artifactId }] : [],
        ),
        intents: [],
      };
    case "Divergence": {
      const known = view.divergence(artifactId);
      const severity = SEVERITIES.find((name) => name === metadata?.["severity"]);
      if (severity === undefined || known?.detected === true) return NOTHING;
      return { writes: [{ write: "divergence", divergence: { divergenceId: artifactId, beadId: null, severity, detected: false, open: true } }], intents: [] };
    }
    default:
      return NOTHING;
  }
}

type BeadMove = EventOf<"BEAD_CLAIMED" | "BEAD_RELEASED" | "BEAD_FAILED" | "BEAD_RESCUED" | "BEAD_STATE_CHANGED">;

function beadMoved(event: BeadMove, session: FollowedSession, context: ReducerContext): Step {
  const known = context.view.bead(session.sessionId, event.payload.beadId);
  if (known === null) return beadSeen(event, session, context);
  const { toState: state, attempt } = event.payload;
  const bead = { ...known, state, attempt };
  const step = beadShown(bead, session, context);
  if (state !== "DONE") return step;
  const closed = closedDivergences(event, bead.beadId, "completed", context);
  return { writes: [...step.writes, ...closed.writes], intents: [...step.intents, ...closed.intents] };
}

/** A known bead as it is now. */
function beadShown(bead: FollowedBead, session: FollowedSession, context: ReducerContext): Step {
  if (!bead.shown) return { writes: [{ write: "bead", bead }], intents: [] };
  if (bead.amendedBy !== null) return renewed(bead, bead.amendedBy, session, context);
  return { writes: [{ write: "bead", bead }], intents: [{ do: "bead-state", sessionId: session.sessionId, subject: beadSubject(bead) }] };
}

/** What was found of a bead, or of the whole session where it is null, stands no longer; the issues of it say so. */
function closedDivergences({ sessionId, occurredAt: at }: SessionEvent, beadId: string | null, state: StateType, { view }: ReducerContext): Step {
  const subjects = view.openDivergences(sessionId, beadId).map(({ divergenceId }) => divergenceSubject(divergenceId));
  return {
    writes: [
      { write: "divergences-closed", beadId },
      { write: "advisories-settled", beadId, at },
    ],
    intents: subjects.flatMap((subject): Intent[] => (view.binding(subject) === null ? [] : [{ do: "issue-state", subject, state, labels: [] }])),
  };
}

/** A bead that has not been seen before gets its issue, unless the session has as many as it may. */
function beadSeen({ payload }: BeadMove, session: FollowedSession, { org, view }: ReducerContext): Step {
  const { beadId, atomId, title, team, role, toState: state, attempt } = payload;
  const shown = session.beadIssues < MAX_BEAD_ISSUES;
  const bead: FollowedBead = {
    beadId,
    atomId,
    title,
    team,
    role,
    state,
    attempt,
    shown,
    workGraphId: session.workGraphId ?? "",
    version: session.version,
    amendedBy: null,
    directiveId: view.directiveOf(session.sessionId, atomId),
    policyBeadId: null,
  };
  const counted = shown ? { beadIssues: session.beadIssues + 1 } : { beadsLeftOut: session.beadsLeftOut + 1 };
  const writes: Write[] = [
    { write: "session", session: { ...session, ...counted, runId: payload.runId } },
    { write: "bead", bead },
  ];
  if (!shown) return { writes, intents: [] };
  const subject = beadSubject(bead);
  return {
    writes: [...writes, { write: "binding", subject, issueId: issueIdOf(org, subject) }],
    intents: [{ do: "bead-issue", sessionId: session.sessionId, subject }],
  };
}

/** A bead that an amendment has changed goes on in an issue of the new version; the old one says so. Only its own issue is touched. */
function renewed(before: FollowedBead, amendmentId: string, session: FollowedSession, { org, view }: ReducerContext): Step {
  const bead = {
    ...before,
    version: session.version,
    amendedBy: null,
    directiveId: view.directiveOf(session.sessionId, before.atomId) ?? before.directiveId,
  };
  const old = beadSubject(before);
  const now = beadSubject(bead);
  const issueId = issueIdOf(org, now);
  return {
    writes: [
      { write: "bead", bead },
      { write: "binding", subject: now, issueId },
      { write: "superseded", subject: old, by: issueId },
    ],
    intents: [
      { do: "bead-issue", sessionId: session.sessionId, subject: now },
      { do: "supersede", subject: old, by: [now], reason: `Amendment ${amendmentId} has changed what is asked.`, move: true },
    ],
  };
}

/** `supersede BEAD-... by BEAD-...` and `split BEAD-... into BEAD-..., BEAD-...`; every other change shows in the beads' own events. */
const SUCCESSION = /^(?:supersede|split) (BEAD-\w+) (?:by|into) (BEAD-[\w, -]+)$/;

function graphAmended({ payload }: EventOf<"RUN_GRAPH_AMENDED">, session: FollowedSession, { view }: ReducerContext): Step {
  const subjectOf = (beadId: string): BindingSubject | null => {
    const bead = view.bead(session.sessionId, beadId);
    return bead?.shown === true ? beadSubject(bead) : null;
  };
  const intents = payload.changes.flatMap((change): Intent[] => {
    const [, old, successors] = SUCCESSION.exec(change) ?? [];
    const subject = old === undefined ? null : subjectOf(old);
    if (subject === null || successors === undefined) return [];
    const by = successors
      .split(/,\s*/)
      .map((id) => subjectOf(id) ?? beadSubject({ beadId: id, workGraphId: session.workGraphId ?? "", version: session.version }));
    return [{ do: "supersede", subject, by, reason: payload.reason, move: false }];
  });
  return { writes: [], intents };
}

function diverged(event: EventOf<"DIVERGENCE_DETECTED">, session: FollowedSession, { org, view, links }: ReducerContext): Step {
  const { payload } = event;
  const { divergenceId, beadId = null } = payload;
  const severity = view.divergence(divergenceId)?.severity ?? "unknown";
  const noted: Write = { write: "divergence", divergence: { divergenceId, beadId, severity, detected: true, open: true } };
  if (isAdvisory(severity)) {
    const text = `${payload.divergenceType}: ${payload.reason}`;
    return {
      writes: [noted, { write: "advisory", advisory: advisoryOf(event, session, { advisoryId: divergenceId, kind: "divergence", beadId, severity, text }) }],
      intents: [],
    };
  }
  const subject = divergenceSubject(divergenceId);
  const bead = beadId === null ? null : view.bead(session.sessionId, beadId);
  const draft: IssueDraft = {
    subject,
    title: texts.titleOf("Divergence", payload.reason),
    description: texts.divergenceText(session, payload, severity, links),
    state: "unstarted",
    labels: ["factory:divergence", `factory:severity-${severity}`],
    parent: bead?.shown === true ? beadSubject(bead) : sessionSubject(session.sessionId),
    priority: severity === "critical" ? 1 : 2,
  };
  return { writes: [noted, { write: "binding", subject, issueId: issueIdOf(org, subject) }], intents: [{ do: "issue", draft }] };
}

function advisoryOf(event: SessionEvent, session: FollowedSession, given: Pick<Advisory, "advisoryId" | "kind" | "beadId" | "severity" | "text">): Advisory {
  return {
    ...given,
    sessionId: session.sessionId,
    assembly: session.assembly,
    hypothesisId: null,
    queuedAt: event.occurredAt,
    carriedOver: 0,
    lastPeriod: null,
  };
}

function note(event: SessionEvent, session: FollowedSession, beadId: string | null, text: string): Step {
  return {
    writes: [{ write: "advisory", advisory: advisoryOf(event, session, { advisoryId: event.eventId, kind: "note", beadId, severity: "low", text }) }],
    intents: [],
  };
}

function amended(
  event: EventOf<"AMENDMENT_PROPOSED" | "AMENDMENT_ADOPTED" | "AMENDMENT_REJECTED">,
  session: FollowedSession,
  { org, view }: ReducerContext,
): Step {
  const { payload, kind } = event;
  const divergence = view.divergence(payload.divergenceId);
  const ofDivergence = view.binding(divergenceSubject(payload.divergenceId));
  const bead = divergence?.beadId === null || divergence === null ? null : view.bead(session.sessionId, divergence.beadId);
  const subject =
    ofDivergence !== null ? divergenceSubject(payload.divergenceId) : bead?.shown === true ? beadSubject(bead) : sessionSubject(session.sessionId);
  const intents: Intent[] = [comment(event, issueIdOf(org, subject), texts.amendmentText(payload))];
  if (kind === "AMENDMENT_PROPOSED")
    return { writes: [{ write: "hypothesis", advisoryId: payload.divergenceId, hypothesisId: payload.hypothesisId }], intents };
  if (kind === "AMENDMENT_REJECTED") return { writes: [], intents };
  if (ofDivergence !== null)
    intents.push({ do: "issue-state", subject: divergenceSubject(payload.divergenceId), state: "completed", labels: ["factory:success"] });
  return { writes: [...adopted(payload, event.occurredAt, session, view)], intents };
}

function adopted(payload: EventPayload<"AMENDMENT_ADOPTED">, at: number, session: FollowedSession, view: ProjectionView): Write[] {
  const { divergenceId, amendmentId, specificationId, beadIds } = payload;
  const divergence = view.divergence(divergenceId);
  const settled: Write[] = [
    ...(divergence === null ? [] : [{ write: "divergence" as const, divergence: { ...divergence, open: false } }]),
    { write: "advisory-settled", advisoryId: divergenceId, at },
  ];
  // Without a successor of the specification nothing is asked anew.
  if (specificationId === undefined) return settled;
  const changed = beadIds.flatMap((beadId): Write[] => {
    const bead = view.bead(session.sessionId, beadId);
    return bead === null ? [] : [{ write: "bead", bead: { ...bead, amendedBy: amendmentId } }];
  });
  return [{ write: "session", session: { ...session, version: session.version + 1 } }, ...changed, ...settled];
}

function asked(event: EventOf<"REVIEW_REQUIRED">, session: FollowedSession, context: ReducerContext): Step {
  const { payload } = event;
  const kept: Write = { write: "session", session: { ...session, state: payload.toState } };
  const standing = standingIn(session, payload.toState);
  // Policy decides this one itself; nobody is asked.
  if (typeof payload.context?.["decidedBy"] === "string") return { writes: [kept], intents: standing };
  const matter = payload.context?.["matter"];
  const escalationId = context.newEscalationId();
  const subject = escalationSubject(escalationId);
  const escalation: Escalation = {
    escalationId,
    reviewId: payload.reviewId,
    sessionId: session.sessionId,
    assembly: session.assembly,
    matter: typeof matter === "string" ? matter : payload.reviewType.toLowerCase(),
    action: payload.action,
    actionDigest: payload.actionDigest,
    issueId: issueIdOf(context.org, subject),
    openedAt: event.occurredAt,
    decision: null,
  };
  const { openedAt: _, decision: __, ...bound } = escalation;
  const draft: IssueDraft = {
    subject,
    title: texts.titleOf("Decision needed", `${escalation.matter}: ${payload.action}`),
    description: texts.escalationText(session, escalation, payload, context.grammarFor(escalation.matter), context.links),
    state: "unstarted",
    labels: ["factory:escalation", matterLabel(escalation.matter)],
    parent: sessionSubject(session.sessionId),
    priority: 1,
  };
  return {
    writes: [kept, { write: "escalation", escalation }, { write: "binding", subject, issueId: escalation.issueId }],
    // Bound before it can be commented on: one lane keeps the order.
    intents: [{ do: "bind", binding: { org: context.org, ...bound } }, { do: "issue", draft }, ...standing],
  };
}

function voted(event: EventOf<"REVIEW_VOTE_RECORDED">, { view }: ReducerContext): Step {
  const escalation = view.escalationByReview(event.payload.reviewId);
  return escalation === null ? NOTHING : { writes: [], intents: [comment(event, escalation.issueId, texts.voteText(event.payload))] };
}

function decided(event: EventOf<"REVIEW_RESOLVED">, session: FollowedSession, { view }: ReducerContext): Step {
  const { reviewId, decision, decidedBy, note: said, toState } = event.payload;
  const kept: Write = { write: "session", session: { ...session, state: toState } };
  const standing = standingIn(session, toState);
  const escalation = view.escalationByReview(reviewId);
  if (escalation === null) return { writes: [kept], intents: standing };
  return {
    writes: [kept, { write: "decided", reviewId, decision }],
    intents: [
      { do: "close", escalationId: escalation.escalationId, reviewId, decision, decidedBy },
      // One comment for one decision: what was decided in this issue is answered there by who took it.
      { ...comment(event, escalation.issueId, texts.decidedText(decision, decidedBy, said)), unlessDecidedIn: escalation.escalationId },
      settledState(escalation, decision === "rejected" ? "canceled" : "completed"),
      ...standing,
    ],
  };
}

function settledState({ escalationId }: Escalation, state: StateType): Intent {
  return { do: "issue-state", subject: escalationSubject(escalationId), state, labels: ["factory:decided"] };
}

/** Who "decides" a review that the end of its session has closed. */
const WITHDRAWN = "withdrawn";

function ended(event: EventOf<"SESSION_COMPLETED">, session: FollowedSession, context: ReducerContext): Step {
  const { payload, sessionId } = event;
  const open = context.view.openEscalations(sessionId);
  const withdrawn = open.flatMap((escalation): Intent[] => [
    { do: "close", escalationId: escalation.escalationId, reviewId: escalation.reviewId, decision: WITHDRAWN, decidedBy: "session" },
    comment(event, escalation.issueId, "The session has ended; nothing is decided here any more."),
    { do: "issue-state", subject: escalationSubject(escalation.escalationId), state: "canceled", labels: [] },
  ]);
  // Of work that failed the advisories stay open: what they tell of is still so.
  const closed = payload.outcome === "FAILED" ? NOTHING : closedDivergences(event, null, sessionStanding(payload.outcome), context);
  return {
    writes: [
      { write: "session", session: { ...session, state: payload.outcome } },
      ...open.map(({ reviewId }): Write => ({ write: "decided", reviewId, decision: WITHDRAWN })),
      ...closed.writes,
    ],
    intents: [
      ...withdrawn,
      ...closed.intents,
      { do: "closing", sessionId, body: texts.endText(payload, session.beadsLeftOut), trailers: sessionTrailers(event, session) },
      {
        do: "issue-state",
        subject: sessionSubject(sessionId),
        state: sessionStanding(payload.outcome),
        labels: [payload.outcome === "COMPLETED" ? "factory:success" : "factory:failure"],
      },
    ],
  };
}

function sessionTrailers({ payload }: EventOf<"SESSION_COMPLETED">, session: FollowedSession): Trailer[] {
  const evidence = payload.evidenceDigest;
  return [
    ["Session", session.sessionId],
    ["WorkOrder", session.workOrderId],
    ...(session.workGraphId === null ? [] : [["WorkGraph", `${session.workGraphId}@${session.version}`] as const]),
    ...(session.runId === null ? [] : [["Run", session.runId] as const]),
    ["Outcome", payload.outcome],
    ...(evidence === undefined || evidence === "" ? [] : [["Evidence", evidence] as const]),
    ...(payload.finalArtifactId === undefined || payload.finalArtifactId === "" ? [] : [["Artifact", payload.finalArtifactId] as const]),
  ];
}

/** Id of the comment that an intent makes: the same intent makes one. */
export function commentIdOf(org: string, key: string): string {
  return entityId("comment", `${org}/${key}`);
}
