/** Reviews for tests. */
import type { Review } from "../reviews.ts";

/** A review that waits, with what a test is about. */
export const aReview = (change: Partial<Review> = {}): Review => ({
  id: "REV-1",
  sessionId: "SES-1",
  type: "APPROVAL_REQUIRED",
  action: "Approve IS-1",
  actionDigest: "d-1",
  alternatives: ["approved", "amended", "rejected"],
  context: { matter: "approval" },
  promptText: "What has to hold:",
  requestedAt: "2026-11-22T01:00:00.000Z",
  deadline: null,
  open: true,
  decision: null,
  decidedAt: null,
  decidedBy: null,
  note: null,
  approvalsNeeded: 1,
  votes: [],
  session: null,
  ...change,
});
