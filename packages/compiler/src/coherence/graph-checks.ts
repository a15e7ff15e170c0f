/** Checks of gate 1 on the graph: who carries and owns what, what follows what, and how molecules end. */
import type { CoherenceAtom, CoherenceMolecule } from "../coherence-input.ts";
import { findCycle } from "../find-cycle.ts";
import { grouped } from "../grouped.ts";
import { leavesOf } from "../success-checks.ts";
import type { CoherenceView, Finding } from "./view.ts";

const RECOMPILE = "Compile the order again.";

/** There is something of everything. */
export function emptySets({ input }: CoherenceView): Finding[] {
  const { subjectId, claims, atoms, validations, molecules } = input;
  return [
    ...(claims.length > 0 ? [] : [`${subjectId} has no claim. Add an acceptance criterion.`]),
    ...(claims.some(({ kind }) => kind === "criterion") ? [] : [`${subjectId} has no claim from a criterion. Add an acceptance criterion.`]),
    ...(atoms.length > 0 ? [] : [`${subjectId} has no atom. Add a function block, or name tests in a criterion.`]),
    ...(molecules.length > 0 ? [] : [`${subjectId} has no molecule. ${RECOMPILE}`]),
    ...(validations.length > 0 ? [] : [`${subjectId} has no validation. Add examples or tests.`]),
  ];
}

/** Every claim is carried by an atom that works. */
export function claimsWithoutAtom({ input }: CoherenceView): Finding[] {
  const carried = new Set(input.atoms.filter(({ role }) => role !== "verifier:outcome").flatMap(({ claimRefs }) => claimRefs));
  return input.claims
    .filter(({ claimId }) => !carried.has(claimId))
    .map(({ claimId, line }) => `${claimId} (line ${line}) is carried by no atom. Name a function or tests in it, or remove it.`);
}

/** Every claim is owned once, by the atom that can answer for it. */
export function wrongOwners(view: CoherenceView): Finding[] {
  const { input } = view;
  const owners = new Map<string, CoherenceAtom[]>();
  for (const atom of input.atoms) for (const claimId of new Set(atom.owns)) owners.set(claimId, [...(owners.get(claimId) ?? []), atom]);
  return [
    ...input.claims.flatMap((claim) => {
      const { claimId, line } = claim;
      const [owner, ...more] = owners.get(claimId) ?? [];
      if (owner === undefined) return [`${claimId} (line ${line}) is owned by no atom. ${RECOMPILE}`];
      if (more.length > 0)
        return [`${claimId} is owned by ${[owner, ...more].map(({ atomId }) => view.named(atomId)).join(" and ")}. Let one of them answer for it.`];
      return isRightOwner(owner, claim.claimId, view)
        ? []
        : [`${claimId} is owned by ${view.named(owner.atomId)}, which does not do what it asks for. ${RECOMPILE}`];
    }),
    ...input.atoms.flatMap(({ atomId, role, owns, claimRefs }) => {
      const strange = owns.filter((claimId) => !claimRefs.includes(claimId));
      return [
        ...(role === "verifier:outcome" && owns.length > 0 ? [`${view.named(atomId)} owns ${owns.join(", ")}; what verifies owns nothing. ${RECOMPILE}`] : []),
        ...(role === "coder" && owns.length === 0 ? [`${view.named(atomId)} owns no claim. Remove it, or name what it is for.`] : []),
        ...(strange.length === 0 ? [] : [`${view.named(atomId)} owns ${strange.join(", ")} and does not carry it. ${RECOMPILE}`]),
        ...(new Set(owns).size === owns.length ? [] : [`${view.named(atomId)} owns a claim twice. ${RECOMPILE}`]),
      ];
    }),
  ];
}

/** A claim about a function is its coder's, a criterion of tests alone is a coder's without function, the rest is the integrator's. */
function isRightOwner(owner: CoherenceAtom, claimId: string, { statements }: CoherenceView): boolean {
  const claim = statements.get(claimId);
  // A claim that is not the order's is another check's to tell.
  if (claim === undefined) return true;
  if (claim.functionName !== undefined) return owner.functionName === claim.functionName;
  if (claim.kind === "criterion" && claim.testFiles.length > 0) return owner.role === "coder" && owner.functionName === undefined;
  return owner.role === "integrator";
}

