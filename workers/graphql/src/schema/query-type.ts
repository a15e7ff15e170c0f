/** What may be asked. */
import { OF_RUN, OF_SESSION } from "../reads/lists.ts";
import { DEFAULT_WALK_LIMIT, MAX_WALK_DEPTH, MAX_WALK_LIMIT } from "../reads/lineage-reads.ts";
import { builder } from "./builder.ts";
import { OBJECT_COST, pageArgs, pageComplexity } from "./connection.ts";
import { MAX_PAGE_SIZE } from "../reads/pages.ts";
import {
  AmendmentStateEnum,
  BeadStateEnum,
  LineageDirectionEnum,
  ReviewOrderEnum,
  SessionOrderEnum,
  SessionProblemEnum,
  SessionStateEnum,
  VerificationOutcomeEnum,
  VerificationTypeEnum,
} from "./enums.ts";
import * as refs from "./refs.ts";
import type { ArgBuilder } from "@pothos/core";
import type { Types } from "./builder.ts";

/** Artifacts of a walk that its cost counts: most walks are far smaller than their bound. */
const WALK_COST = 50;

const walkArgs = (arg: ArgBuilder<Types>) => ({
  artifactId: arg.id({ required: true }),
  assemblyId: arg.id({ required: false, description: "Its assembly; looked for when it is absent." }),
  depth: arg.int({ required: false, description: `Relations away from the artifact, at most ${MAX_WALK_DEPTH}; no bound when it is absent.` }),
  limit: arg.int({ required: false, description: `Artifacts of the walk: ${DEFAULT_WALK_LIMIT} unless asked for, ${MAX_WALK_LIMIT} at most.` }),
});

const walkComplexity = { field: WALK_COST, multiplier: WALK_COST / 10 };

