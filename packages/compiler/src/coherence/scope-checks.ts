/** Checks of gate 1 on what atoms may do: their gear, their tools, and the files they read and write. */
import { INDEX_FILE } from "@factory/schemas";
import type { CoherenceAtom } from "../coherence-input.ts";
import { leavesOf } from "../success-checks.ts";
import type { CoherenceView, Finding } from "./view.ts";

/** Each atom has the gear of its role, and the role that what it does asks for. */
export function wrongGears(view: CoherenceView): Finding[] {
  const { atoms, gears, molecules } = view.input;
  const outcomes = new Set(molecules.map(({ outcomeAtomId }) => outcomeAtomId));
  return atoms.flatMap(({ atomId, role, gear, functionName }) => {
    const made = Object.hasOwn(gears, gear) ? gears[gear] : undefined;
    return [
      ...(made === undefined ? [`${view.named(atomId)} has the gear ${gear}, which does not exist: the role ${role} has no gear. Add a gear for it.`] : []),
      ...(made !== undefined && made.role !== role
        ? [`${view.named(atomId)} has the role ${role} and the gear ${gear}, which is made for ${made.role}. Give it the gear of its role.`]
        : []),
      ...(functionName !== undefined && role !== "coder" ? [`${view.named(atomId)} writes ${functionName} with the role ${role}. Let a coder write it.`] : []),
      ...(outcomes.has(atomId) && role !== "verifier:outcome"
        ? [`${view.named(atomId)} judges its molecule with the role ${role}. Let a verifier judge it.`]
        : []),
    ];
  });
}

/** Each atom has exactly the tools that its gear permits and the registry has. */
export function wrongTools(view: CoherenceView): Finding[] {
  const { atoms, gears, registry } = view.input;
  return atoms.flatMap(({ atomId, role, permitted }) => {
    // By role and not by the atom's own gear: another gear must not widen what a role may do.
    const gear = Object.values(gears).find((one) => one.role === role);
    if (gear === undefined) return [`${atomId} has the role ${role}, which has no gear. Add a gear for it.`];
    const allowed = gear.tools.filter((name) => registry.includes(name));
    const extra = permitted.filter((name) => !allowed.includes(name));
    const missing = allowed.filter((name) => !permitted.includes(name));
    return [
      ...(extra.length === 0 ? [] : [`${atomId} is given ${extra.join(", ")}, which its gear or the registry does not have. Take it away.`]),
      ...(missing.length === 0 ? [] : [`${atomId} lacks ${missing.join(", ")}, which its gear permits. Give it back.`]),
      ...(role !== "verifier:outcome" && permitted.length === 0 ? [`${atomId} has no tool to work with. Correct the gear of ${role}.`] : []),
    ];
  });
}

/** Each atom writes what it is for and nothing else, and two that may write one file are never at work at once. */
export function wrongWrites(view: CoherenceView): Finding[] {
  return [...view.input.atoms.flatMap((atom) => writeFaults(atom, view)), ...overlaps(view)];
}

function writeFaults(atom: CoherenceAtom, view: CoherenceView): Finding[] {
  const named = view.named(atom.atomId);
  const allowed = writesOf(atom, view);
  const outside = atom.writes.filter((path) => !allowed.includes(path));
  const missing = allowed.filter((path) => !atom.writes.includes(path));
  return [
    ...(outside.length === 0
      ? []
      : [`${named} may write ${outside.join(", ")}, which is outside of ${allowed.join(", ") || "what a verifier writes, which is nothing"}. Take it away.`]),
    ...(missing.length === 0 ? [] : [`${named} may not write ${missing.join(", ")}, which it is for. Give it back.`]),
  ];
}

function writesOf(atom: CoherenceAtom, { input, targets }: CoherenceView): string[] {
  switch (atom.role) {
    case "coder":
      return [atom.functionName === undefined ? "src/**" : (targets.get(atom.functionName)?.file ?? "")];
    case "integrator":
      return [input.atoms.some(({ role }) => role === "coder") ? INDEX_FILE : "src/**"];
    case "verifier:outcome":
      return [];
    default:
      return atom.role satisfies never;
  }
}

/** Pairs of atoms that may write one file and of which neither comes after the other. */
function overlaps(view: CoherenceView): Finding[] {
  const { atoms } = view.input;
  const wide = atoms.filter(({ writes }) => writes.some(isPattern));
  const byFile = new Map<string, CoherenceAtom[]>();
  for (const atom of atoms) for (const path of atom.writes) if (!isPattern(path)) byFile.set(path, [...(byFile.get(path) ?? []), atom]);
  const pairs = [
    ...[...byFile.values()].flatMap((group) => pairsOf(group)),
    ...wide.flatMap((one) => atoms.filter((other) => other !== one && meet(one, other)).map((other): [CoherenceAtom, CoherenceAtom] => [one, other])),
  ];
  const told = new Set<string>();
  return pairs.flatMap(([one, other]) => {
    const key = [one.atomId, other.atomId].sort().join(" ");
    if (told.has(key) || view.ordered(one.atomId, other.atomId)) return [];
    told.add(key);
    return [`${view.named(one.atomId)} and ${view.named(other.atomId)} may write the same file at once. Let one of them come after the other.`];
  });
}

