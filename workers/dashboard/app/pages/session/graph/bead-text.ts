/** How a bead stands, in a line. */
import { wordsOf } from "../../../ui/state-badges.tsx";
import type { ModelBead } from "../session-model.ts";

/** "leased · attempt 2 · cycle 1": an attempt and a cycle are told from where they say something. */
export function standingText({ state, attempt, cycle }: Pick<ModelBead, "state" | "attempt" | "cycle">): string {
  const parts = [wordsOf(state)];
  if (attempt > 1) parts.push(`attempt ${attempt}`);
  if (cycle > 0) parts.push(`cycle ${cycle}`);
  return parts.join(" · ");
}
