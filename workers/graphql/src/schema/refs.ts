/** The object types of the schema by what stands behind each; their fields are in the files beside this one. */
import type { SessionEvent } from "@factory/schemas";
import type { AssemblyEvent, RunFile, RunGraphBead, RunTreeView, StoredEdge, StoredNode, SubmittedOrder } from "@factory/schemas/rpc";
import type * as tables from "../projections/schema.ts";
import type { CheckResult } from "../reads/checks.ts";
import type { ClaimProof, SessionClaim } from "../reads/claims.ts";
import type { BeadDependency } from "../reads/directives.ts";
import type { CostTotal } from "../reads/costs.ts";
import type { FileSides } from "../reads/run-files.ts";
import type { RunEdge } from "../reads/run-graph.ts";
import type { RunGraph } from "../reads/run-reads.ts";
import type { SessionCounts } from "../reads/session-counts.ts";
import type { SessionRow } from "../reads/sessions.ts";
import type { TimelinePage } from "../reads/timeline-reads.ts";
import type { Walk } from "../reads/lineage-reads.ts";
import { builder } from "./builder.ts";
import { connectionOf } from "./connection.ts";

/** Gapless in its log: every event after the one before it that is asked for, up to and with `lastSeq`. */
type Batch<E> = { readonly events: readonly E[]; readonly lastSeq: number };

type Row<T extends { readonly $inferSelect: unknown }> = T["$inferSelect"];

export type BeadRow = Row<typeof tables.beads>;
export type ArtifactRow = Row<typeof tables.artifacts>;

export const SessionRef = builder.objectRef<SessionRow>("Session");
export const SessionConnection = connectionOf("Session", SessionRef);
export const TransitionRef = builder.objectRef<Row<typeof tables.sessionTransitions>>("SessionTransition");
export const TransitionConnection = connectionOf("SessionTransition", TransitionRef);
export const PassRef = builder.objectRef<Row<typeof tables.passes>>("Pass");
export const PassConnection = connectionOf("Pass", PassRef);
export const UnreadEventRef = builder.objectRef<Row<typeof tables.quarantinedEvents>>("UnreadEvent");
export const UnreadEventConnection = connectionOf("UnreadEvent", UnreadEventRef);
export const ViewerRef = builder.objectRef<{ readonly org: string; readonly principalId: string; readonly scopes: readonly string[] }>("Viewer");

export const SessionCountsRef = builder.objectRef<SessionCounts>("SessionCounts");

export const WorkOrderRef = builder.objectRef<SubmittedOrder>("WorkOrder");
export const ClaimRef = builder.objectRef<SessionClaim>("Claim");
export const ClaimProofRef = builder.objectRef<ClaimProof>("ClaimProof");

/** A run's graph with its edges, those of amendments included. */
export type ShownRunGraph = { readonly graph: RunGraph; readonly edges: readonly RunEdge[] };

export const RunGraphRef = builder.objectRef<ShownRunGraph>("RunGraph");
export const RunGraphBeadRef = builder.objectRef<RunGraphBead>("RunGraphBead");
export const RunGraphEdgeRef = builder.objectRef<RunEdge>("RunGraphEdge");
export const RunTreeRef = builder.objectRef<RunTreeView>("RunTree");
export const RunTreeFileRef = builder.objectRef<RunFile>("RunTreeFile");
export const RunFileRef = builder.objectRef<FileSides>("RunFile");

export const BeadRef = builder.objectRef<BeadRow>("Bead");
export const BeadConnection = connectionOf("Bead", BeadRef);
export const BeadTransitionRef = builder.objectRef<Row<typeof tables.beadTransitions>>("BeadTransition");
export const BeadTransitionConnection = connectionOf("BeadTransition", BeadTransitionRef);
export const RunGraphChangeRef = builder.objectRef<Row<typeof tables.runGraphChanges>>("RunGraphChange");
export const RunGraphChangeConnection = connectionOf("RunGraphChange", RunGraphChangeRef);

export const ArtifactRef = builder.objectRef<ArtifactRow>("Artifact");
export const ArtifactConnection = connectionOf("Artifact", ArtifactRef);
export const ArtifactRelationRef = builder.objectRef<{ readonly source: string; readonly rel: string; readonly target: string }>("ArtifactRelation");

export const LineageNodeRef = builder.objectRef<StoredNode>("LineageNode");
export const LineageRelationRef = builder.objectRef<StoredEdge>("LineageRelation");
export const LineageGraphRef = builder.objectRef<Walk>("LineageGraph");
export const LineageRef = builder.objectRef<{ readonly artifactId: string; readonly assemblyId: string; readonly causes?: Walk; readonly effects?: Walk }>(
  "Lineage",
);

export const AmendmentRef = builder.objectRef<Row<typeof tables.amendments>>("Amendment");
export const AmendmentConnection = connectionOf("Amendment", AmendmentRef);
export const DivergenceRef = builder.objectRef<Row<typeof tables.divergences>>("Divergence");
export const DivergenceConnection = connectionOf("Divergence", DivergenceRef);
export const VerificationReportRef = builder.objectRef<Row<typeof tables.verifications>>("VerificationReport");
export const VerificationReportConnection = connectionOf("VerificationReport", VerificationReportRef);
export const ReviewRef = builder.objectRef<Row<typeof tables.reviews>>("Review");
export const ReviewVoteRef = builder.objectRef<Row<typeof tables.reviewVotes>>("ReviewVote");
export const ReviewConnection = connectionOf("Review", ReviewRef);
export const ClarificationRef = builder.objectRef<Row<typeof tables.clarifications>>("Clarification");
export const ClarificationConnection = connectionOf("Clarification", ClarificationRef);
export const ConsentDenialRef = builder.objectRef<Row<typeof tables.consentDenials>>("ConsentDenial");
export const ConsentDenialConnection = connectionOf("ConsentDenial", ConsentDenialRef);
export const BudgetExhaustionRef = builder.objectRef<Row<typeof tables.budgetExhaustions>>("BudgetExhaustion");
export const BudgetExhaustionConnection = connectionOf("BudgetExhaustion", BudgetExhaustionRef);

export const BeadDependencyRef = builder.objectRef<BeadDependency>("BeadDependency");
export const CheckResultRef = builder.objectRef<CheckResult>("CheckResult");

export const CostTotalRef = builder.objectRef<CostTotal>("CostTotal");
export const CostPartRef = builder.objectRef<{ readonly key: string | null; readonly total: CostTotal }>("CostPart");
/** By the id of their session. */
export const CostsRef = builder.objectRef<string>("Costs");

export const SessionEventRef = builder.objectRef<SessionEvent>("SessionEvent");
export const SessionEventConnection = builder.objectRef<TimelinePage>("SessionEventConnection");
export const SessionEventBatchRef = builder.objectRef<Batch<SessionEvent>>("SessionEventBatch");
export const BeadUpdateRef = builder.objectRef<SessionEvent>("BeadUpdate");
export const BeadUpdateBatchRef = builder.objectRef<Batch<SessionEvent>>("BeadUpdateBatch");
export const ArtifactWriteRef = builder.objectRef<AssemblyEvent>("ArtifactWrite");
export const ArtifactWriteBatchRef = builder.objectRef<Batch<AssemblyEvent>>("ArtifactWriteBatch");