function pairsOf(group: readonly CoherenceAtom[]): [CoherenceAtom, CoherenceAtom][] {
  return group.flatMap((one, index) => group.slice(index + 1).map((other): [CoherenceAtom, CoherenceAtom] => [one, other]));
}

function isPattern(path: string): boolean {
  return /[*?]/.test(path);
}

/** Whether two atoms may write one file; patterns are compared by what they begin with, which finds too much rather than too little. */
function meet(one: CoherenceAtom, other: CoherenceAtom): boolean {
  const begin = (path: string): string => path.replace(/[*?].*$/s, "");
  return one.writes.some((a) => other.writes.some((b) => begin(a).startsWith(begin(b)) || begin(b).startsWith(begin(a))));
}

/** Each atom may read what it works on, what it uses and what its tests import, and everything only where nothing narrower is known. */
export function wrongReads(view: CoherenceView): Finding[] {
  const { atoms } = view.input;
  const graph: GraphRoles = {
    hasSuites: atoms.some(isSuite),
    alone: !atoms.some(({ role }) => role === "coder"),
  };
  return atoms.flatMap((atom) => {
    const needed = neededBy(atom, graph, view);
    const named = view.named(atom.atomId);
    const reads = new Set(atom.reads);
    const missing = reads.has("**") ? [] : needed.files.filter((path) => !reads.has(path) && !(reads.has("src/**") && path.startsWith("src/")));
    const wide = atom.reads.filter((path) => isPattern(path) && !needed.patterns.includes(path));
    return [
      ...(missing.length === 0 ? [] : [`${named} may not read ${missing.join(", ")}, which it needs. Give it back.`]),
      ...(needed.unknown === undefined || reads.has("**")
        ? []
        : [`${named} may not read all that ${needed.unknown} may import, which is not known. Let it read everything.`]),
      ...(wide.length === 0 ? [] : [`${named} may read ${wide.join(", ")}, although what it needs is known. Narrow it.`]),
    ];
  });
}

/** What of a graph decides how wide its scopes are. */
type GraphRoles = {
  /** Whether a coder makes tests pass and may write any source file for that. */
  readonly hasSuites: boolean;
  /** Whether no coder writes what is asked for, so that the integrator has to. */
  readonly alone: boolean;
};

function isSuite({ role, functionName }: CoherenceAtom): boolean {
  return role === "coder" && functionName === undefined;
}

/** Files an atom has to read, and patterns it may have; `unknown` is a file of which it is not known what it imports. */
type Needed = { readonly files: readonly string[]; readonly patterns: readonly string[]; readonly unknown?: string };

/** Follows from the order, the starting tree, and what the atom is and has to pass; never from what it may read. */
function neededBy(atom: CoherenceAtom, { hasSuites, alone }: GraphRoles, view: CoherenceView): Needed {
  const { targets, imports, code } = view;
  const isIntegrator = atom.role === "integrator";
  if (isSuite(atom) || view.isTerminal(atom) || (isIntegrator && alone)) return { files: [], patterns: ["**"] };
  const members = view.membersOf(atom.moleculeId);
  const tests = leavesOf(atom.check).flatMap((leaf) => (leaf.kind === "tests" ? leaf.files : []));
  // What a coder of tests has written is known by no path.
  const afterSuites = hasSuites && (isIntegrator || members.some(isSuite));
  const functions = isIntegrator ? [...targets.keys()] : (atom.functionName === undefined ? members : [atom]).flatMap(({ functionName }) => functionName ?? []);
  const roots = afterSuites ? [] : [...code.of(functions), ...testsToCome(atom, view), ...(isIntegrator ? [INDEX_FILE] : [])];
  const { files, unknown } = imports.reach([...roots, ...tests, ...code.settings]);
  const patterns = afterSuites ? ["src/**"] : [];
  return unknown === undefined ? { files: [...files], patterns } : { files: [...files], patterns: [...patterns, "**"], unknown };
}

/** Tests that the criteria of an atom's function name: it is told of them, whether they can run when it is done or later. */
function testsToCome({ functionName }: CoherenceAtom, { code }: CoherenceView): string[] {
  if (functionName === undefined) return [];
  return code.claimsOf(functionName).flatMap(({ kind, testFiles }) => (kind === "criterion" ? testFiles : []));
}
