/** Fields of a session and of what only sessions have. Casts to enums hold: the projection sets aside what is of no kind or state. */
import type { EventKind, ReviewMode, SessionState } from "@factory/schemas";
import { OF_SESSION } from "../reads/lists.ts";
import { edgesOf } from "../reads/run-graph.ts";
import type { GraphqlContext } from "../graphql-context.ts";
import type { SessionRow } from "../reads/sessions.ts";
import { builder } from "./builder.ts";
import { LISTED_ROWS, OBJECT_COST, pageArgs, pageComplexity } from "./connection.ts";
import {
  AmendmentStateEnum,
  BeadStateEnum,
  EventKindEnum,
  ReviewModeEnum,
  SessionProblemEnum,
  SessionStateEnum,
  StreamEnum,
  VerificationOutcomeEnum,
  VerificationTypeEnum,
} from "./enums.ts";
import * as refs from "./refs.ts";

const BeadCounts = builder.objectRef<typeof refs.SessionRef.$inferType>("BeadCounts").implement({
  description: "Beads of a session by state, as of its `asOfSeq`.",
  fields: (t) => ({
    blocked: t.exposeInt("beadsBlocked"),
    ready: t.exposeInt("beadsReady"),
    leased: t.exposeInt("beadsLeased"),
    waiting: t.exposeInt("beadsWaiting"),
    done: t.exposeInt("beadsDone"),
    failed: t.exposeInt("beadsFailed"),
    cancelled: t.exposeInt("beadsCancelled"),
    total: t.int({
      resolve: (row) => row.beadsBlocked + row.beadsReady + row.beadsLeased + row.beadsWaiting + row.beadsDone + row.beadsFailed + row.beadsCancelled,
    }),
  }),
});

const EvidenceChain = builder.objectRef<typeof refs.SessionRef.$inferType>("EvidenceChain").implement({
  description: "The hash chain of the session's log.",
  fields: (t) => ({
    rootHash: t.exposeString("rootHash", { description: "Hash of the event `seq`, which covers every event before it." }),
    seq: t.exposeInt("seq"),
    packageDigest: t.exposeString("evidenceDigest", { nullable: true, description: "Digest of the sealed evidence package, once the session has ended." }),
    finalArtifactId: t.exposeID("finalArtifactId", { nullable: true }),
  }),
});

