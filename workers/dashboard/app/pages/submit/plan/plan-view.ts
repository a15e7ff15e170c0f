/** A plan's work graph as the page draws it: a row for each team, a column for each step. Pure. */
import type { PlannedAtom } from "@factory/planning";

/** The beads of a team, by the step they can begin in; step 1 waits for nothing. */
export type TeamLane = { readonly team: string; readonly beads: number; readonly steps: readonly (readonly PlannedAtom[])[] };

/** One lane for each team, the one that begins first on top. */
export function lanesOf(atoms: readonly PlannedAtom[]): readonly TeamLane[] {
  const last = Math.max(0, ...atoms.map(({ level }) => level));
  const teams = [...new Set(atoms.toSorted((a, b) => a.level - b.level).map(({ team }) => team))];
  return teams.map((team) => {
    const beads = atoms.filter((atom) => atom.team === team);
    return { team, beads: beads.length, steps: Array.from({ length: last }, (_, at) => beads.filter(({ level }) => level === at + 1)) };
  });
}

/** Keys of the beads on one of the longest chains of dependencies, from its first to its last. */
export function longestChain(atoms: readonly PlannedAtom[]): readonly string[] {
  const byKey = new Map(atoms.map((atom) => [atom.key, atom]));
  let bead = atoms.reduce<PlannedAtom | undefined>((latest, atom) => (latest === undefined || atom.level > latest.level ? atom : latest), undefined);
  const chain: string[] = [];
  while (bead !== undefined) {
    chain.unshift(bead.key);
    const before: number = bead.level - 1;
    bead = bead.dependsOn.map((key) => byKey.get(key)).find((parent) => parent?.level === before);
  }
  return chain;
}

/** How many checks of a gate passed, of how many that were made. */
export function checksOf(checked: readonly { readonly outcome: string }[]): { readonly passed: number; readonly made: number } {
  return { passed: checked.filter(({ outcome }) => outcome === "PASS").length, made: checked.length };
}
