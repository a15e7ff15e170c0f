/** Notes that adopted amendments left on claims, and which of them an atom is told. */
import type { AtomPlan } from "./work-graph.ts";

/** What an amendment taught about a claim; never a hidden value. */
export type ClaimNote = { readonly claimId: string; readonly note: string };

/** Notes about claims of the atom, oldest first. The integrator carries every claim and is told only what no coder can act on. */
export function notesFor(notes: readonly ClaimNote[], plans: readonly AtomPlan[], plan: AtomPlan): string[] {
  const coded = new Set(plans.filter(({ role }) => role === "coder").flatMap(({ claimRefs }) => claimRefs));
  return notes.filter(({ claimId }) => plan.claimRefs.includes(claimId) && (plan.role === "coder" || !coded.has(claimId))).map(({ note }) => note);
}
