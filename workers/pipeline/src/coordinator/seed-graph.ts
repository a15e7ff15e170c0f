/** Validates a seed whole, before anything of it is stored: what a coordinator holds is always a graph that can end. */
import { beadIdOf, workspacePath } from "@factory/schemas";
import type { SuccessCheck } from "@factory/schemas";
import type { SeedRequest } from "@factory/schemas/rpc";

/** Beads of one run: the largest orders have hundreds, and a seed is applied in one synchronous turn. */
export const MAX_BEADS = 2_000;
/** Dependencies of one run. */
const MAX_EDGES = 20_000;
/** Files of a starting tree, and code units of all their paths: the run's report carries the whole tree in one row. */
export const MAX_BASE_FILES = 2_000;
const MAX_PATH_CHARS = 200_000;
/** Operatives of one run that work at once: each holds a workspace and a model call. */
export const MAX_SLOTS = 32;

const DIGEST = /^[0-9a-f]{64}$/;

/** Everything that is wrong with a seed, one sentence each; empty when it may be stored. */
export function seedProblems(request: SeedRequest): string[] {
  const problems = [...sizeProblems(request), ...treeProblems(request)];
  // A graph over its bound is not walked.
  if (problems.length > 0) return problems;
  return [...beadProblems(request), ...edgeProblems(request), ...referenceProblems(request), ...outcomeProblems(request)];
}

function sizeProblems({ beads, slots, baseTree }: SeedRequest): string[] {
  const edges = beads.reduce((sum, { dependsOn }) => sum + dependsOn.length, 0);
  return [
    ...(beads.length === 0 ? ["There are no beads."] : []),
    ...(beads.length > MAX_BEADS ? [`There are ${beads.length} beads; a run may have ${MAX_BEADS}.`] : []),
    ...(edges > MAX_EDGES ? [`There are ${edges} dependencies; a run may have ${MAX_EDGES}.`] : []),
    ...(Number.isInteger(slots) && slots >= 1 && slots <= MAX_SLOTS ? [] : [`${slots} slots; a run has 1 to ${MAX_SLOTS}.`]),
    ...(Object.keys(baseTree).length > MAX_BASE_FILES ? [`The starting tree has more than ${MAX_BASE_FILES} files.`] : []),
    ...(Object.keys(baseTree).join("").length > MAX_PATH_CHARS ? [`The paths of the starting tree have more than ${MAX_PATH_CHARS} characters together.`] : []),
  ];
}

function treeProblems({ baseTree }: SeedRequest): string[] {
  const paths = Object.keys(baseTree).filter((path) => !workspacePath.safeParse(path).success);
  const contents = Object.entries(baseTree).filter(([, digest]) => !DIGEST.test(digest));
  return [
    ...paths.map((path) => `The starting tree has the path ${JSON.stringify(path)}.`),
    ...contents.map(([path]) => `${path} of the starting tree has no SHA-256 digest.`),
  ];
}

function beadProblems({ org, runId, beads }: SeedRequest): string[] {
  const problems = beads.flatMap(({ beadId, atomId, directive, role }) => [
    ...(beadId === beadIdOf(org, runId, atomId) ? [] : [`${beadId} is not the bead of ${atomId} in this run.`]),
    ...(directive.atomId === atomId && directive.runId === runId ? [] : [`The directive of ${beadId} is for another atom or run.`]),
    ...(directive.role === role ? [] : [`The directive of ${beadId} is for the role ${directive.role}.`]),
  ]);
  const repeated = repeatedOf(beads.map(({ beadId }) => beadId));
  return [...problems, ...repeated.map((beadId) => `${beadId} is named twice.`)];
}

