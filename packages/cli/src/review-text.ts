/** What an open review asks, and the commands that answer it. */
import type { ReviewView, SessionView } from "./session-view.ts";

/** A command that answers a review, with the decision it takes. */
type Answer = { readonly verb: "approve" | "reject" | "amend"; readonly decision: string; readonly note: string };

const ANSWERS: readonly Answer[] = [
  { verb: "approve", decision: "approved", note: '[--note "..."]' },
  { verb: "reject", decision: "rejected", note: '--note "why"' },
  { verb: "amend", decision: "amended", note: '--note "what to do"' },
];

/** What each answer does, where the question alone does not say it; by matter and stage. */
const EFFECTS: { readonly [matter: string]: { readonly [V in Answer["verb"]]: string } } = {
  "autonomy start": { approve: "let it begin", reject: "do not; the reason goes to the loop", amend: "let it begin, with the note as an instruction" },
  "autonomy apply": {
    approve: "apply exactly this change set",
    reject: "do not; the reason goes to the loop",
    amend: "have it done again, with the note as an instruction",
  },
  pass: { approve: "ask the model again", reject: "end the session", amend: "ask again, with the note as an added instruction" },
  uncertainty: {
    approve: "let the model decide within the order",
    reject: "end the session",
    amend: "answer the question with the note: it becomes a constraint",
  },
  "semantic-review": { approve: "go on with it as it is", reject: "end the session", amend: "have it written anew, with the note" },
  budget: { approve: 'go on with twice the budget, or with the one in the note: "50 USD"', reject: "end the session", amend: "set the budget in the note" },
};

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

function answerLine(sessionId: string, { reviewId, matter, stage }: ReviewView, { verb, note }: Answer): string {
  const key = `${matter} ${stage}`.trim();
  const effect = Object.hasOwn(EFFECTS, key) ? EFFECTS[key]?.[verb] : undefined;
  return `  npx factory ${verb} ${sessionId} ${reviewId} ${note}${effect === undefined ? "" : `   # ${effect}`}`;
}
