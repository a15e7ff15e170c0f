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

/** What a person is asked and how to answer; empty when nothing is open. */
export function reviewText(view: SessionView): string {
  const review = view.openReview;
  if (review === undefined) return "";
  return [
    "",
    `A person is needed (${review.type}): ${review.action}`,
    review.prompt,
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