function edgeProblems({ beads }: SeedRequest): string[] {
  const known = new Set(beads.map(({ beadId }) => beadId));
  const problems = beads.flatMap(({ beadId, dependsOn }) => [
    ...dependsOn.filter((parent) => !known.has(parent.beadId)).map((parent) => `${beadId} depends on ${parent.beadId}, which is not in the run.`),
    ...repeatedOf(dependsOn.map((parent) => parent.beadId)).map((parent) => `${beadId} depends on ${parent} twice.`),
  ]);
  const cyclic = beadsOnCycles(beads);
  return cyclic.length === 0 ? problems : [...problems, `${cyclic.length} beads wait for each other in a cycle, among them ${cyclic[0]}.`];
}

/** Beads that no order of execution can reach, by removing what waits for nothing until nothing more can be removed. */
function beadsOnCycles(beads: SeedRequest["beads"]): string[] {
  const children = new Map<string, string[]>();
  const waiting = new Map<string, number>();
  for (const { beadId, dependsOn } of beads) {
    waiting.set(beadId, dependsOn.length);
    for (const parent of dependsOn) children.set(parent.beadId, [...(children.get(parent.beadId) ?? []), beadId]);
  }
  const free = [...waiting].filter(([, count]) => count === 0).map(([beadId]) => beadId);
  for (let beadId = free.pop(); beadId !== undefined; beadId = free.pop()) {
    waiting.delete(beadId);
    for (const child of children.get(beadId) ?? []) {
      const left = (waiting.get(child) ?? 0) - 1;
      waiting.set(child, left);
      if (left === 0) free.push(child);
    }
  }
  return [...waiting.keys()];
}

function referenceProblems({ beads, claims, invariants }: SeedRequest): string[] {
  const claimIds = new Set(claims.map(({ claimId }) => claimId));
  const invariantIds = new Set(invariants.map(({ invariantId }) => invariantId));
  const problems = beads.flatMap(({ beadId, directive }) => [
    ...[...directive.claimRefs, ...claimsOfCheck(directive.successCheck)]
      .filter((id) => !claimIds.has(id))
      .map((id) => `${beadId} refers to ${id}, which is no claim of the run.`),
    ...directive.invariantIds.filter((id) => !invariantIds.has(id)).map((id) => `${beadId} refers to ${id}, which is no invariant of the run.`),
  ]);
  return [
    ...problems,
    ...repeatedOf(claims.map(({ claimId }) => claimId)).map((id) => `The claim ${id} is there twice.`),
    ...repeatedOf(invariants.map(({ invariantId }) => invariantId)).map((id) => `The invariant ${id} is there twice.`),
  ];
}

/** A molecule ends in one outcome bead that comes after all its others. */
function outcomeProblems({ beads }: SeedRequest): string[] {
  const byId = new Map(beads.map((bead) => [bead.beadId, bead]));
  return [...new Set(beads.map(({ moleculeId }) => moleculeId))].flatMap((moleculeId) => {
    const members = beads.filter((bead) => bead.moleculeId === moleculeId);
    const [last, ...more] = members.filter(({ outcome }) => outcome);
    if (last === undefined || more.length > 0)
      return [`The molecule ${moleculeId} has ${more.length + (last === undefined ? 0 : 1)} outcome beads; it needs one.`];
    const before = ancestorsOf(last.beadId, (beadId) => byId.get(beadId)?.dependsOn.map((parent) => parent.beadId) ?? []);
    const beside = members.filter((bead) => bead !== last && !before.has(bead.beadId));
    return beside.map(({ beadId }) => `The outcome bead of ${moleculeId} does not come after ${beadId}.`);
  });
}

function ancestorsOf(start: string, parentsOf: (beadId: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [...parentsOf(start)];
  for (let beadId = waiting.pop(); beadId !== undefined; beadId = waiting.pop()) {
    if (found.has(beadId)) continue;
    found.add(beadId);
    waiting.push(...parentsOf(beadId));
  }
  return found;
}

/** Claims whose examples a success check runs. */
export function claimsOfCheck(check: SuccessCheck): string[] {
  if (check.kind === "all") return check.checks.flatMap(claimsOfCheck);
  return check.kind === "examples" ? [check.claim] : [];
}

function repeatedOf(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
