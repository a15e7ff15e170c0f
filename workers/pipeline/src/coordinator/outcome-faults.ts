/** Who has to mend what an outcome bead found wanting: the bead at fault, or, when every molecule has passed, the run. */
import type { SuccessCheck } from "@factory/schemas";
import type { CheckResult } from "@factory/verification";
import type { RunContext } from "./context.ts";
import type { Bead } from "./store/bead-store.ts";

/** Where failed results belong. */
type OutcomeFaults = {
  /** Failed results by the bead that can mend them. */
  readonly beads: ReadonlyMap<string, readonly CheckResult[]>;
  /** What no bead of the judged molecule is at fault for: its parts were each judged and passed. */
  readonly run: readonly CheckResult[];
};

/**
 * Sorts failed results. A molecule's belong to its own beads. Those of a run belong to the beads of the last molecule; what
 * another molecule answers for has passed its verdict, so that the fault lies between the molecules.
 */
export function faultsOf(context: RunContext, outcomeBead: Bead, judgesRun: boolean, failed: readonly CheckResult[]): OutcomeFaults {
  const units = unitsOf(context, outcomeBead, judgesRun);
  const last = units.at(-1);
  const owners = new Map<string, CheckResult[]>();
  const run: CheckResult[] = [];
  for (const result of failed) {
    const named = ownerOf(context, units, result);
    // What names neither file nor claim is, of a molecule, for the bead that brought its parts together.
    const owner = named ?? (judgesRun ? undefined : last);
    if (owner === undefined || owner.moleculeId !== outcomeBead.moleculeId) run.push(result);
    else owners.set(owner.beadId, [...(owners.get(owner.beadId) ?? []), result]);
  }
  return { beads: owners, run };
}

/** Whom each failed hidden example is for: the first bead for its claim, wherever it is; what was visible did not suffice it. */
export function holdoutOwners(context: RunContext, outcomeBead: Bead, failed: readonly CheckResult[]): ReadonlyMap<string, readonly CheckResult[]> {
  const units = unitsOf(context, outcomeBead, true);
  const owners = new Map<string, CheckResult[]>();
  for (const result of failed) {
    const owner = forClaim(units, result) ?? units.at(-1) ?? outcomeBead;
    owners.set(owner.beadId, [...(owners.get(owner.beadId) ?? []), result]);
  }
  return owners;
}

/** Beads that are done and may be at fault, in seed order. */
function unitsOf({ store }: RunContext, { moleculeId }: Bead, ofRun: boolean): Bead[] {
  const beads = ofRun ? store.beads.all() : store.molecules.members(moleculeId).flatMap((beadId) => store.beads.get(beadId) ?? []);
  return beads.filter(({ outcome, state }) => !outcome && state === "DONE");
}

/** The writer of the file that a result names, else the first bead for its claim, else the first one that has to make its tests pass. */
function ownerOf({ store }: RunContext, units: readonly Bead[], result: CheckResult): Bead | undefined {
  const file = /^([^\s:]+):\d+/.exec(result.problems[0] ?? "")?.[1];
  const writer = file === undefined || result.kind === "tests" || result.kind === "examples" ? null : store.tree.writerOf(file);
  const written = units.find(({ beadId }) => beadId === writer);
  const [kind, path] = splitKey(result.key);
  return written ?? forClaim(units, result) ?? (kind === "tests" ? units.find(({ directive }) => testsOf(directive.successCheck).includes(path)) : undefined);
}

function forClaim(units: readonly Bead[], { claimId }: CheckResult): Bead | undefined {
  if (claimId === undefined) return undefined;
  return units.find(({ directive }) => directive.claimRefs[0] === claimId) ?? units.find(({ directive }) => directive.claimRefs.includes(claimId));
}

function splitKey(key: string): readonly [string, string] {
  const at = key.indexOf(":");
  return at < 0 ? [key, ""] : [key.slice(0, at), key.slice(at + 1)];
}

function testsOf(check: SuccessCheck): string[] {
  if (check.kind === "all") return check.checks.flatMap(testsOf);
  return check.kind === "tests" ? [...check.files] : [];
}
