/**
 * The read model in D1: what session logs say, as rows to query across sessions. Authority stays with each log; every row
 * can be made again from it. Times are epoch milliseconds, JSON is text, absent is NULL and never zero.
 *
 * Each row carries the `seq` of the last event it reflects. Everything of a session goes with its row in
 * `projection_cursors`.
 *
 * @see `architecture.md` 5
 */
import { isNull, sql } from "drizzle-orm";
import { index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** How far each session's log is projected. */
export const projectionCursors = sqliteTable("projection_cursors", {
  sessionId: text("session_id").primaryKey(),
  org: text("org").notNull(),
  /** Last event that the rows reflect. */
  seq: integer("seq").notNull(),
  /** Last event of the log when it was read last. */
  tipSeq: integer("tip_seq").notNull(),
  /** 1 once the terminal event is projected: nothing follows it. */
  closed: integer("closed").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

/** What every other row begins with. */
const owned = () => ({
  sessionId: text("session_id")
    .notNull()
    .references(() => projectionCursors.sessionId, { onDelete: "cascade" }),
  org: text("org").notNull(),
  seq: integer("seq").notNull(),
});

/** One row a session: where its state machine is and how it ended. */
export const sessionViews = sqliteTable(
  "session_views",
  {
    ...owned(),
    workOrderId: text("work_order_id").notNull(),
    assemblyId: text("assembly_id").notNull(),
    /** NULL while no event has said it. */
    state: text("state"),
    runId: text("run_id"),
    /** Of the terminal event: COMPLETED, FAILED, CANCELLED or REJECTED. */
    outcome: text("outcome"),
    reason: text("reason"),
    reasonCode: text("reason_code"),
    finalArtifactId: text("final_artifact_id"),
    evidenceDigest: text("evidence_digest"),
    startedAt: integer("started_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    endedAt: integer("ended_at"),
    /** Of the event `seq`: the tip of the chain that these rows reflect. */
    rootHash: text("root_hash").notNull(),
    beadsBlocked: integer("beads_blocked").notNull(),
    beadsReady: integer("beads_ready").notNull(),
    beadsLeased: integer("beads_leased").notNull(),
    beadsWaiting: integer("beads_waiting").notNull(),
    beadsDone: integer("beads_done").notNull(),
    beadsFailed: integer("beads_failed").notNull(),
    beadsCancelled: integer("beads_cancelled").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId] }),
    // Lists are ordered by start and id, so that a page is read from its cursor on and nothing is sorted.
    index("session_views_in_order").on(table.org, table.startedAt, table.sessionId),
    index("session_views_in_order_by_assembly").on(table.org, table.assemblyId, table.startedAt, table.sessionId),
    index("session_views_in_order_by_work_order").on(table.org, table.workOrderId, table.startedAt, table.sessionId),
    index("session_views_in_order_by_state").on(table.org, table.state, table.startedAt, table.sessionId),
    index("session_views_in_order_by_assembly_and_state").on(table.org, table.assemblyId, table.state, table.startedAt, table.sessionId),
    // Problems are of sessions that have not ended, which are few beside all that have.
    index("session_views_open").on(table.org, table.startedAt, table.sessionId).where(isNull(table.outcome)),
    index("session_views_by_run").on(table.org, table.runId),
  ],
);

/**
 * How many sessions of an assembly stand in each state, so that they need not be counted. Made of `session_views` by triggers
 * alone; no state yet is the empty text.
 */
export const sessionTallies = sqliteTable(
  "session_tallies",
  { org: text("org").notNull(), assemblyId: text("assembly_id").notNull(), state: text("state").notNull(), sessions: integer("sessions").notNull() },
  (table) => [primaryKey({ columns: [table.org, table.assemblyId, table.state] })],
);

/**
 * The order of the text index of sessions, `session_search`: a place grows with the session's start. Made of `session_views`
 * by triggers alone.
 */
export const sessionPlaces = sqliteTable("session_places", { place: integer("place").primaryKey(), sessionId: text("session_id").notNull().unique() });

/** Each step of a session's state machine. */
export const sessionTransitions = sqliteTable(
  "session_transitions",
  {
    ...owned(),
    kind: text("kind").notNull(),
    fromState: text("from_state"),
    toState: text("to_state"),
    reason: text("reason"),
    /** Code of the error registry, where the step was a failure. */
    code: text("code"),
    occurredAt: integer("occurred_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.seq] })],
);

/** Beads as they are now. */
export const beads = sqliteTable(
  "beads",
  {
    ...owned(),
    beadId: text("bead_id").notNull(),
    runId: text("run_id").notNull(),
    atomId: text("atom_id").notNull(),
    title: text("title").notNull(),
    team: text("team").notNull(),
    role: text("role").notNull(),
    state: text("state").notNull(),
    epoch: integer("epoch").notNull(),
    attempt: integer("attempt").notNull(),
    cycle: integer("cycle").notNull(),
    /** The agent that held it last. */
    agentId: text("agent_id"),
    /** Of the last transition. */
    errorCode: text("error_code"),
    reason: text("reason"),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.beadId] }),
    index("beads_by_run").on(table.org, table.runId, table.state),
    index("beads_by_id").on(table.org, table.beadId),
    index("beads_in_order").on(table.sessionId, table.createdAt, table.beadId),
  ],
);

