/** Votes on reviews that several people have to approve, as their sessions told of them. */
import { sql } from "drizzle-orm";
import { reviewVotes } from "../projections/schema.ts";
import { among, type OrgReads, type RowOf } from "./org-reads.ts";

export type ReviewVoteRow = RowOf<typeof reviewVotes>;

/** Votes of one review in an answer: more people than have to approve anything. */
const MAX_VOTES = 100;

/** The votes of reviews within their sessions, oldest first. */
export async function votesOfReviews(reads: OrgReads, keys: readonly { readonly sessionId?: string; readonly id: string }[]): Promise<ReviewVoteRow[][]> {
  const { sessionId, reviewId, seq } = reviewVotes;
  const rows = await reads.rowsOfEach(reviewVotes, {
    by: [sessionId, reviewId],
    ofSessions: keys.flatMap((key) => (key.sessionId === undefined ? [] : [key.sessionId])),
    where: among(
      reviewId,
      keys.map(({ id }) => id),
    ),
    orderBy: [sql`${seq}`],
    limit: MAX_VOTES,
  });
  return keys.map((key) => rows.filter((row) => row.sessionId === key.sessionId && row.reviewId === key.id));
}