refs.SessionRef.implement({
  description: "One work order on its way to software, as the read model has it.",
  fields: (t) => ({
    id: t.exposeID("sessionId"),
    workOrderId: t.exposeID("workOrderId"),
    assemblyId: t.exposeID("assemblyId"),
    runId: t.exposeID("runId", { nullable: true }),
    title: t.exposeString("title", { nullable: true, description: "Title of the work order; null until the session registry has it." }),
    // Commissioning writes no other mode.
    reviewMode: t.field({ type: ReviewModeEnum, nullable: true, resolve: ({ reviewMode }) => reviewMode as ReviewMode | null }),
    state: t.field({ type: SessionStateEnum, nullable: true, resolve: ({ state }) => state as SessionState | null }),
    outcome: t.field({
      type: SessionStateEnum,
      nullable: true,
      description: "How it ended; null while it has not.",
      resolve: ({ outcome }) => outcome as SessionState | null,
    }),
    reason: t.exposeString("reason", { nullable: true }),
    reasonCode: t.exposeString("reasonCode", { nullable: true, description: "A code of `docs/ERRORS.md`." }),
    startedAt: t.expose("startedAt", { type: "DateTime" }),
    updatedAt: t.expose("updatedAt", { type: "DateTime" }),
    endedAt: t.expose("endedAt", { type: "DateTime", nullable: true }),
    asOfSeq: t.exposeInt("seq", {
      description: "How fresh the answer is: it reflects the session's log up to this `seq` at least. A subscription `afterSeq: asOfSeq` misses nothing.",
    }),
    tipSeq: t.exposeInt("tipSeq", { nullable: true, description: "Last event of the log when the read model read it last." }),
    problems: t.field({ type: [SessionProblemEnum], resolve: ({ problems }) => [...problems] }),
    needsPerson: t.boolean({ resolve: ({ problems }) => problems.includes("NEEDS_PERSON") }),
    beadCounts: t.field({ type: BeadCounts, resolve: (session) => session }),
    evidenceChain: t.field({ type: EvidenceChain, resolve: (session) => session }),
    costs: t.field({ type: refs.CostsRef, resolve: ({ sessionId }) => sessionId }),
    workOrder: t.field({
      type: refs.WorkOrderRef,
      nullable: true,
      description: "The order as it was submitted, from the session itself; null only where the session has none.",
      complexity: OBJECT_COST,
      resolve: ({ sessionId }, _args, { orderOf }) => orderOf(sessionId),
    }),
    claims: t.field({
      type: [refs.ClaimRef],
      description: "What was made of the order: the claims of its current specification, by number. Empty before it was compiled.",
      complexity: { field: OBJECT_COST, multiplier: LISTED_ROWS },
      resolve: (session, _args, { claims }) => claims.of(session),
    }),
    graph: t.field({
      type: refs.RunGraphRef,
      nullable: true,
      description: "The run's graph as it is now, from the run itself: it may be ahead of `asOfSeq`. Null before there is a run.",
      complexity: OBJECT_COST,
      resolve: (session, _args, context) => graphOf(session, context),
    }),
    runTree: t.field({
      type: refs.RunTreeRef,
      nullable: true,
      description: "The run's files as they are now, from the run itself, against what it started from. Null before there is a run.",
      complexity: OBJECT_COST,
      resolve: ({ runId }, _args, { runs }) => (runId === null ? null : runs.tree(runId)),
    }),
    transitions: t.field({
      type: refs.TransitionConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: ({ sessionId }, args, { reads }) => reads.page(OF_SESSION.transitions, { id: sessionId }, args),
    }),
    passes: t.field({
      type: refs.PassConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: ({ sessionId }, args, { reads }) => reads.page(OF_SESSION.passes, { id: sessionId }, args),
    }),
    beads: t.field({
      type: refs.BeadConnection,
      args: {
        ...pageArgs(t.arg),
        ids: t.arg.idList({ required: false }),
        states: t.arg({ type: [BeadStateEnum], required: false }),
        teams: t.arg.stringList({ required: false }),
      },
      complexity: pageComplexity,
      resolve: ({ sessionId }, { ids, states, teams, ...args }, { reads }) => reads.page(OF_SESSION.beads, { id: sessionId }, args, { ids, states, teams }),
    }),
    amendments: t.field({
      type: refs.AmendmentConnection,
      args: { ...pageArgs(t.arg), states: t.arg({ type: [AmendmentStateEnum], required: false }) },
      complexity: pageComplexity,
      resolve: ({ sessionId }, { states, ...args }, { reads }) => reads.page(OF_SESSION.amendments, { id: sessionId }, args, { states }),
    }),
    divergences: t.field({
      type: refs.DivergenceConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: ({ sessionId }, args, { reads }) => reads.page(OF_SESSION.divergences, { id: sessionId }, args),
    }),
    verificationReports: t.field({
      type: refs.VerificationReportConnection,
      args: {
        ...pageArgs(t.arg),
        types: t.arg({ type: [VerificationTypeEnum], required: false }),
        outcomes: t.arg({ type: [VerificationOutcomeEnum], required: false }),
      },
      complexity: pageComplexity,
      resolve: ({ sessionId }, { types, outcomes, ...args }, { reads }) => reads.page(OF_SESSION.verifications, { id: sessionId }, args, { types, outcomes }),
    }),
    reviews: t.field({
      type: refs.ReviewConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: ({ sessionId }, args, { reads }) => reads.page(OF_SESSION.reviews, { id: sessionId }, args),
    }),
    clarifications: t.field({
      type: refs.ClarificationConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: ({ sessionId }, args, { reads }) => reads.page(OF_SESSION.clarifications, { id: sessionId }, args),
    }),
    consentDenials: t.field({
      type: refs.ConsentDenialConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: ({ sessionId }, args, { reads }) => reads.page(OF_SESSION.consentDenials, { id: sessionId }, args),
    }),
    runGraphChanges: t.field({
      type: refs.RunGraphChangeConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: ({ sessionId }, args, { reads }) => reads.page(OF_SESSION.runGraphChanges, { id: sessionId }, args),
    }),
    budgetExhaustions: t.field({
      type: refs.BudgetExhaustionConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: ({ sessionId }, args, { reads }) => reads.page(OF_SESSION.budgetExhaustions, { id: sessionId }, args),
    }),
    artifacts: t.field({
      type: refs.ArtifactConnection,
      args: { ...pageArgs(t.arg), types: t.arg.stringList({ required: false }) },
      complexity: pageComplexity,
      resolve: ({ sessionId }, { types, ...args }, { reads }) => reads.page(OF_SESSION.artifacts, { id: sessionId }, args, { types }),
    }),
    unreadEvents: t.field({
      type: refs.UnreadEventConnection,
      description: "Events that this version of the read model could not read.",
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: ({ sessionId }, args, { reads }) => reads.page(OF_SESSION.unreadEvents, { id: sessionId }, args),
    }),
    events: t.field({
      type: refs.SessionEventConnection,
      description: "The timeline, from the log itself: it may be ahead of `asOfSeq`.",
      args: {
        ...pageArgs(t.arg),
        afterSeq: t.arg.int({ required: false, description: "Strictly after this `seq`; `after` wins." }),
        kinds: t.arg({ type: [EventKindEnum], required: false }),
        streams: t.arg({ type: [StreamEnum], required: false }),
        runId: t.arg.id({ required: false }),
        beadId: t.arg.id({ required: false }),
      },
      complexity: pageComplexity,
      resolve: ({ sessionId }, args, { timeline }) => timeline.page(sessionId, args),
    }),
  }),
});

