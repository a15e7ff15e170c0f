/** What each answer to a review does, in words for the person who gives it; the same words wherever reviews are shown. */
import type { ReviewDecision } from "./states.ts";

type Effects = { readonly [D in ReviewDecision]?: string };

/** By matter, and by stage where a matter has several. A decision that a matter does not take is left out. */
const EFFECTS: { readonly [matter: string]: Effects } = {
  approval: {
    approved: "have it compiled, built, checked and delivered",
    rejected: "end the session",
    amended: "approve it, with the note as a further constraint",
  },
  "autonomy start": { approved: "let it begin", rejected: "do not; the reason goes to the loop", amended: "let it begin, with the note as an instruction" },
  "autonomy apply": {
    approved: "apply exactly this change set",
    rejected: "do not; the reason goes to the loop",
    amended: "have it done again, with the note as an instruction",
  },
  pass: { approved: "ask the model again", rejected: "end the session", amended: "ask again, with the note as an added instruction" },
  uncertainty: {
    approved: "let the model decide within the order",
    rejected: "end the session",
    amended: "answer the question with the note: it becomes a constraint",
  },
  "semantic-review": { approved: "go on with it as it is", rejected: "end the session", amended: "have it written anew, with the note" },
  clarification: { approved: "let it go on as it judges best", rejected: "end the session", amended: "answer the question with the note" },
  divergence: {
    approved: "run the bead and what depends on it again, as it is",
    rejected: "end the session",
    amended: "run it again, with the note as an added instruction",
  },
  budget: {
    approved: 'go on with twice the budget, or with the one in the note: "50 USD"',
    rejected: "end the session",
    amended: "set the budget in the note",
  },
  clearance: {
    approved: "clear the run as it is now, and hand out its beads again",
    rejected: "end the session",
    amended: 'clear as many items as the note says: "12"',
  },
  acceptance: { approved: "accept the work and deliver it", rejected: "end the session without a deliverable" },
};

/** What reviews may be about. */
export const REVIEW_MATTERS: readonly string[] = [...new Set(Object.keys(EFFECTS).map((key) => key.split(" ", 1).join("")))];

/**
 * What a decision on a review does.
 *
 * @param matter - what the review is about, `matter` of its context
 * @param stage - `stage` of its context, empty where it has none
 * @returns undefined for a matter that is not known here, and for a decision that it does not take
 */
export function reviewEffect(matter: string, stage: string, decision: ReviewDecision): string | undefined {
  const key = `${matter} ${stage}`.trim();
  return Object.hasOwn(EFFECTS, key) ? EFFECTS[key]?.[decision] : undefined;
}
