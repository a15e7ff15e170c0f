/** What may be wrong with the atoms of a work graph: when they are done, what they may touch, who carries them out. */
import type { CoherenceAtom, CoherenceInput } from "@factory/compiler";
import type { SuccessCheck } from "@factory/schemas";
import { forgetAtom, isOutcome, withAtom, without } from "./damage.ts";
import type { GraphDefect, GraphOperator } from "./damage.ts";

/** Operators on atoms: success checks, tools, scopes, gears, ownership. */
export const ATOM_OPERATORS: readonly GraphOperator[] = [
  {
    name: "weaken-success-check",
    says: "an atom is done with less than it has to show",
    defects: (input) =>
      input.atoms.flatMap((atom) =>
        weakerChecks(atom.check).map(({ site, check }) => ({
          site: `${atom.key} ${site}`,
          names: [atom.atomId],
          damaged: withAtom(input, atom.atomId, (one) => ({ ...one, check })),
        })),
      ),
  },
  perAtom(
    "hollow-success-check",
    "an atom is done when a file exists",
    ({ check, writes }) => check.kind === "all" && writes.length > 0,
    (atom) => ({ ...atom, check: { kind: "file-exists", path: atom.writes[0] ?? "src/index.ts" } }),
  ),
  {
    name: "check-another-claim",
    says: "an atom is done with the examples of a claim that is not its own",
    defects: (input) =>
      input.atoms.flatMap((atom) => {
        const own = leavesOf(atom.check).flatMap((leaf) => (leaf.kind === "examples" ? [leaf.claim] : []));
        const other = input.claims.find(({ claimId, visible }) => visible.length > 0 && !own.includes(claimId));
        const [first] = own;
        if (other === undefined || first === undefined) return [];
        const damaged = withAtom(input, atom.atomId, (one) => ({ ...one, check: withExamplesOf(one.check, first, other.claimId) }));
        return [{ site: atom.key, names: [atom.atomId], damaged }];
      }),
  },
  perAtom(
    "widen-tool-policy",
    "an atom may use a tool that its gear does not permit",
    (atom, { registry }) => registry.some((tool) => !atom.permitted.includes(tool)),
    (atom, { registry }) => ({ ...atom, permitted: [...atom.permitted, ...registry.filter((tool) => !atom.permitted.includes(tool)).slice(0, 1)] }),
  ),
  perAtom(
    "invent-tool",
    "an atom may use a tool that does not exist",
    () => true,
    (atom) => ({ ...atom, permitted: [...atom.permitted, "run_anything"] }),
  ),
  perAtom(
    "narrow-tool-policy",
    "an atom lacks a tool that it works with",
    ({ permitted }) => permitted.length > 0,
    (atom) => ({ ...atom, permitted: atom.permitted.slice(1) }),
  ),
  {
    name: "overlap-write-scopes",
    says: "two atoms may write one file",
    defects: (input) => {
      const writers = input.atoms.filter(({ functionName }) => functionName !== undefined);
      return writers.flatMap((atom) => {
        const other = writers.find(({ atomId }) => atomId !== atom.atomId);
        if (other === undefined) return [];
        const widen = (one: CoherenceAtom): CoherenceAtom => ({ ...one, writes: [...one.writes, ...other.writes] });
        return [{ site: atom.key, names: [atom.atomId], damaged: withAtom(input, atom.atomId, widen) }];
      });
    },
  },
  perAtom(
    "widen-write-scope",
    "an atom of one function may write the whole tree",
    ({ functionName }) => functionName !== undefined,
    (atom) => ({ ...atom, writes: ["**"] }),
  ),
  perAtom(
    "redirect-write",
    "an atom may write another file than that of its function",
    ({ functionName }) => functionName !== undefined,
    (atom) => ({ ...atom, writes: ["src/somewhere-else.ts"] }),
  ),
  perAtom(
    "starve-reads",
    "an atom may not read what it works on",
    ({ reads, functionName }) => functionName !== undefined && reads.length > 0,
    (atom) => ({ ...atom, reads: [] }),
  ),
  {
    name: "forget-read",
    says: "an atom may not read one of the files that its task, its code or its tests need",
    defects: (input) =>
      input.atoms.flatMap(({ atomId, key, reads }) =>
        reads
          .filter((path) => !path.includes("*"))
          .map((path) => ({
            site: `${key} ${path}`,
            names: [atomId],
            damaged: withAtom(input, atomId, (one) => ({ ...one, reads: without(one.reads, path) })),
          })),
      ),
  },
  {
    name: "pretend-known-imports",
    says: "an atom reads as if it were known what an attached file imports, which cannot be parsed",
    defects: (input) =>
      Object.entries(input.repository).flatMap(([path, module]): GraphDefect[] => {
        const readers = input.atoms.filter(({ reads }) => reads.includes(path));
        if (!module.readable || readers.length === 0) return [];
        const broken = { readable: false, reason: "Unexpected token (1:1)", functions: module.functions.map(({ name }) => name), types: module.types } as const;
        return [{ site: path, names: readers.map(({ atomId }) => atomId), damaged: { ...input, repository: { ...input.repository, [path]: broken } } }];
      }),
  },
  perAtom(
    "widen-read-scope",
    "an atom of one function may read the whole tree",
    ({ functionName, reads }) => functionName !== undefined && !reads.includes("**"),
    (atom) => ({ ...atom, reads: ["**"] }),
  ),
  perAtom(
    "swap-gear",
    "an atom has the gear of another role",
    ({ gear, role }, { gears }) => Object.entries(gears).some(([name, other]) => name !== gear && other.role !== role),
    (atom, { gears }) => ({ ...atom, gear: Object.entries(gears).find(([name, { role }]) => name !== atom.gear && role !== atom.role)?.[0] ?? atom.gear }),
  ),
  perAtom(
    "swap-mode",
    "an atom creates what is there, or changes what is not",
    ({ mode }) => mode !== undefined,
    (atom) => ({ ...atom, mode: atom.mode === "create" ? "modify" : "create" }),
  ),
  {
    name: "move-ownership",
    says: "another atom answers for a claim than the one that carries it out",
    defects: (input) =>
      input.claims.flatMap(({ claimId }) => {
        const owner = input.atoms.find(({ owns }) => owns.includes(claimId));
        const other = input.atoms.find((atom) => !isOutcome(atom) && atom.functionName !== undefined && atom !== owner && !atom.claimRefs.includes(claimId));
        if (owner?.functionName === undefined || other === undefined) return [];
        const take = (atom: CoherenceAtom): CoherenceAtom => ({ ...atom, owns: [...atom.owns, claimId], claimRefs: [...atom.claimRefs, claimId] });
        const damaged = withAtom(
          withAtom(input, owner.atomId, (one) => ({ ...one, owns: without(one.owns, claimId) })),
          other.atomId,
          take,
        );
        return [{ site: claimId, names: [claimId], damaged }];
      }),
  },
  {
    name: "drop-atom",
    says: "a function of the order has no atom",
    defects: (input) =>
      input.atoms
        .filter(({ functionName }) => functionName !== undefined)
        .map((atom) => ({ site: atom.key, names: [atom.atomId, atom.functionName ?? atom.atomId, ...atom.owns], damaged: forgetAtom(input, atom.atomId) })),
  },
];

