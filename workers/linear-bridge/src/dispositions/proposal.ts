/** What a disposition amounts to: the digest that several people have to agree on, its signal, and its words for the record. Pure. */
import { digestOf } from "@factory/schemas";
import type { InboundSignal } from "@factory/schemas";
import type { EscalationBinding } from "@factory/schemas/rpc";
import type { ParsedDisposition } from "./grammar.ts";

/** One person's part in a decision, with the comment that is the evidence for it. */
export type Approver = {
  readonly member: string;
  readonly linearUserId: string;
  readonly name: string;
  readonly commentId: string;
  readonly commentedAt: string;
};

/** A decision that was taken; nothing of it changes afterwards. */
export type Decision = {
  readonly disposition: ParsedDisposition;
  /** In the order of their members, so that the order in which votes arrive is no part of the decision. */
  readonly approvers: readonly [Approver, ...Approver[]];
  /** When it was taken, RFC 3339 UTC; part of no id. */
  readonly decidedAt: string;
};

/** Digest of the exact proposal: the verb, every field and the action it is about. Another wording is another proposal. */
export function proposalDigest(disposition: ParsedDisposition, { actionDigest }: Pick<EscalationBinding, "actionDigest">): string {
  return digestOf({ disposition, actionDigest });
}

/** Whether the disposition answers the review; force-suspend and force-resume leave it as it is. */
export function decidesReview(disposition: ParsedDisposition): boolean {
  return disposition.verb !== "override" || disposition.directive === "emergency-patch";
}

/** The option that was taken, in a line. */
export function selectedOption(disposition: ParsedDisposition, { action }: Pick<EscalationBinding, "action">): string {
  switch (disposition.verb) {
    case "commission":
    case "resume":
      return `${disposition.verb}: ${action}${disposition.note === undefined ? "" : `, with the note: ${disposition.note}`}`;
    case "patch":
      return `patch ${disposition.patchId}: ${disposition.note}`;
    case "pipeline-config":
      return `change of ${disposition.change}${disposition.value === undefined ? "" : ` to ${disposition.value}`}`;
    case "override":
      return `${disposition.directive}${disposition.target === undefined ? "" : ` ${disposition.target}`}: ${disposition.note}`;
    case "reject":
      return `reject: ${action}`;
    default: {
      const unknown: never = disposition;
      return unknown;
    }
  }
}

/** Ids of the records that a signal names. */
export type SignalRecord = { readonly dispositionEventId: string; readonly elucidationArtifactId: string };

/** The signal of a decision; null for a rejection, which goes to its session. */
export function signalOf({ disposition, approvers, decidedAt }: Decision, binding: EscalationBinding, record: SignalRecord): unknown {
  const common = { ...record, issuedAt: decidedAt, assemblyId: binding.assembly };
  const onReview = { sessionId: binding.sessionId, reviewId: binding.reviewId, actionDigest: binding.actionDigest };
  const affectedAssemblyIds = [binding.assembly];
  switch (disposition.verb) {
    case "commission":
    case "resume": {
      const signalType = disposition.verb === "commission" ? "CommissioningSignal" : "ResumeSignal";
      return { signalType, ...common, ...onReview, ...(disposition.note === undefined ? {} : { note: disposition.note }) };
    }
    case "patch":
      return { signalType: "PatchAuthSignal", ...common, ...onReview, patchId: disposition.patchId, affectedAssemblyIds, note: disposition.note };
    case "pipeline-config": {
      const note = disposition.value === undefined ? {} : { note: disposition.value };
      return { signalType: "PipelineConfigAuthSignal", ...common, ...onReview, configChangeId: disposition.change, affectedAssemblyIds, ...note };
    }
    case "override":
      return {
        signalType: "OverrideSignal",
        ...common,
        directive: disposition.directive,
        ...(disposition.target === undefined ? {} : { targetAssemblyId: disposition.target }),
        ...(disposition.directive === "emergency-patch" ? { review: onReview } : {}),
        ...(disposition.patchId === undefined ? {} : { patchId: disposition.patchId }),
        note: disposition.note,
        approvers: approvers.map(({ member }) => member),
      };
    case "reject":
      return null;
    default: {
      const unknown: never = disposition;
      return unknown;
    }
  }
}

/** Type of the signal that carries a verb; none carries a rejection. */
export const SIGNAL_OF_VERB = {
  commission: "CommissioningSignal",
  resume: "ResumeSignal",
  patch: "PatchAuthSignal",
  "pipeline-config": "PipelineConfigAuthSignal",
  override: "OverrideSignal",
} as const satisfies { readonly [Verb in Exclude<ParsedDisposition["verb"], "reject">]: InboundSignal["signalType"] };
