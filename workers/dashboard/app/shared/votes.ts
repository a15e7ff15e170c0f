/** How far a review has come that several people have to approve. Pure. */
import { instantText } from "../ui/figure-text.ts";

/** A review as its votes are counted. */
type Voted = {
  readonly decision: string | null;
  /** Null where nobody has to approve, or the review does not say. */
  readonly approvalsNeeded: number | null;
  readonly votes: readonly { readonly expiresAt: string }[];
};

/** Votes that count at a moment: one counts until it expires. */
function countedAt({ votes }: Voted, nowMs: number): readonly string[] {
  return votes.map(({ expiresAt }) => expiresAt).filter((expiresAt) => Date.parse(expiresAt) > nowMs);
}

/** "1 of 2 approvals, until ...": the first of them to expire; null where one person decides, and for what is decided. */
export function votesText(review: Voted, nowMs: number): string | null {
  const { decision, approvalsNeeded } = review;
  if (decision !== null || approvalsNeeded === null || approvalsNeeded < 2) return null;
  const counted = countedAt(review, nowMs);
  const first = counted.toSorted()[0];
  return `${counted.length} of ${approvalsNeeded} approvals${first === undefined ? "" : `, until ${instantText(first)}`}`;
}

/** Whether a decision is one vote of several: others have to approve before anything is carried out. */
export function isOneOfSeveral(review: Voted, decision: string, nowMs: number): boolean {
  return decision !== "rejected" && countedAt(review, nowMs).length + 1 < (review.approvalsNeeded ?? 1);
}
