/** What an open review asks, and the commands that answer it. */
import { reviewEffect, type ReviewDecision } from "@factory/schemas";
import type { ReviewView, SessionView } from "./session-view.ts";

/** A command that answers a review, with the decision it takes. */
type Answer = { readonly verb: "approve" | "reject" | "amend"; readonly decision: ReviewDecision; readonly note: string };

const ANSWERS: readonly Answer[] = [
  { verb: "approve", decision: "approved", note: '[--note "..."]' },
  { verb: "reject", decision: "rejected", note: '--note "why"' },
  { verb: "amend", decision: "amended", note: '--note "what to do"' },
];

/** `1 of 2 approvals, until ...`: the first of them to expire; undefined where one person decides. */
export function votesText({ approvalsNeeded, votes }: Pick<ReviewView, "approvalsNeeded" | "votes">, now: number): string | undefined {
  if (approvalsNeeded === undefined || approvalsNeeded < 2) return undefined;
  const counted = votes.map(({ expiresAt }) => expiresAt).filter((expiresAt) => expiresAt > now);
  const until = counted.length === 0 ? "" : `, until ${new Date(Math.min(...counted)).toISOString()}`;
  return `${counted.length} of ${approvalsNeeded} approvals${until}`;
}

/**
 * What a person is asked and how to answer; empty when nothing is open.
 *
 * @param now - epoch milliseconds: a vote counts until it expires
 */
export function reviewText(view: SessionView, now: number = Date.now()): string {
  const review = view.openReview;
  if (review === undefined) return "";
  const votes = votesText(review, now);
  return [
    "",
    `A person is needed (${review.type}): ${review.action}`,
    review.prompt,
    ...(votes === undefined ? [] : [`${votes}. Everybody has to give the same answer; one rejection decides.`]),
    "Answer with one of:",
    ...ANSWERS.filter(({ decision }) => takes(review, decision)).map((answer) => answerLine(view.sessionId, review, answer)),
  ].join("\n");
}

function takes({ alternatives }: ReviewView, decision: string): boolean {
  return alternatives.length === 0 || alternatives.includes(decision);
}

function answerLine(sessionId: string, { reviewId, matter, stage }: ReviewView, { verb, decision, note }: Answer): string {
  const effect = reviewEffect(matter, stage, decision);
  return `  npx factory ${verb} ${sessionId} ${reviewId} ${note}${effect === undefined ? "" : `   # ${effect}`}`;
}