/** Atoms and validations refer to claims that exist. */
export function unknownClaims({ input, claims }: CoherenceView): Finding[] {
  const unknown = (id: string, refs: readonly string[]): Finding[] =>
    [...new Set(refs)].filter((ref) => !claims.has(ref)).map((ref) => `${id} refers to ${ref}, which is no claim. ${RECOMPILE}`);
  return [
    ...input.atoms.flatMap(({ atomId, claimRefs, owns }) =>
      claimRefs.length === 0 ? [`${atomId} carries no claim. Remove it, or name what it is for.`] : unknown(atomId, [...claimRefs, ...owns]),
    ),
    ...input.validations.flatMap(({ validationId, claimRefs }) =>
      claimRefs.length === 0 ? [`${validationId} covers nothing. Remove it.`] : unknown(validationId, claimRefs),
    ),
    ...input.invariants.flatMap(({ invariantId, claimId }) => unknown(invariantId, [claimId])),
  ];
}

/** Every dependency names an atom of the graph, and nothing that an atom builds on is left out. */
export function wrongDependencies(view: CoherenceView): Finding[] {
  const { input, atoms } = view;
  return [
    ...(atoms.size === input.atoms.length ? [] : [`Two atoms have the same id: ${repeated(input.atoms.map(({ atomId }) => atomId)).join(", ")}. ${RECOMPILE}`]),
    ...(new Set(input.atoms.map(({ key }) => key)).size === input.atoms.length
      ? []
      : [`Two atoms have the same key: ${repeated(input.atoms.map(({ key }) => key)).join(", ")}. ${RECOMPILE}`]),
    ...input.atoms.flatMap((atom) => [
      ...atom.dependsOn
        .filter((id) => !atoms.has(id))
        .map((id) => `${view.named(atom.atomId)} depends on ${id}, which is not in the graph. Name a function that has a block.`),
      ...repeated(atom.dependsOn).map((id) => `${view.named(atom.atomId)} depends on ${id} twice. ${RECOMPILE}`),
      ...notBuiltOn(atom, view),
    ]),
  ];
}

/** What an atom uses and does not come after: functions that its criteria name, and new files that its tests import. */
function notBuiltOn(atom: CoherenceAtom, view: CoherenceView): Finding[] {
  const { functionName } = atom;
  if (functionName === undefined) return [];
  const before = view.before(atom.atomId);
  const later = view.code
    .uses(functionName)
    .flatMap((name) => view.atomOf(name) ?? [])
    .filter(({ atomId }) => !before.has(atomId));
  const tests = leavesOf(atom.check).flatMap((leaf) => (leaf.kind === "tests" ? leaf.files : []));
  return [
    ...later.map(({ atomId }) => `${view.named(atom.atomId)} uses ${view.named(atomId)} and does not come after it. ${RECOMPILE}`),
    ...tests.flatMap((test) =>
      view
        .missingFor(test, atom)
        .map((file) => `${view.named(atom.atomId)} has to pass ${test}, which imports ${file}, and does not come after what writes it. ${RECOMPILE}`),
    ),
  ];
}

/** No atom depends on itself. */
export function cycles(view: CoherenceView): Finding[] {
  const cycle = findCycle(view.input.atoms.map(({ atomId, dependsOn }) => ({ key: atomId, dependsOn })));
  if (cycle === undefined) return [];
  const titles = cycle.map((id) => view.named(id));
  return [`These atoms depend on each other: ${titles.join(" -> ")}. Let the criterion of one of them name the other without backticks, or not at all.`];
}

/** Exactly one atom ends the graph, and it verifies the outcome. */
export function wrongTerminal(view: CoherenceView): Finding[] {
  const { subjectId, atoms } = view.input;
  const terminal = terminalsOf(view);
  const [only] = terminal;
  if (only === undefined) return atoms.length === 0 ? [] : [`${subjectId} has no atom that ends it. Add the outcome atom.`];
  if (terminal.length > 1)
    return [
      `${subjectId} ends in ${terminal.length} atoms: ${terminal.map(({ atomId }) => view.named(atomId)).join(", ")}. Make the outcome atom depend on them.`,
    ];
  return only.role === "verifier:outcome" ? [] : [`${subjectId} ends in ${view.named(only.atomId)}, which verifies nothing. Let the outcome atom end it.`];
}

function terminalsOf({ input }: CoherenceView): CoherenceAtom[] {
  const needed = new Set(input.atoms.flatMap(({ atomId, dependsOn }) => dependsOn.filter((id) => id !== atomId)));
  return input.atoms.filter(({ atomId }) => !needed.has(atomId));
}

