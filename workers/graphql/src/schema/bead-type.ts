/** Fields of beads, of their steps and of what changed a run's graph. Casts to enums hold: the projection sets aside what is of no kind or state. */
import type { BeadState, EventKind } from "@factory/schemas";
import type { StoredNode } from "@factory/schemas/rpc";
import type { GraphqlContext } from "../graphql-context.ts";
import { dependenciesOf } from "../reads/directives.ts";
import { OF_BEAD } from "../reads/lists.ts";
import { pageArgs, pageComplexity } from "./connection.ts";
import { BeadStateEnum, EventKindEnum } from "./enums.ts";
import { textList } from "./json-text.ts";
import * as refs from "./refs.ts";

const ownerOf = ({ sessionId, beadId }: refs.BeadRow): { readonly sessionId: string; readonly id: string } => ({ sessionId, id: beadId });

refs.BeadRef.implement({
  description: "A unit of work of a run, as it is now.",
  fields: (t) => ({
    id: t.exposeID("beadId"),
    sessionId: t.exposeID("sessionId"),
    runId: t.exposeID("runId"),
    atomId: t.exposeID("atomId"),
    title: t.exposeString("title"),
    team: t.exposeString("team"),
    role: t.exposeString("role"),
    state: t.field({ type: BeadStateEnum, resolve: ({ state }) => state as BeadState }),
    epoch: t.exposeInt("epoch"),
    attempt: t.exposeInt("attempt"),
    cycle: t.exposeInt("cycle"),
    agentId: t.exposeString("agentId", { nullable: true, description: "The agent that held it last." }),
    errorCode: t.exposeString("errorCode", { nullable: true, description: "Of the last step; a code of `docs/ERRORS.md`." }),
    reason: t.exposeString("reason", { nullable: true, description: "Of the last step." }),
    createdAt: t.expose("createdAt", { type: "DateTime" }),
    updatedAt: t.expose("updatedAt", { type: "DateTime" }),
    seq: t.exposeInt("seq", { description: "Last event of the session's log that moved it." }),
    cost: t.field({ type: refs.CostTotalRef, resolve: (bead, _args, { reads }) => reads.beadCost(bead.sessionId, bead.beadId) }),
    directive: t.field({
      type: refs.LineageNodeRef,
      nullable: true,
      description: "The directive it carries out; null while its write is on its way.",
      complexity: 5,
      resolve: (bead, _args, context) => directiveOf(bead, context),
    }),
    dependsOn: t.field({
      type: [refs.BeadDependencyRef],
      description: "What its directive waits for. Where the run's graph was changed while it ran, `runGraphChanges` says how.",
      complexity: 5,
      resolve: async (bead, _args, context) => dependenciesOf((await directiveOf(bead, context))?.data),
    }),
    moleculeId: t.id({
      nullable: true,
      description: "The molecule it is of, from the run itself; null where the run does not know it.",
      resolve: async ({ runId, beadId }, _args, { runs }) => (await runs.graph(runId))?.moleculeOf(beadId) ?? null,
    }),
    dependsOnBeadIds: t.idList({
      nullable: true,
      description: "The beads it waits for as the run's graph is now, amendments included; null where the run does not know it.",
      resolve: async ({ runId, beadId }, _args, { runs }) => (await runs.graph(runId))?.parentsOf(beadId) ?? null,
    }),
    checks: t.field({
      type: [refs.CheckResultRef],
      description: "What the platform ran on what it brought, every attempt, oldest first; from its execution traces.",
      resolve: async (bead, _args, { reads }) => [...(await reads.checks(bead.sessionId, bead.beadId))],
    }),
    transitions: t.field({
      type: refs.BeadTransitionConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: (bead, args, { reads }) => reads.page(OF_BEAD.transitions, ownerOf(bead), args),
    }),
    verificationReports: t.field({
      type: refs.VerificationReportConnection,
      description: "Reports whose subject is the bead.",
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: (bead, args, { reads }) => reads.page(OF_BEAD.verifications, ownerOf(bead), args),
    }),
    divergences: t.field({
      type: refs.DivergenceConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: (bead, args, { reads }) => reads.page(OF_BEAD.divergences, ownerOf(bead), args),
    }),
    clarifications: t.field({
      type: refs.ClarificationConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: (bead, args, { reads }) => reads.page(OF_BEAD.clarifications, ownerOf(bead), args),
    }),
    consentDenials: t.field({
      type: refs.ConsentDenialConnection,
      args: pageArgs(t.arg),
      complexity: pageComplexity,
      resolve: (bead, args, { reads }) => reads.page(OF_BEAD.consentDenials, ownerOf(bead), args),
    }),
    session: t.field({ type: refs.SessionRef, nullable: true, resolve: ({ sessionId }, _args, { reads }) => reads.session(sessionId) }),
  }),
});

/** A directive is in the graph of its session's assembly. */
async function directiveOf({ sessionId, atomId }: refs.BeadRow, { reads, lineage }: GraphqlContext): Promise<StoredNode | null> {
  const [session, directiveId] = await Promise.all([reads.session(sessionId), reads.directive(sessionId, atomId)]);
  return session === null || directiveId === null ? null : lineage.content(session.assemblyId, directiveId);
}

refs.BeadDependencyRef.implement({
  fields: (t) => ({ atomId: t.exposeID("atomId"), required: t.exposeBoolean("required") }),
});

refs.CheckResultRef.implement({
  description: "A check that the platform ran.",
  fields: (t) => ({
    id: t.exposeID("checkId"),
    traceId: t.exposeID("traceId"),
    attempt: t.exposeInt("attempt"),
    cycle: t.exposeInt("cycle"),
    kind: t.exposeString("kind"),
    command: t.exposeString("command"),
    ok: t.exposeBoolean("ok"),
    holdout: t.exposeBoolean("holdout", { description: "True for hidden examples; their values are told to nobody." }),
    claimId: t.id({ nullable: true, resolve: ({ claimId }) => claimId ?? null }),
    summary: t.exposeString("summary"),
    reportDigest: t.exposeString("reportDigest"),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
  }),
});

refs.BeadTransitionRef.implement({
  description: "A step of a bead.",
  fields: (t) => ({
    seq: t.exposeInt("seq"),
    kind: t.field({ type: EventKindEnum, resolve: ({ kind }) => kind as EventKind }),
    fromState: t.field({ type: BeadStateEnum, nullable: true, resolve: ({ fromState }) => (fromState === "" ? null : (fromState as BeadState)) }),
    toState: t.field({ type: BeadStateEnum, resolve: ({ toState }) => toState as BeadState }),
    epoch: t.exposeInt("epoch"),
    attempt: t.exposeInt("attempt"),
    cycle: t.exposeInt("cycle"),
    agentId: t.exposeString("agentId", { nullable: true }),
    durationMs: t.exposeFloat("durationMs", { nullable: true }),
    errorCode: t.exposeString("errorCode", { nullable: true }),
    reason: t.exposeString("reason", { nullable: true }),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
  }),
});

refs.RunGraphChangeRef.implement({
  description: "A change of a run's graph while it ran.",
  fields: (t) => ({
    seq: t.exposeInt("seq"),
    amendmentId: t.exposeID("amendmentId"),
    runId: t.exposeID("runId"),
    reason: t.exposeString("reason"),
    decidedBy: t.exposeString("decidedBy"),
    changes: t.stringList({ resolve: ({ changes }) => textList(changes) }),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
  }),
});
