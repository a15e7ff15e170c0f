/** Enums of the schema, each from the table that its concept has everywhere. */
import { BEAD_STATES, claim, EVENT_KINDS, EVENT_KIND_NAMES, REVIEW_DECISIONS, REVIEW_MODES, SESSION_STATES, STREAMS } from "@factory/schemas";
import { builder } from "./builder.ts";
import type { ProofStatus } from "../reads/claims.ts";
import type { RunFileStatus } from "../reads/run-files.ts";
import type { RunEdgeKind } from "../reads/run-graph.ts";
import type { SESSION_PROBLEMS } from "../reads/session-problems.ts";

export const SessionStateEnum = builder.enumType("SessionState", { values: SESSION_STATES, description: "Where a session's state machine is." });

export const SessionProblemEnum = builder.enumType("SessionProblem", {
  description: "Why somebody should look at a session that has not ended.",
  values: {
    NEEDS_PERSON: { description: "It waits for a person: an approval or another review is open." },
    OVER_BUDGET: { description: "Its budget is spent and nobody has answered since." },
    FLAPPING: { description: "A bead is handed out or re-opened again and again." },
    STUCK: { description: "Nothing has happened for ten minutes and nobody is asked." },
  } satisfies { readonly [P in (typeof SESSION_PROBLEMS)[number]]: object },
});

export const SessionOrderEnum = builder.enumType("SessionOrder", {
  values: {
    NEWEST_FIRST: { description: "By start, the newest first." },
    PROBLEMS_FIRST: { description: "Sessions with a problem first; within both parts the newest first." },
  },
});

export const ReviewOrderEnum = builder.enumType("ReviewOrder", {
  values: {
    WAITING_LONGEST: { description: "By when they were asked, who waits longest first." },
    NEWEST_FIRST: { description: "By when they were asked, the last one first." },
  },
});

export const ReviewModeEnum = builder.enumType("ReviewMode", { values: REVIEW_MODES });

export const BeadStateEnum = builder.enumType("BeadState", { values: BEAD_STATES });

export const EventKindEnum = builder.enumType("EventKind", {
  values: EVENT_KIND_NAMES,
  description: "Kinds of events; the payload of each is the JSON form of its message in `proto/factory/v1/events.proto`.",
});

export const StreamEnum = builder.enumType("Stream", { values: STREAMS, description: "A part of a session's log." });

export const VerificationTypeEnum = builder.enumType("VerificationType", {
  values: EVENT_KINDS.VERIFICATION_PRODUCED.payload.shape.verificationType.options,
  description: "The gate that a report is of.",
});

export const VerificationOutcomeEnum = builder.enumType("VerificationOutcome", {
  values: EVENT_KINDS.VERIFICATION_PRODUCED.payload.shape.outcome.options,
  description: "Only PASS opens a gate.",
});

export const ReviewTypeEnum = builder.enumType("ReviewType", { values: EVENT_KINDS.REVIEW_REQUIRED.payload.shape.reviewType.options });

export const ReviewDecisionEnum = builder.enumType("ReviewDecision", { values: REVIEW_DECISIONS });

export const AmendmentStateEnum = builder.enumType("AmendmentState", { values: EVENT_KINDS.AMENDMENT_PROPOSED.payload.shape.amendmentState.options });

export const LineageDirectionEnum = builder.enumType("LineageDirection", {
  values: {
    CAUSES: { description: "What caused the artifact, as `why`." },
    EFFECTS: { description: "What depends on the artifact, as `impact`." },
    BOTH: {},
  },
});

export const CausalEndEnum = builder.enumType("CausalEnd", { values: ["SOURCE", "TARGET"], description: "The end of a relation that is the cause." });

export const ClaimKindEnum = builder.enumType("ClaimKind", {
  values: claim.shape.kind.options,
  description: "The part of the order that a claim is made from.",
});

export const ProofStatusEnum = builder.enumType("ProofStatus", {
  description: "How a claim stands.",
  values: {
    PROVEN: { description: "The run was accepted: checks of its verdict that decide the claim were executed, and all passed." },
    REFUTED: { description: "A check that decides it failed of a bead that has ended." },
    OPEN: { description: "Neither, or not known." },
  } satisfies { readonly [S in ProofStatus]: object },
});

export const RunEdgeKindEnum = builder.enumType("RunEdgeKind", {
  description: "What joins two beads. A clarification is asked by a bead and of nobody in particular, so it joins none.",
  values: {
    DEPENDENCY: { description: "`toBeadId` waits for `fromBeadId`." },
    SUCCESSION: { description: "An amendment of the run's graph put `toBeadId` in the place of `fromBeadId`, which was cancelled." },
    AMENDMENT: { description: "`fromBeadId` diverged, and the amendment that was adopted for it re-opened `toBeadId` too." },
  } satisfies { readonly [K in RunEdgeKind]: object },
});

export const RunFileStatusEnum = builder.enumType("RunFileStatus", {
  description: "How a path of a run's tree differs from what the run started from.",
  values: { ADDED: {}, MODIFIED: {}, UNCHANGED: {}, DELETED: {} } satisfies { readonly [S in RunFileStatus]: object },
});
