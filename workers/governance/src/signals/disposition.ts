/** What a signal asks of a session: the decision on the review that it names. */
import type { InboundSignal } from "@factory/schemas";
import type { Disposition } from "@factory/schemas/rpc";
import type { StoredSignal } from "./desk-store.ts";

/** The review a signal decides on; null for one that is about many sessions. */
export function reviewOf(signal: InboundSignal): { readonly sessionId: string; readonly reviewId: string; readonly actionDigest: string } | null {
  return signal.signalType === "OverrideSignal" ? (signal.review ?? null) : signal;
}

/** The decision of a signal on its review. The session knows the review's matter and refuses a signal that does not fit it. */
export function dispositionOf(org: string, { signal, subject, policy }: StoredSignal): Disposition | null {
  const review = reviewOf(signal);
  if (review === null) return null;
  const override = signal.signalType === "OverrideSignal";
  const people = signal.signalType === "OverrideSignal" ? signal.approvers : [subject];
  return {
    org,
    reviewId: review.reviewId,
    actionDigest: review.actionDigest,
    decision: decisionOf(signal),
    note: signal.note ?? "",
    dispositionEventId: signal.dispositionEventId,
    elucidationArtifactId: signal.elucidationArtifactId,
    approvers: [...new Set(people)].map((person) => ({ id: person, person })),
    override,
    policy,
    signal: signal.signalType,
  };
}

function decisionOf(signal: InboundSignal): "approved" | "amended" {
  switch (signal.signalType) {
    case "CommissioningSignal":
      return "approved";
    case "ResumeSignal":
    case "PipelineConfigAuthSignal":
      // With a note, the note is the answer.
      return signal.note === undefined ? "approved" : "amended";
    case "PatchAuthSignal":
    case "OverrideSignal":
      return "amended";
    default: {
      const unknown: never = signal;
      return unknown;
    }
  }
}
