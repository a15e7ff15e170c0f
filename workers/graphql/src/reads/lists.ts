/** The lists of the read model that belong to a session, a run or a bead: their table, owner and stable order. */
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import * as schema from "../projections/schema.ts";
import type { Position } from "./cursors.ts";
import type { ReadTable, RowOf } from "./org-reads.ts";

/** A list: rows of a table by owner, by time and then by an id that no two of its rows share. */
export type List<T extends ReadTable> = {
  /** Names the list in its cursors. */
  readonly name: string;
  readonly table: T;
  /** The column that names the owner. */
  readonly owner: SQLiteColumn;
  readonly time: SQLiteColumn;
  readonly id: SQLiteColumn;
  /** Columns that a caller may filter by. */
  readonly filters: { readonly [name: string]: SQLiteColumn };
  ownerOf(row: RowOf<T>): string | null;
  positionOf(row: RowOf<T>): Position;
};

type ListOrder<T extends ReadTable> = Omit<List<T>, "owner" | "ownerOf">;

const list = <T extends ReadTable>(order: ListOrder<T>, owner: SQLiteColumn, ownerOf: List<T>["ownerOf"]): List<T> => ({ ...order, owner, ownerOf });

const order = <T extends ReadTable>(
  name: string,
  table: T,
  columns: readonly [time: SQLiteColumn, id: SQLiteColumn],
  positionOf: List<T>["positionOf"],
  filters: List<T>["filters"] = {},
): ListOrder<T> => ({ name, table, time: columns[0], id: columns[1], positionOf, filters });

const { amendments, artifacts, beads, beadTransitions, budgetExhaustions, clarifications, consentDenials, divergences } = schema;
const { passes, quarantinedEvents, reviews, runGraphChanges, sessionTransitions, verifications } = schema;

const BEADS = order("beads", beads, [beads.createdAt, beads.beadId], (row) => [row.createdAt, row.beadId], {
  ids: beads.beadId,
  states: beads.state,
  teams: beads.team,
});
const AMENDMENTS = order("amendments", amendments, [amendments.proposedAt, amendments.amendmentId], (row) => [row.proposedAt ?? 0, row.amendmentId], {
  states: amendments.state,
});
const VERIFICATIONS = order(
  "verificationReports",
  verifications,
  [verifications.occurredAt, verifications.verificationId],
  (row) => [row.occurredAt, row.verificationId],
  { types: verifications.verificationType, outcomes: verifications.outcome },
);
const CLARIFICATIONS = order("clarifications", clarifications, [clarifications.askedAt, clarifications.clarificationId], (row) => [
  row.askedAt ?? 0,
  row.clarificationId,
]);
const CONSENT_DENIALS = order("consentDenials", consentDenials, [consentDenials.occurredAt, consentDenials.seq], (row) => [row.occurredAt, row.seq]);
const DIVERGENCES = order("divergences", divergences, [divergences.occurredAt, divergences.divergenceId], (row) => [row.occurredAt, row.divergenceId]);
const REVIEWS = order("reviews", reviews, [reviews.requestedAt, reviews.reviewId], (row) => [row.requestedAt ?? 0, row.reviewId]);
const ARTIFACTS = order("artifacts", artifacts, [artifacts.createdAt, artifacts.artifactId], (row) => [row.createdAt, row.artifactId], {
  types: artifacts.artifactType,
});
const TRANSITIONS = order("transitions", sessionTransitions, [sessionTransitions.occurredAt, sessionTransitions.seq], (row) => [row.occurredAt, row.seq]);
const BEAD_TRANSITIONS = order("beadTransitions", beadTransitions, [beadTransitions.occurredAt, beadTransitions.seq], (row) => [row.occurredAt, row.seq]);
const GRAPH_CHANGES = order("runGraphChanges", runGraphChanges, [runGraphChanges.occurredAt, runGraphChanges.seq], (row) => [row.occurredAt, row.seq]);
const EXHAUSTIONS = order("budgetExhaustions", budgetExhaustions, [budgetExhaustions.occurredAt, budgetExhaustions.seq], (row) => [row.occurredAt, row.seq]);
const PASSES = order("passes", passes, [passes.occurredAt, passes.seq], (row) => [row.occurredAt, row.seq]);
const UNREAD = order("unreadEvents", quarantinedEvents, [quarantinedEvents.occurredAt, quarantinedEvents.seq], (row) => [row.occurredAt, row.seq]);

const ofSession = (row: { readonly sessionId: string }): string => row.sessionId;
const ofRun = (row: { readonly runId: string | null }): string | null => row.runId;
const ofBead = (row: { readonly beadId: string | null }): string | null => row.beadId;

/** Lists by session. */
export const OF_SESSION = {
  beads: list(BEADS, beads.sessionId, ofSession),
  amendments: list(AMENDMENTS, amendments.sessionId, ofSession),
  verifications: list(VERIFICATIONS, verifications.sessionId, ofSession),
  divergences: list(DIVERGENCES, divergences.sessionId, ofSession),
  reviews: list(REVIEWS, reviews.sessionId, ofSession),
  clarifications: list(CLARIFICATIONS, clarifications.sessionId, ofSession),
  artifacts: list(ARTIFACTS, artifacts.sessionId, ofSession),
  transitions: list(TRANSITIONS, sessionTransitions.sessionId, ofSession),
  consentDenials: list(CONSENT_DENIALS, consentDenials.sessionId, ofSession),
  runGraphChanges: list(GRAPH_CHANGES, runGraphChanges.sessionId, ofSession),
  budgetExhaustions: list(EXHAUSTIONS, budgetExhaustions.sessionId, ofSession),
  passes: list(PASSES, passes.sessionId, ofSession),
  unreadEvents: list(UNREAD, quarantinedEvents.sessionId, ofSession),
} as const;

/** Lists by run. */
export const OF_RUN = {
  beads: list(BEADS, beads.runId, ofRun),
  amendments: list(AMENDMENTS, amendments.runId, ofRun),
} as const;

/** Lists by bead, within the bead's session. */
export const OF_BEAD = {
  transitions: list(BEAD_TRANSITIONS, beadTransitions.beadId, ofBead),
  consentDenials: list(CONSENT_DENIALS, consentDenials.beadId, ofBead),
  clarifications: list(CLARIFICATIONS, clarifications.beadId, ofBead),
  divergences: list(DIVERGENCES, divergences.beadId, ofBead),
  verifications: list(VERIFICATIONS, verifications.subjectId, ({ subjectId }) => subjectId),
} as const;