/** Each step of a bead: what a trace of a run is made of. */
export const beadTransitions = sqliteTable(
  "bead_transitions",
  {
    ...owned(),
    beadId: text("bead_id").notNull(),
    runId: text("run_id").notNull(),
    kind: text("kind").notNull(),
    fromState: text("from_state").notNull(),
    toState: text("to_state").notNull(),
    epoch: integer("epoch").notNull(),
    attempt: integer("attempt").notNull(),
    cycle: integer("cycle").notNull(),
    agentId: text("agent_id"),
    durationMs: real("duration_ms"),
    errorCode: text("error_code"),
    reason: text("reason"),
    occurredAt: integer("occurred_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.seq] }),
    index("bead_transitions_by_bead").on(table.sessionId, table.beadId, table.seq),
    // How often leases are taken back is counted over an hour and a day of all sessions.
    index("bead_claims_by_time")
      .on(table.org, table.occurredAt)
      .where(sql`kind = 'BEAD_CLAIMED'`),
    index("bead_rescues_by_time")
      .on(table.org, table.occurredAt)
      .where(sql`kind = 'BEAD_RESCUED'`),
  ],
);

/** Changes of a run's graph while it ran. */
export const runGraphChanges = sqliteTable(
  "run_graph_changes",
  {
    ...owned(),
    amendmentId: text("amendment_id").notNull(),
    runId: text("run_id").notNull(),
    reason: text("reason").notNull(),
    decidedBy: text("decided_by").notNull(),
    /** JSON: one line a change. */
    changes: text("changes").notNull(),
    occurredAt: integer("occurred_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.seq] }), index("run_graph_changes_by_run").on(table.org, table.runId)],
);

/** Tool calls that consent did not cover. */
export const consentDenials = sqliteTable(
  "consent_denials",
  {
    ...owned(),
    beadId: text("bead_id").notNull(),
    runId: text("run_id").notNull(),
    toolName: text("tool_name").notNull(),
    inputHash: text("input_hash").notNull(),
    /** JSON: names of tools. */
    permittedTools: text("permitted_tools").notNull(),
    reason: text("reason").notNull(),
    epoch: integer("epoch").notNull(),
    occurredAt: integer("occurred_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.seq] })],
);

/** Artifacts a session wrote. Content-addressed, so two sessions may have written the same one. */
export const artifacts = sqliteTable(
  "artifacts",
  {
    ...owned(),
    artifactId: text("artifact_id").notNull(),
    assemblyId: text("assembly_id").notNull(),
    artifactType: text("artifact_type"),
    contentHash: text("content_hash"),
    storageRef: text("storage_ref"),
    /** JSON. */
    metadata: text("metadata"),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.artifactId] }),
    index("artifacts_by_id").on(table.org, table.artifactId),
    index("artifacts_in_order").on(table.sessionId, table.createdAt, table.artifactId),
    index("artifacts_by_assembly").on(table.org, table.assemblyId, table.artifactType),
  ],
);

/** Relations between artifacts; the other end may be of another session. */
export const artifactEdges = sqliteTable(
  "artifact_edges",
  {
    ...owned(),
    source: text("source").notNull(),
    rel: text("rel").notNull(),
    target: text("target").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.source, table.rel, table.target] }),
    index("artifact_edges_by_source").on(table.org, table.source),
    index("artifact_edges_by_target").on(table.org, table.target),
  ],
);

