/** Kinds of events in the groups a person filters by. */
import type { EventKind } from "@factory/schemas";

/** Groups in the order of their chips. */
export const EVENT_GROUPS = [
  { id: "session", text: "Session" },
  { id: "planning", text: "Planning" },
  { id: "beads", text: "Beads" },
  { id: "gates", text: "Gates" },
  { id: "reviews", text: "Reviews" },
  { id: "divergences", text: "Divergences" },
  { id: "models", text: "Model calls" },
  { id: "artifacts", text: "Artifacts" },
] as const;

export type EventGroup = (typeof EVENT_GROUPS)[number]["id"];

const GROUP_OF: { readonly [Kind in EventKind]: EventGroup } = {
  SESSION_SUBMITTED: "session",
  EXECUTION_COMPLETE: "session",
  EXECUTION_FAILED: "session",
  DEPLOYING: "session",
  MONITORED: "session",
  BUDGET_EXHAUSTED: "session",
  SESSION_COMPLETED: "session",
  SESSION_FAILED: "session",
  SESSION_CANCELLED: "session",
  SESSION_REJECTED: "session",
  CANDIDATE_SET_BUILT: "planning",
  PASS_COMPLETED: "planning",
  COMPILATION_STARTED: "planning",
  COMPILATION_COMPLETE: "planning",
  COMPILATION_FAILED: "planning",
  BEAD_CLAIMED: "beads",
  BEAD_RELEASED: "beads",
  BEAD_FAILED: "beads",
  BEAD_RESCUED: "beads",
  BEAD_STATE_CHANGED: "beads",
  RUN_GRAPH_AMENDED: "beads",
  DISPATCH_BLOCKED: "beads",
  CONSENT_BEAD_DENIED: "beads",
  VERIFICATION_PRODUCED: "gates",
  REVIEW_REQUIRED: "reviews",
  REVIEW_RESOLVED: "reviews",
  REVIEW_VOTE_RECORDED: "reviews",
  APPROVAL_GRANTED: "reviews",
  CLARIFICATION_REQUESTED: "reviews",
  CLARIFICATION_ANSWERED: "reviews",
  DIVERGENCE_DETECTED: "divergences",
  AMENDMENT_PROPOSED: "divergences",
  AMENDMENT_ADOPTED: "divergences",
  AMENDMENT_REJECTED: "divergences",
  MODEL_CALLED: "models",
  ARTIFACT_WRITTEN: "artifacts",
};

/** The group of a kind. */
export const groupOf = (kind: EventKind): EventGroup => GROUP_OF[kind];

/** Every kind. Read from the table, since the address is read by every page and the catalog with its schemas weighs more than that. */
const KINDS = Object.keys(GROUP_OF) as EventKind[];

/** The kinds of some groups; null for no group, which lets every kind pass. */
export function kindsOf(groups: readonly EventGroup[]): readonly EventKind[] | null {
  return groups.length === 0 ? null : KINDS.filter((kind) => groups.includes(GROUP_OF[kind]));
}
