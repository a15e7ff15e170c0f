/** A compiled work graph as a plan shows it: parents before children, molecule by molecule. */
import type { CompiledAtom, CompiledRun } from "@factory/compiler";
import { GEARS } from "@factory/gears";
import { invariant } from "@factory/schemas";
import type { SuccessCheck } from "@factory/schemas";
import type { PlannedAtom, PlannedInvariant, PlannedMolecule } from "./plan.ts";

/** What a compiled run consists of; of one that gate 1 refused, too. */
export type PlannedGraph = {
  readonly atoms: readonly PlannedAtom[];
  readonly molecules: readonly PlannedMolecule[];
  readonly invariants: readonly PlannedInvariant[];
};

/** What is shown of a compiled run. */
export function plannedGraph(compiled: CompiledRun): PlannedGraph {
  const levels = levelsOf(compiled.atoms);
  const keyOf = new Map<string, string>(compiled.atoms.map(({ atomId, plan }) => [atomId, plan.key]));
  const keysOf = (ids: readonly string[]): string[] => ids.map((id) => keyOf.get(id) ?? id);
  const budgets = new Map<string, number>((compiled.seed?.beads ?? []).map(({ atomId, directive }) => [atomId, directive.budgetUsd]));
  const atoms = compiled.atoms.map(({ plan, atomId, dependsOn }): PlannedAtom => {
    const gear = GEARS[plan.role];
    return {
      key: plan.key,
      title: plan.title,
      role: plan.role,
      team: gear.team,
      molecule: plan.molecule,
      level: levels.get(atomId) ?? 1,
      claims: plan.claimRefs,
      owns: plan.owns,
      mode: plan.target?.mode ?? null,
      reads: plan.reads,
      writes: plan.writes,
      dependsOn: keysOf(dependsOn),
      checks: [...new Set(leavesOf(plan.check).map(checkText))],
      model: gear.tools.length === 0 ? null : gear.model.alias,
      maxAttempts: gear.retryPolicy.maxAttempts,
      budgetUsd: budgets.get(atomId) ?? null,
    };
  });
  const molecules = compiled.molecules.map(({ key, title, atomIds, outcomeAtomId }) => ({
    key,
    title,
    atoms: keysOf(atomIds),
    outcome: keyOf.get(outcomeAtomId) ?? outcomeAtomId,
  }));
  return { atoms: atoms.toSorted((a, b) => a.level - b.level), molecules, invariants: invariantsOf(compiled) };
}

/** One more than the highest level an atom waits for; an atom on a cycle, which gate 1 refuses, is counted as waiting for none. */
function levelsOf(atoms: readonly CompiledAtom[]): ReadonlyMap<string, number> {
  const levels = new Map<string, number>();
  const waiting = new Map<string, readonly string[]>(atoms.map(({ atomId, dependsOn }) => [atomId, dependsOn]));
  for (let level = 1; waiting.size > 0; level++) {
    const free = [...waiting].filter(([, parents]) => parents.every((parent) => !waiting.has(parent))).map(([id]) => id);
    if (free.length === 0) break;
    for (const id of free) levels.set(id, level);
    for (const id of free) waiting.delete(id);
  }
  return levels;
}

function leavesOf(check: SuccessCheck): SuccessCheck[] {
  return check.kind === "all" ? check.checks.flatMap(leavesOf) : [check];
}

function checkText(check: SuccessCheck): string {
  switch (check.kind) {
    case "file-exists":
      return `${check.path} exists`;
    case "examples":
      return `examples of ${check.claim}`;
    case "tests":
      return check.files.join(", ");
    case "typecheck":
      return "types";
    case "output-contains":
    case "output-matches":
      return `what ${check.export} of ${check.module} gives`;
    case "all":
      return "everything";
    default:
      return check satisfies never;
  }
}

function invariantsOf({ artifacts }: CompiledRun): PlannedInvariant[] {
  return artifacts
    .filter(({ node }) => node.type === "Invariant")
    .map(({ node }) => {
      const { claimId, statement, detector, matched } = invariant.loose().parse(node.data);
      return { claimId, statement, detector, matched };
    });
}
