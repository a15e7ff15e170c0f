/** Notes that adopted amendments left on claims, and which of them an atom is told. */
import type { AtomPlan } from "./work-graph.ts";

/** What an amendment taught about a claim; never a hidden value. */
export type ClaimNote = { readonly claimId: string; readonly note: string };

/** Claims that a coder of the graph carries. */
export function codedClaims(plans: readonly Pick<AtomPlan, "role" | "claimRefs">[]): ReadonlySet<string> {
  return new Set(plans.filter(({ role }) => role === "coder").flatMap(({ claimRefs }) => claimRefs));
}

/**
 * Notes about claims of the atom, oldest first. The integrator carries every claim and is told only what no coder can act on.
 *
 * @param coded - {@link codedClaims} of the graph
 */
export function notesFor(notes: readonly ClaimNote[], coded: ReadonlySet<string>, plan: AtomPlan): string[] {
  return notes.filter(({ claimId }) => plan.claimRefs.includes(claimId) && (plan.role === "coder" || !coded.has(claimId))).map(({ note }) => note);
}