builder.queryType({
  fields: (t) => ({
    viewer: t.field({ type: refs.ViewerRef, resolve: (_root, _args, { viewer }) => viewer }),
    session: t.field({
      type: refs.SessionRef,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }, { reads }) => reads.session(id),
    }),
    sessions: t.field({
      type: refs.SessionConnection,
      args: {
        ...pageArgs(t.arg),
        assemblyId: t.arg.id({ required: false }),
        status: t.arg({ type: [SessionStateEnum], required: false, description: "In one of these states." }),
        search: t.arg.string({
          required: false,
          description: "Text in the title, the work order's id or the session's id; less than three characters are looked for in the 1 000 newest sessions.",
        }),
        needsPerson: t.arg.boolean({ required: false }),
        problems: t.arg({ type: [SessionProblemEnum], required: false, description: "With one of these problems." }),
        order: t.arg({ type: SessionOrderEnum, required: false, defaultValue: "NEWEST_FIRST" }),
      },
      complexity: pageComplexity,
      resolve: (_root, { status, ...args }, { reads }) => reads.sessions({ ...args, states: status }),
    }),
    sessionsByWorkOrder: t.field({
      type: refs.SessionConnection,
      args: { ...pageArgs(t.arg), workOrderId: t.arg.id({ required: true }) },
      complexity: pageComplexity,
      resolve: (_root, args, { reads }) => reads.sessions(args),
    }),
    sessionCounts: t.field({
      type: refs.SessionCountsRef,
      description: "How many sessions stand where, over all of the org or of one assembly.",
      args: { assemblyId: t.arg.id({ required: false }) },
      complexity: OBJECT_COST,
      resolve: (_root, { assemblyId }, { reads }) => reads.counts(assemblyId),
    }),
    assemblies: t.stringList({
      description: `Assemblies that the org has sessions in, the one of the newest session first; ${MAX_PAGE_SIZE} at most.`,
      complexity: OBJECT_COST,
      resolve: (_root, _args, { reads }) => reads.assemblies(MAX_PAGE_SIZE),
    }),
    runFile: t.field({
      type: refs.RunFileRef,
      nullable: true,
      description: "One file of a session's run, as it was and as it is now; null where there is no such session, run or path.",
      args: { sessionId: t.arg.id({ required: true }), path: t.arg.string({ required: true }) },
      complexity: OBJECT_COST,
      resolve: async (_root, { sessionId, path }, { reads, runs, files }) => {
        const runId = (await reads.session(sessionId))?.runId ?? null;
        const file = runId === null ? null : await runs.file(runId, path);
        return file === null ? null : files.sides(file);
      },
    }),
    beads: t.field({
      type: refs.BeadConnection,
      args: {
        ...pageArgs(t.arg),
        runId: t.arg.id({ required: true }),
        states: t.arg({ type: [BeadStateEnum], required: false }),
        teams: t.arg.stringList({ required: false }),
      },
      complexity: pageComplexity,
      resolve: (_root, { runId, states, teams, ...args }, { reads }) => reads.page(OF_RUN.beads, { id: runId }, args, { states, teams }),
    }),
    amendments: t.field({
      type: refs.AmendmentConnection,
      args: { ...pageArgs(t.arg), runId: t.arg.id({ required: true }), states: t.arg({ type: [AmendmentStateEnum], required: false }) },
      complexity: pageComplexity,
      resolve: (_root, { runId, states, ...args }, { reads }) => reads.page(OF_RUN.amendments, { id: runId }, args, { states }),
    }),
    verificationReports: t.field({
      type: refs.VerificationReportConnection,
      args: {
        ...pageArgs(t.arg),
        sessionId: t.arg.id({ required: true }),
        types: t.arg({ type: [VerificationTypeEnum], required: false }),
        outcomes: t.arg({ type: [VerificationOutcomeEnum], required: false }),
      },
      complexity: pageComplexity,
      resolve: (_root, { sessionId, types, outcomes, ...args }, { reads }) =>
        reads.page(OF_SESSION.verifications, { id: sessionId }, args, { types, outcomes }),
    }),
    reviews: t.field({
      type: refs.ReviewConnection,
      description: "What is asked of people.",
      args: {
        ...pageArgs(t.arg),
        open: t.arg.boolean({ required: false, defaultValue: true, description: "False for decided ones too." }),
        order: t.arg({ type: ReviewOrderEnum, required: false, defaultValue: "WAITING_LONGEST" }),
      },
      complexity: pageComplexity,
      resolve: (_root, args, { reads }) => reads.reviews(args),
    }),
    artifact: t.field({
      type: refs.ArtifactRef,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }, { reads }) => reads.artifact(id),
    }),
    why: t.field({
      type: refs.LineageGraphRef,
      description: "What caused an artifact, to the pressure behind it.",
      args: walkArgs(t.arg),
      complexity: walkComplexity,
      resolve: (_root, args, { lineage }) => lineage.why(args),
    }),
    impact: t.field({
      type: refs.LineageGraphRef,
      description: "Everything that depends on an artifact.",
      args: walkArgs(t.arg),
      complexity: walkComplexity,
      resolve: (_root, args, { lineage }) => lineage.impact(args),
    }),
    lineage: t.field({
      type: refs.LineageRef,
      args: { ...walkArgs(t.arg), direction: t.arg({ type: LineageDirectionEnum, required: false, defaultValue: "BOTH" }) },
      complexity: walkComplexity,
      resolve: async (_root, { direction, ...args }, { lineage }) => {
        const assemblyId = await lineage.locate(args);
        const there = { ...args, assemblyId };
        const [causes, effects] = await Promise.all([
          direction === "EFFECTS" ? undefined : lineage.why(there),
          direction === "CAUSES" ? undefined : lineage.impact(there),
        ]);
        return {
          artifactId: args.artifactId,
          assemblyId,
          ...(causes === undefined ? {} : { causes }),
          ...(effects === undefined ? {} : { effects }),
        };
      },
    }),
  }),
});
