/** How a session stands at the end of following it, in the words and exit codes of the command line. */
import { EXIT } from "./errors.ts";
import type { SessionView } from "./session-view.ts";

/** `contracts.md` 6: REFUSED is a gate's refusal, IN_REVIEW waits for a person. */
export type Outcome = "COMPLETED" | "FAILED" | "REFUSED" | "IN_REVIEW" | "CANCELLED" | "REJECTED";

/** The exit code of each outcome. */
export const EXIT_BY_OUTCOME: { readonly [O in Outcome]: number } = {
  COMPLETED: EXIT.completed,
  FAILED: EXIT.failed,
  CANCELLED: EXIT.failed,
  REJECTED: EXIT.failed,
  REFUSED: EXIT.refused,
  IN_REVIEW: EXIT.needsPerson,
};

/** The outcome of a session that was followed until it ended or asked for a person. */
export function outcomeOf(view: SessionView): Outcome {
  const { terminal } = view;
  if (terminal === undefined) return "IN_REVIEW";
  switch (terminal.outcome) {
    case "COMPLETED":
    case "CANCELLED":
    case "REJECTED":
      return terminal.outcome;
    default:
      return terminal.reasonCode === "GATE_REFUSED" ? "REFUSED" : "FAILED";
  }
}

/** Why it stands so, for a person. */
export function reasonOf(view: SessionView): string {
  return view.terminal?.reason ?? view.openReview?.prompt ?? "";
}
