/**
 * What a role has learnt, as a model reads it: the sentences that adopted amendments put into the role's policy. They are
 * data about the work, so each is one bounded line, and none of them widens what the agent may do.
 */
import { guidanceOf, MAX_GUIDANCE } from "@factory/loop-closure";
import type { KnowingState } from "@factory/schemas/rpc";

/** UTF-16 units of one sentence. */
export const MAX_GUIDANCE_CHARS = 500;

/** The sentences of a knowing-state, oldest first; of too many the newest, since a later one may correct an earlier. */
export function learnedBy({ policy }: Pick<KnowingState, "policy">): readonly string[] {
  return guidanceOf(policy.rules)
    .map(({ text }) => oneLine(text))
    .filter((line) => line !== "")
    .slice(-MAX_GUIDANCE);
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= MAX_GUIDANCE_CHARS ? line : `${line.slice(0, MAX_GUIDANCE_CHARS)} [cut]`;
}