/** Every atom is in one molecule, every molecule ends in its outcome atom, and nothing builds on a molecule but through it. */
export function wrongMolecules(view: CoherenceView): Finding[] {
  const { input, atoms } = view;
  const known = new Map(input.molecules.map((molecule) => [molecule.moleculeId, molecule]));
  const listed = listings(input.molecules);
  return [
    ...(known.size === input.molecules.length
      ? []
      : [`Two molecules have the same id: ${repeated(input.molecules.map(({ moleculeId }) => moleculeId)).join(", ")}. ${RECOMPILE}`]),
    ...input.molecules.flatMap((molecule) => moleculeFaults(molecule, view)),
    ...input.atoms.flatMap((atom) => membershipFaults(atom, known.get(atom.moleculeId), listed.get(atom.atomId) ?? [], view)),
    ...input.atoms.flatMap(({ atomId, moleculeId, dependsOn }) =>
      dependsOn
        .flatMap((id) => atoms.get(id) ?? [])
        .filter((parent) => parent.moleculeId !== moleculeId && parent.role !== "verifier:outcome")
        .map(
          (parent) =>
            `${view.named(atomId)} builds on ${view.named(parent.atomId)} before ${parent.moleculeId} is judged. Let it depend on the outcome atom of that molecule.`,
        ),
    ),
    ...integrators(view),
  ];
}

/** The molecules that list each atom. */
function listings(molecules: readonly CoherenceMolecule[]): ReadonlyMap<string, readonly CoherenceMolecule[]> {
  const pairs = molecules.flatMap((molecule) => [...new Set([...molecule.atomIds, molecule.outcomeAtomId])].map((atomId) => ({ atomId, molecule })));
  return new Map([...grouped(pairs, ({ atomId }) => atomId)].map(([atomId, found]) => [atomId, found.map(({ molecule }) => molecule)]));
}

function moleculeFaults({ moleculeId, key, atomIds, outcomeAtomId }: CoherenceMolecule, view: CoherenceView): Finding[] {
  const outcome = view.atoms.get(outcomeAtomId);
  const awaited = new Set(outcome?.dependsOn);
  const absent = atomIds.filter((id) => !view.atoms.has(id));
  return [
    ...(atomIds.length > 0 ? [] : [`${moleculeId} (${key}) has no atom. Remove it.`]),
    ...absent.map((id) => `${moleculeId} (${key}) has the atom ${id}, which is not in the graph. ${RECOMPILE}`),
    ...(outcome === undefined ? [`${moleculeId} (${key}) ends in ${outcomeAtomId}, which is not in the graph. Add its outcome atom.`] : []),
    ...(outcome !== undefined && outcome.role !== "verifier:outcome"
      ? [`${moleculeId} (${key}) ends in ${view.named(outcomeAtomId)}, which verifies nothing. ${RECOMPILE}`]
      : []),
    ...(outcome === undefined
      ? []
      : atomIds
          .filter((id) => view.atoms.has(id) && !awaited.has(id))
          .map((id) => `${view.named(outcomeAtomId)} judges ${moleculeId} and does not wait for ${view.named(id)}. Make it depend on that atom.`)),
  ];
}

function membershipFaults(
  { atomId, moleculeId, role }: CoherenceAtom,
  molecule: CoherenceMolecule | undefined,
  listed: readonly CoherenceMolecule[],
  view: CoherenceView,
): Finding[] {
  if (molecule === undefined) return [`${view.named(atomId)} is in the molecule ${moleculeId}, which the graph does not have. ${RECOMPILE}`];
  const isOutcome = molecule.outcomeAtomId === atomId;
  return [
    ...(listed.length === 1 && listed[0] === molecule
      ? []
      : [`${view.named(atomId)} is in ${listed.length} molecules: ${listed.map((one) => one.moleculeId).join(", ") || "none"}. ${RECOMPILE}`]),
    ...(role === "verifier:outcome" && !isOutcome ? [`${view.named(atomId)} verifies and is not the outcome atom of ${moleculeId}. ${RECOMPILE}`] : []),
  ];
}

/** One integrator, behind every other molecule. */
function integrators(view: CoherenceView): Finding[] {
  const { input } = view;
  const found = input.atoms.filter(({ role }) => role === "integrator");
  const [integrator, ...more] = found;
  if (integrator === undefined) return input.atoms.length === 0 ? [] : [`${input.subjectId} has no integrator. ${RECOMPILE}`];
  if (more.length > 0) return [`${found.map(({ atomId }) => view.named(atomId)).join(" and ")} both integrate. Remove all but one.`];
  return input.molecules
    .filter(({ moleculeId, outcomeAtomId }) => moleculeId !== integrator.moleculeId && !view.before(integrator.atomId).has(outcomeAtomId))
    .map(({ moleculeId }) => `${view.named(integrator.atomId)} does not wait for the outcome of ${moleculeId}. Make it depend on its outcome atom.`);
}

/** Values that are there more than once, each once. */
function repeated(values: readonly string[]): string[] {
  const groups = grouped(values, (value) => value);
  return [...groups].flatMap(([value, { length }]) => (length > 1 ? value : []));
}
