/** On whose word a run is begun. */
import type { ClearanceBasis } from "@factory/schemas/rpc";
import type { SessionContext } from "./context.ts";
import { AUTO_PRINCIPAL_ID } from "./reviews.ts";

/** What the run's clearance rests on: the approval of its intent specification. @throws Error before anybody approved */
export function approvalBasis({ store }: Pick<SessionContext, "store">): Omit<ClearanceBasis, "policy"> {
  const approved = store.approvals().findLast(({ reviewId, usedBy, approvalId, decision }) => {
    return usedBy === approvalId && decision !== "rejected" && store.review(reviewId)?.subject.matter === "approval";
  });
  if (approved === undefined) throw new Error("No intent specification is approved.");
  const { approver, approvalId } = approved;
  return { approvedBy: approver === AUTO_PRINCIPAL_ID ? "policy" : "person", approver, approvalId };
}