/** Amendments of specifications. */
export const amendments = sqliteTable(
  "amendments",
  {
    ...owned(),
    amendmentId: text("amendment_id").notNull(),
    runId: text("run_id"),
    /** PROPOSED, ADOPTED or REJECTED. */
    state: text("state").notNull(),
    divergenceId: text("divergence_id").notNull(),
    hypothesisId: text("hypothesis_id").notNull(),
    divergenceReason: text("divergence_reason").notNull(),
    faultAttribution: text("fault_attribution").notNull(),
    scope: text("scope").notNull(),
    /** JSON: the beads it re-opens. */
    beadIds: text("bead_ids").notNull(),
    specificationId: text("specification_id"),
    depth: integer("depth").notNull(),
    /** JSON. */
    patch: text("patch"),
    proposedAt: integer("proposed_at"),
    resolvedAt: integer("resolved_at"),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.amendmentId] }),
    index("amendments_by_run").on(table.org, table.runId),
    index("amendments_by_id").on(table.org, table.amendmentId),
  ],
);

/** Divergences between what was specified and what came about. */
export const divergences = sqliteTable(
  "divergences",
  {
    ...owned(),
    divergenceId: text("divergence_id").notNull(),
    runId: text("run_id"),
    divergenceType: text("divergence_type").notNull(),
    beadId: text("bead_id"),
    atomId: text("atom_id"),
    /** JSON: claims. */
    claimRefs: text("claim_refs").notNull(),
    observed: text("observed").notNull(),
    expected: text("expected").notNull(),
    reason: text("reason").notNull(),
    occurredAt: integer("occurred_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.divergenceId] }), index("divergences_by_run").on(table.org, table.runId)],
);

/** Reports of gates. */
export const verifications = sqliteTable(
  "verifications",
  {
    ...owned(),
    verificationId: text("verification_id").notNull(),
    runId: text("run_id"),
    verificationType: text("verification_type").notNull(),
    outcome: text("outcome").notNull(),
    score: real("score"),
    subjectId: text("subject_id").notNull(),
    summary: text("summary").notNull(),
    evidenceRootHash: text("evidence_root_hash"),
    /** JSON: names of criteria. */
    failedCriteria: text("failed_criteria").notNull(),
    checksPassed: integer("checks_passed"),
    checksFailed: integer("checks_failed"),
    holdoutsPassed: integer("holdouts_passed"),
    holdoutsFailed: integer("holdouts_failed"),
    /** JSON. */
    details: text("details"),
    occurredAt: integer("occurred_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.verificationId] }),
    index("verifications_by_subject").on(table.org, table.subjectId),
    index("verifications_in_order").on(table.sessionId, table.occurredAt, table.verificationId),
  ],
);

/** Questions to a person and how they were decided; open while `decision` is NULL. */
export const reviews = sqliteTable(
  "reviews",
  {
    ...owned(),
    reviewId: text("review_id").notNull(),
    reviewType: text("review_type"),
    action: text("action"),
    actionDigest: text("action_digest").notNull(),
    promptText: text("prompt_text"),
    /** JSON. */
    alternatives: text("alternatives"),
    deadlineUnixSec: integer("deadline_unix_sec"),
    /** JSON. */
    context: text("context"),
    requestedAt: integer("requested_at"),
    decision: text("decision"),
    note: text("note"),
    decidedBy: text("decided_by"),
    decidedAt: integer("decided_at"),
    approvalId: text("approval_id"),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.reviewId] }), index("reviews_in_order").on(table.org, table.requestedAt, table.reviewId)],
);

