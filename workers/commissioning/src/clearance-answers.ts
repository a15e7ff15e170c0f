/** What a run that hands nothing out says to a person, and how many items their answer clears. Pure. */
import { refuse } from "@factory/schemas";
import type { Refusal } from "@factory/schemas";
import type { RunReport } from "@factory/schemas/rpc";

/** The report of a run that is blocked. */
export type BlockedReport = Extract<RunReport, { outcome: "blocked" }>;

const WHOLE_NUMBER = /^\d{1,6}$/;

/**
 * How many items are asked for from now on.
 *
 * @param note - the number that an amendment sets; null for an approval, which clears the run as it is where that is what is missing
 * @returns `askedFor` null: as before. INVALID_ARGUMENT for a note that is no number, or one below what the run has
 */
export function clearedItems({ code, beads }: BlockedReport, note: string | null): { readonly ok: true; readonly askedFor: number | null } | Refusal {
  if (note === null) return { ok: true, askedFor: code === "DISPATCH_CEILING_EXCEEDED" ? beads : null };
  const askedFor = WHOLE_NUMBER.test(note) ? Number(note) : 0;
  if (askedFor < Math.max(1, beads)) {
    return refuse(
      "INVALID_ARGUMENT",
      `The note has to be the number of items that are asked for, such as "${Math.max(1, beads)}", and no less than the run has.`,
    );
  }
  return { ok: true, askedFor };
}

/** Plain text: why nothing is handed out, and what each answer leads to. */
export function blockedText({ code, message, beads, ceiling }: BlockedReport, problem: string | null): string {
  return [
    `The run hands out no further work: ${message}`,
    ...(problem === null ? [] : [problem]),
    `It has ${countText(beads)}; ${ceiling === null ? "no clearance that can be read says how many it may have" : `its clearance covers ${ceiling}`}. What is under way goes on to its end.`,
    code === "DISPATCH_CEILING_EXCEEDED"
      ? `Approve to clear the run as it is now, with ${countText(beads)} asked for.`
      : "Approve to have a new clearance written, for as many items as before.",
    `Amend to clear as many items as your note says, such as "${Math.max(1, beads)}". Reject to end the session.`,
  ].join("\n");
}

/** `1 bead`, `5 beads`. */
export function countText(beads: number): string {
  return beads === 1 ? "1 bead" : `${beads} beads`;
}
