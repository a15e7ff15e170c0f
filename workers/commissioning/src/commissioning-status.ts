/** Where commissioning stands, from a session's rows alone. */
import type { CommissioningStatus } from "@factory/schemas/rpc";
import type { PassAttemptRow } from "./planning-store.ts";
import type { ReviewRow, SessionRow } from "./session-store.ts";

/** The rows it rests on. */
export type CommissioningView = {
  readonly row: Pick<SessionRow, "state" | "ending" | "mediation">;
  /** The review that is open. */
  readonly review: Pick<ReviewRow, "fromState"> | null;
  readonly intakeDone: boolean;
  /** The attempt of a pass that began last. */
  readonly lastAttempt: Pick<PassAttemptRow, "outcome" | "leaseUntil"> | null;
};

/** The projection. @param now - epoch milliseconds: a lease that has run out is nobody's work */
export function commissioningStatus({ row, review, intakeDone, lastAttempt }: CommissioningView, now: number): CommissioningStatus {
  if (row.mediation === "refused") return "failed";
  if (row.mediation !== "none") return "idle";
  if (row.ending !== null) return "failed";
  switch (row.state) {
    case "SUBMITTED":
      return "queued";
    case "COMMISSIONING":
      return intakeDone && isUnderWay(lastAttempt, now) ? "commissioning" : "queued";
    case "AWAITING_APPROVAL":
      return "suspended-approval";
    case "IN_REVIEW":
      // Nothing but commissioning asks before the specification is handed over.
      return review === null ? "queued" : "suspended-approval";
    case "COMPILING":
    case "EXECUTING":
    case "ACCEPTING":
    case "DELIVERING":
    case "COMPLETED":
      return "idle";
    case "FAILED":
    case "CANCELLED":
    case "REJECTED":
      return "failed";
    default:
      return row.state satisfies never;
  }
}

/** An attempt that ended with an answer is followed at once by the next step; one without waits to be taken up again. */
function isUnderWay(attempt: CommissioningView["lastAttempt"], now: number): boolean {
  if (attempt === null) return false;
  if (attempt.outcome === null) return now < attempt.leaseUntil;
  return attempt.outcome !== "unavailable" && attempt.outcome !== "lost";
}
