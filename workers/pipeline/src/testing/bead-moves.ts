/** Reads the moves of a bead back from the log and checks them. */
import { BEAD_TRANSITIONS } from "@factory/schemas";
import type { BeadState, EventPayload, EventWrite } from "@factory/schemas";

/**
 * Every move of a bead as `FROM>TO`.
 *
 * @throws Error when a move does not begin where the one before ended, or is none the state machine has.
 */
export function movesOf(events: readonly EventWrite[], beadId: string): string[] {
  const moves = events.flatMap((event): EventPayload<"BEAD_CLAIMED">[] => {
    switch (event.kind) {
      case "BEAD_CLAIMED":
      case "BEAD_RELEASED":
      case "BEAD_FAILED":
      case "BEAD_RESCUED":
      case "BEAD_STATE_CHANGED":
        return event.payload.beadId === beadId ? [event.payload] : [];
      default:
        return [];
    }
  });
  let at = "" as BeadState | "";
  for (const { fromState, toState } of moves) {
    if (fromState !== at) throw new Error(`${beadId} was ${at} and moved from ${fromState}.`);
    if (fromState !== "" && !BEAD_TRANSITIONS[fromState].includes(toState)) throw new Error(`${beadId} went from ${fromState} to ${toState}.`);
    at = toState;
  }
  return moves.map(({ fromState, toState }) => `${fromState}>${toState}`);
}