async function graphOf({ sessionId, runId }: SessionRow, { reads, runs }: GraphqlContext): Promise<refs.ShownRunGraph | null> {
  if (runId === null) return null;
  const [graph, adopted] = await Promise.all([runs.graph(runId), reads.adopted(sessionId)]);
  return graph === null ? null : { graph, edges: edgesOf(graph, adopted) };
}

refs.TransitionRef.implement({
  description: "A step of a session's state machine.",
  fields: (t) => ({
    seq: t.exposeInt("seq"),
    kind: t.field({ type: EventKindEnum, resolve: ({ kind }) => kind as EventKind }),
    fromState: t.field({ type: SessionStateEnum, nullable: true, resolve: ({ fromState }) => fromState as SessionState | null }),
    toState: t.field({ type: SessionStateEnum, nullable: true, resolve: ({ toState }) => toState as SessionState | null }),
    reason: t.exposeString("reason", { nullable: true }),
    code: t.exposeString("code", { nullable: true }),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
  }),
});

refs.PassRef.implement({
  description: "A pass of commissioning and what it made.",
  fields: (t) => ({
    seq: t.exposeInt("seq"),
    pass: t.exposeString("pass"),
    artifactId: t.exposeID("artifactId"),
    artifactType: t.exposeString("artifactType"),
    modelCalls: t.exposeInt("modelCalls"),
    repaired: t.boolean({ description: "True when the model's first answer did not fit.", resolve: ({ repaired }) => repaired === 1 }),
    durationMs: t.exposeFloat("durationMs"),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
  }),
});

refs.UnreadEventRef.implement({
  fields: (t) => ({
    seq: t.exposeInt("seq"),
    eventId: t.exposeID("eventId"),
    kind: t.exposeString("kind"),
    reason: t.exposeString("reason"),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
  }),
});

refs.ViewerRef.implement({
  description: "Who asks.",
  fields: (t) => ({ org: t.exposeString("org"), principalId: t.exposeID("principalId"), scopes: t.exposeStringList("scopes") }),
});
