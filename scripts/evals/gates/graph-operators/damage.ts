/** Copies of a compiled work graph with one thing changed. */
import type { CoherenceAtom, CoherenceInput } from "@factory/compiler";
import type { Claim } from "@factory/schemas";
import type { Defect, Operator } from "../defects.ts";

/** A kind of defect of a compiled work graph. */
export type GraphOperator = Operator<CoherenceInput>;
/** A compiled work graph with one thing wrong. */
export type GraphDefect = Defect<CoherenceInput>;

/** Whether an atom verifies the outcome of its molecule. */
export const isOutcome = ({ role }: CoherenceAtom): boolean => role === "verifier:outcome";

/** A copy in which the members that `pick` accepts are changed. */
export function changed<T>(list: readonly T[], pick: (item: T) => boolean, change: (item: T) => T): T[] {
  return list.map((item) => (pick(item) ? change(item) : item));
}

/** A copy in which one claim is changed. */
export const withClaim = (input: CoherenceInput, claimId: string, change: (claim: Claim) => Claim): CoherenceInput => ({
  ...input,
  claims: changed(input.claims, (claim) => claim.claimId === claimId, change),
});

/** A copy in which one atom is changed. */
export const withAtom = (input: CoherenceInput, atomId: string, change: (atom: CoherenceAtom) => CoherenceAtom): CoherenceInput => ({
  ...input,
  atoms: changed(input.atoms, (atom) => atom.atomId === atomId, change),
});

/** A list that lacks what is gone. */
export const without = (list: readonly string[], ...gone: readonly string[]): string[] => list.filter((item) => !gone.includes(item));

/** One defect for each claim that `pick` accepts; `names` says what a report may call what is damaged. */
export function perClaim(
  name: string,
  says: string,
  pick: (claim: Claim, input: CoherenceInput) => boolean,
  damage: (input: CoherenceInput, claim: Claim) => CoherenceInput,
  names: (claim: Claim, input: CoherenceInput) => readonly string[] = ({ claimId }) => [claimId],
): GraphOperator {
  return {
    name,
    says,
    defects: (input) =>
      input.claims
        .filter((claim) => pick(claim, input))
        .map((claim): GraphDefect => ({ site: claim.claimId, names: names(claim, input), damaged: damage(input, claim) })),
  };
}

/** Takes an atom out of the graph; who waited for it waits for what it waited for. */
export function forgetAtom(input: CoherenceInput, atomId: string): CoherenceInput {
  const gone = input.atoms.find((atom) => atom.atomId === atomId);
  const instead = gone?.dependsOn ?? [];
  return {
    ...input,
    atoms: input.atoms
      .filter((atom) => atom.atomId !== atomId)
      .map((atom) =>
        atom.dependsOn.includes(atomId) ? { ...atom, dependsOn: [...new Set(atom.dependsOn.flatMap((id) => (id === atomId ? instead : [id])))] } : atom,
      ),
    molecules: input.molecules.map((molecule) => ({ ...molecule, atomIds: without(molecule.atomIds, atomId) })),
  };
}

/** The first number of a statement. */
export const NUMBER = /\d+(?:\.\d+)?/;
