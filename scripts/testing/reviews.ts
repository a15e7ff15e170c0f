/** Answers what a session asks, as a person would who was told what to say. */
import { followSession, needsPerson, type FactoryClient, type FollowOptions, type ReviewView, type SessionView } from "@factory/cli";
import type { ReviewDecision } from "@factory/schemas";

/** What to say to one question. */
export type ReviewAnswer = { readonly decision: ReviewDecision; readonly note?: string };

/** Binds the answer to the digest of the exact action that the session shows. */
export async function answerReview(client: FactoryClient, sessionId: string, review: ReviewView, { decision, note = "" }: ReviewAnswer): Promise<void> {
  await client.gateway.acknowledgeReview({ sessionId, reviewId: review.reviewId, decision, note, actionDigest: review.actionDigest });
}

/** Follows a session to its end and answers each question on the way. `reviews` are those that were asked, in order. */
export async function answerUntilEnd(
  client: FactoryClient,
  from: SessionView,
  answerTo: (review: ReviewView, index: number) => ReviewAnswer | Promise<ReviewAnswer>,
  options: Pick<FollowOptions, "onEvent"> = {},
): Promise<{ readonly view: SessionView; readonly reviews: readonly ReviewView[] }> {
  const reviews: ReviewView[] = [];
  let view = from;
  while (view.terminal === undefined) {
    const review = view.openReview;
    const asked = review !== undefined && !review.decidedByPolicy ? review : undefined;
    if (asked !== undefined) {
      reviews.push(asked);
      await answerReview(client, view.sessionId, asked, await answerTo(asked, reviews.length - 1));
    }
    // Events of other beads may come before the one that closes the review.
    const until = (next: SessionView): boolean => needsPerson(next) && next.openReview?.reviewId !== asked?.reviewId;
    view = await followSession(client, view.sessionId, { ...options, from: view, until });
  }
  return { view, reviews };
}