/** One defect an atom. */
function perAtom(
  name: string,
  says: string,
  pick: (atom: CoherenceAtom, input: CoherenceInput) => boolean,
  damage: (atom: CoherenceAtom, input: CoherenceInput) => CoherenceAtom,
): GraphOperator {
  return {
    name,
    says,
    defects: (input) =>
      input.atoms
        .filter((atom) => pick(atom, input))
        .map((atom): GraphDefect => ({ site: atom.key, names: [atom.atomId], damaged: withAtom(input, atom.atomId, () => damage(atom, input)) })),
  };
}

/** Ways to ask less: each drops one check of several, or all but one that says little. */
function weakerChecks(check: SuccessCheck): { readonly site: string; readonly check: SuccessCheck }[] {
  if (check.kind !== "all" || check.checks.length < 2) return [];
  const { checks } = check;
  const leaves = leavesOf(check).map((leaf) => JSON.stringify(leaf));
  return checks.flatMap((part, index) => {
    // A part that is asked for elsewhere in the same check is not missed.
    const gone = leavesOf(part).map((leaf) => JSON.stringify(leaf));
    if (gone.every((leaf) => leaves.filter((one) => one === leaf).length > 1)) return [];
    const rest = checks.filter((_, at) => at !== index);
    return [{ site: `${part.kind}-${index}`, check: { kind: "all" as const, checks: rest } }];
  });
}

function leavesOf(check: SuccessCheck): SuccessCheck[] {
  return check.kind === "all" ? check.checks.flatMap(leavesOf) : [check];
}

/** The check with the examples of one claim in place of another's. */
function withExamplesOf(check: SuccessCheck, from: string, to: string): SuccessCheck {
  if (check.kind === "all") return { kind: "all", checks: check.checks.map((part) => withExamplesOf(part, from, to)) };
  return check.kind === "examples" && check.claim === from ? { kind: "examples", claim: to } : check;
}