/** Votes on a review that several people have to approve, each of which decided nothing by itself. */
export const reviewVotes = sqliteTable(
  "review_votes",
  {
    ...owned(),
    reviewId: text("review_id").notNull(),
    approvalId: text("approval_id").notNull(),
    approver: text("approver").notNull(),
    actionDigest: text("action_digest").notNull(),
    decision: text("decision").notNull(),
    approvals: integer("approvals").notNull(),
    needed: integer("needed").notNull(),
    expiresAtUnixSec: integer("expires_at_unix_sec").notNull(),
    occurredAt: integer("occurred_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.seq] }), index("review_votes_of_review").on(table.sessionId, table.reviewId, table.seq)],
);

/** Questions of agents. */
export const clarifications = sqliteTable(
  "clarifications",
  {
    ...owned(),
    clarificationId: text("clarification_id").notNull(),
    beadId: text("bead_id").notNull(),
    question: text("question"),
    answer: text("answer"),
    answeredBy: text("answered_by"),
    askedAt: integer("asked_at"),
    answeredAt: integer("answered_at"),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.clarificationId] })],
);

/** Model calls and what they cost. */
export const modelCosts = sqliteTable(
  "model_costs",
  {
    ...owned(),
    runId: text("run_id"),
    beadId: text("bead_id"),
    alias: text("alias").notNull(),
    provider: text("provider").notNull(),
    modelId: text("model_id").notNull(),
    purpose: text("purpose").notNull(),
    promptHash: text("prompt_hash").notNull(),
    inputTokens: integer("input_tokens"),
    outputTokens: integer("output_tokens"),
    /** US dollars; NULL when the price is not known. */
    costUsd: real("cost_usd"),
    durationMs: real("duration_ms").notNull(),
    outcome: text("outcome").notNull(),
    occurredAt: integer("occurred_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.seq] }), index("model_costs_by_org").on(table.org, table.occurredAt)],
);

/** Moments at which a budget was spent. */
export const budgetExhaustions = sqliteTable(
  "budget_exhaustions",
  {
    ...owned(),
    beadId: text("bead_id"),
    budgetUsd: real("budget_usd").notNull(),
    spentUsd: real("spent_usd").notNull(),
    reservedUsd: real("reserved_usd").notNull(),
    occurredAt: integer("occurred_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.seq] })],
);

/** Passes of commissioning. */
export const passes = sqliteTable(
  "passes",
  {
    ...owned(),
    pass: text("pass").notNull(),
    artifactId: text("artifact_id").notNull(),
    artifactType: text("artifact_type").notNull(),
    modelCalls: integer("model_calls").notNull(),
    /** 1 when the model's first answer did not fit. */
    repaired: integer("repaired").notNull(),
    durationMs: real("duration_ms").notNull(),
    occurredAt: integer("occurred_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.seq] })],
);

/** Events that could not be read, such as kinds of a newer version; the log has them whole, and a rebuild tries them again. */
export const quarantinedEvents = sqliteTable(
  "quarantined_events",
  {
    ...owned(),
    eventId: text("event_id").notNull(),
    kind: text("kind").notNull(),
    reason: text("reason").notNull(),
    occurredAt: integer("occurred_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.seq] }), index("quarantined_events_by_org").on(table.org, table.occurredAt)],
);
