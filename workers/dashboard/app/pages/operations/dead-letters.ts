/** What dead letters are about, and what is to be done about those of each queue. */
import type { DeadLetter } from "@factory/schemas/proto";

const ADVICE: { readonly [queue: string]: string } = {
  atoms:
    "A wake-up of a slot is a hint: the coordinator dispatches its beads again by itself. Nothing is to be sent anew; the reason says what the slot ran into.",
  projections: "The read model of these sessions stays behind until their next event. Bring it up to date by npx factory admin reproject SESSION.",
};

/** What to do about the dead letters of a queue. */
export const queueAdvice = (queue: string): string => ADVICE[queue] ?? "Read the reasons, mend their cause, and do again what the message asked for.";

/** One id that a message names; `sessionId` where it is a session's. */
export type About = { readonly name: string; readonly id: string; readonly sessionId: string | null };

/** The ids of a message by their names, sessions first; that of the message itself is the last. */
export function aboutOf({ ids, key }: Pick<DeadLetter, "ids" | "key">): readonly About[] {
  const named = Object.entries(ids).map(([name, id]) => ({ name, id, sessionId: id.startsWith("SES-") ? id : null }));
  const sorted = named.toSorted((a, b) => Number(b.sessionId !== null) - Number(a.sessionId !== null) || a.name.localeCompare(b.name));
  return [...sorted, { name: "message", id: key, sessionId: null }];
}
