/** What may be wrong with how atoms hang together: dependencies, outcomes, molecules. */
import type { CoherenceInput } from "@factory/compiler";
import { strangerId } from "../defects.ts";
import { forgetAtom, isOutcome, withAtom, without } from "./damage.ts";
import type { GraphOperator } from "./damage.ts";

/** Operators on dependencies, outcome atoms and molecules. */
export const SHAPE_OPERATORS: readonly GraphOperator[] = [
  {
    name: "dangle-dependency",
    says: "an atom waits for one that is not in the graph",
    defects: (input) =>
      input.atoms
        .filter(({ dependsOn }) => dependsOn.length > 0)
        .map((atom) => ({
          site: atom.key,
          names: [atom.atomId],
          damaged: withAtom(input, atom.atomId, (one) => ({ ...one, dependsOn: [...one.dependsOn.slice(1), strangerId("ATOM", one.atomId)] })),
        })),
  },
  {
    name: "drop-dependency",
    says: "an atom does not wait for what it builds on",
    defects: (input) =>
      input.atoms.flatMap((atom) =>
        atom.dependsOn.flatMap((parent) => {
          const damaged = withAtom(input, atom.atomId, (one) => ({ ...one, dependsOn: without(one.dependsOn, parent) }));
          // What is waited for on another way is waited for.
          return ancestorsOf(damaged, atom.atomId).has(parent) ? [] : [{ site: `${atom.key} ${keyOf(input, parent)}`, names: [atom.atomId], damaged }];
        }),
      ),
  },
  {
    name: "invert-dependency",
    says: "what is built on waits for what builds on it",
    defects: (input) =>
      input.atoms.flatMap((atom) =>
        input.atoms
          .filter((parent) => atom.functionName !== undefined && parent.functionName !== undefined && atom.dependsOn.includes(parent.atomId))
          .map((parent) => ({
            site: `${atom.key} ${parent.key}`,
            names: [atom.atomId, parent.atomId],
            damaged: withAtom(
              withAtom(input, atom.atomId, (one) => ({ ...one, dependsOn: without(one.dependsOn, parent.atomId) })),
              parent.atomId,
              (one) => ({ ...one, dependsOn: [...one.dependsOn, atom.atomId] }),
            ),
          })),
      ),
  },
  {
    name: "make-cycle",
    says: "an atom waits for one that waits for it",
    defects: (input) =>
      input.atoms.flatMap((atom) =>
        [...ancestorsOf(input, atom.atomId)].slice(0, 1).map((ancestor) => ({
          site: `${keyOf(input, ancestor)} ${atom.key}`,
          names: [ancestor],
          damaged: withAtom(input, ancestor, (one) => ({ ...one, dependsOn: [...one.dependsOn, atom.atomId] })),
        })),
      ),
  },
  {
    name: "second-terminal",
    says: "nothing waits for an atom that does not end the graph",
    defects: (input) => {
      const needed = new Set(input.atoms.flatMap(({ dependsOn }) => dependsOn));
      return input.atoms
        .filter(({ atomId }) => needed.has(atomId))
        .map(({ atomId, key }) => ({
          site: key,
          names: [atomId],
          damaged: { ...input, atoms: input.atoms.map((atom) => ({ ...atom, dependsOn: without(atom.dependsOn, atomId) })) },
        }));
    },
  },
  {
    name: "drop-outcome-atom",
    says: "nothing verifies the outcome of a molecule",
    defects: (input) =>
      input.atoms.filter(isOutcome).map(({ atomId, key, moleculeId }) => ({
        site: key,
        names: [atomId, moleculeId],
        damaged: forgetAtom(input, atomId),
      })),
  },
  {
    name: "duplicate-atom",
    says: "two atoms do the same",
    defects: (input) =>
      input.atoms
        .filter((atom) => !isOutcome(atom))
        .map((atom) => {
          const twin = { ...atom, atomId: strangerId("ATOM", atom.atomId), owns: [] };
          return {
            site: atom.key,
            names: [atom.atomId, twin.atomId],
            damaged: {
              ...input,
              atoms: [...input.atoms.map((one) => (one.dependsOn.includes(atom.atomId) ? { ...one, dependsOn: [...one.dependsOn, twin.atomId] } : one)), twin],
              molecules: input.molecules.map((molecule) =>
                molecule.atomIds.includes(atom.atomId) ? { ...molecule, atomIds: [...molecule.atomIds, twin.atomId] } : molecule,
              ),
            },
          };
        }),
  },
  {
    name: "wrong-outcome",
    says: "the outcome of a molecule is verified by an atom that does not verify",
    defects: (input) =>
      input.molecules.flatMap(({ moleculeId, key, atomIds: [first] }) =>
        first === undefined
          ? []
          : [
              {
                site: key,
                names: [moleculeId, first],
                damaged: {
                  ...input,
                  molecules: input.molecules.map((one) => (one.moleculeId === moleculeId ? { ...one, outcomeAtomId: first } : one)),
                },
              },
            ],
      ),
  },
  {
    name: "strand-atom",
    says: "an atom is in no molecule",
    defects: (input) =>
      input.molecules.flatMap(({ moleculeId, atomIds }) =>
        atomIds.map((atomId) => ({
          site: keyOf(input, atomId),
          names: [atomId],
          damaged: {
            ...input,
            molecules: input.molecules.map((one) => (one.moleculeId === moleculeId ? { ...one, atomIds: without(one.atomIds, atomId) } : one)),
          },
        })),
      ),
  },
];

const keyOf = (input: CoherenceInput, atomId: string): string => input.atoms.find((atom) => atom.atomId === atomId)?.key ?? atomId;

/** Ids of everything that an atom waits for, directly or not. */
function ancestorsOf(input: CoherenceInput, atomId: string): Set<string> {
  const parents = new Map(input.atoms.map((atom) => [atom.atomId, atom.dependsOn]));
  const found = new Set<string>();
  const waiting = [...(parents.get(atomId) ?? [])];
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    if (found.has(id)) continue;
    found.add(id);
    waiting.push(...(parents.get(id) ?? []));
  }
  return found;
}
