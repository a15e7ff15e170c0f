/** Fields of an order, of the claims that were made of it, and of counts of sessions. */
import { builder } from "./builder.ts";
import { ClaimKindEnum, ProofStatusEnum, SessionProblemEnum, SessionStateEnum } from "./enums.ts";
import * as refs from "./refs.ts";

refs.WorkOrderRef.implement({
  description: "A work order as it was submitted.",
  fields: (t) => ({
    id: t.exposeID("workOrderId"),
    title: t.exposeString("title"),
    text: t.exposeString("text", { description: "Its Markdown, byte for byte." }),
  }),
});

const ClaimExample = builder.objectRef<(typeof refs.ClaimRef.$inferType)["claim"]["visible"][number]>("ClaimExample").implement({
  description: "An example that is shown to whoever works on the claim.",
  fields: (t) => ({ text: t.exposeString("text"), line: t.exposeInt("line", { description: "Line of the order, from 1." }) }),
});

refs.ClaimRef.implement({
  description: "One thing that has to be shown of the software.",
  fields: (t) => ({
    id: t.id({ description: "`C-1`, `C-2`, ... within its specification.", resolve: ({ claim }) => claim.claimId }),
    artifactId: t.exposeID("artifactId", { description: "In the artifact graph." }),
    specificationId: t.exposeID("specificationId"),
    kind: t.field({ type: ClaimKindEnum, resolve: ({ claim }) => claim.kind }),
    statement: t.string({ resolve: ({ claim }) => claim.text }),
    line: t.int({ description: "Line of the order that it is made from, from 1.", resolve: ({ claim }) => claim.line }),
    criterion: t.exposeString("criterion", {
      nullable: true,
      description: "The acceptance criterion in that line; null for a claim that is made from something else.",
    }),
    functionName: t.string({ nullable: true, resolve: ({ claim }) => claim.functionName ?? null }),
    testFiles: t.stringList({ description: "The order's tests that decide it.", resolve: ({ claim }) => claim.testFiles }),
    visibleExamples: t.field({ type: [ClaimExample], resolve: ({ claim }) => claim.visible }),
    visibleExampleCount: t.int({ resolve: ({ claim }) => claim.visible.length }),
    holdoutCount: t.exposeInt("holdoutCount", { description: "Examples that are hidden; their values are told to nobody." }),
    ownerAtomIds: t.idList({ description: "Atoms that answer for it.", resolve: ({ ownerAtomIds }) => [...ownerAtomIds] }),
    ownerBeadIds: t.idList({
      description: "Beads that answer for it now; empty before there is a run.",
      resolve: ({ ownerBeadIds }) => [...ownerBeadIds],
    }),
    proof: t.field({ type: refs.ClaimProofRef, resolve: ({ proof }) => proof }),
  }),
});

refs.ClaimProofRef.implement({
  description: "What executed checks say of a claim. A check is counted once for each bead whose last execution ran it.",
  fields: (t) => ({
    status: t.expose("status", { type: ProofStatusEnum }),
    checksPassed: t.exposeInt("checksPassed"),
    checksFailed: t.exposeInt("checksFailed"),
    holdoutsPassed: t.exposeInt("holdoutsPassed", { nullable: true, description: "Hidden examples in the last run verdict; null where it ran none." }),
    holdoutsFailed: t.exposeInt("holdoutsFailed", { nullable: true }),
    verificationReportIds: t.idList({
      description: "Reports on the beads that answer for it, and those that name it among what failed; oldest first.",
      resolve: ({ verificationReportIds }) => [...verificationReportIds],
    }),
  }),
});

const SessionStateCount = builder.objectRef<(typeof refs.SessionCountsRef.$inferType)["byState"][number]>("SessionStateCount").implement({
  fields: (t) => ({
    state: t.expose("state", { type: SessionStateEnum, nullable: true, description: "Null while no event has said it." }),
    count: t.exposeInt("count"),
  }),
});

const SessionProblemCount = builder.objectRef<(typeof refs.SessionCountsRef.$inferType)["problems"][number]>("SessionProblemCount").implement({
  fields: (t) => ({ problem: t.expose("problem", { type: SessionProblemEnum }), count: t.exposeInt("count") }),
});

refs.SessionCountsRef.implement({
  description: "How many sessions stand where.",
  fields: (t) => ({
    total: t.exposeInt("total"),
    byState: t.field({ type: [SessionStateCount], description: "States that no session is in are left out.", resolve: ({ byState }) => [...byState] }),
    needsPerson: t.int({ resolve: ({ problems }) => problems.find(({ problem }) => problem === "NEEDS_PERSON")?.count ?? 0 }),
    problems: t.field({
      type: [SessionProblemCount],
      description: "Every problem there is; a session may have several.",
      resolve: ({ problems }) => [...problems],
    }),
  }),
});
