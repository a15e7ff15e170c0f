/**
 * What makes a graph of beads one that can end, whether it comes whole with a seed or out of an amendment. Every rule is
 * linear in beads and dependencies, so that the largest run is judged in well under a second.
 */
import { PRIORITIES, beadIdOf } from "@factory/schemas";
import type { SuccessCheck } from "@factory/schemas";
import type { BeadSeed, SeedRequest } from "@factory/schemas/rpc";

/** Bounds of one run's graph. */
export const GRAPH_LIMITS = {
  /** Beads, cancelled ones included: a seed or an amendment is applied in one synchronous turn. */
  beads: 20_000,
  /** Dependencies of all beads together. */
  edges: 100_000,
  /** Beads that wait for one bead: when it ends, one transaction releases them all. */
  dependants: 10_000,
  /** Molecules: each is a walk of its own over what comes before its outcome bead. */
  molecules: 500,
} as const;

/** What the rules see of a bead. */
export type GraphNode = { readonly beadId: string; readonly moleculeId: string; readonly outcome: boolean; readonly parents: readonly string[] };

/** A seeded bead as the rules see it. */
export function nodeOf({ beadId, moleculeId, outcome, dependsOn }: BeadSeed): GraphNode {
  return { beadId, moleculeId, outcome, parents: dependsOn.map((parent) => parent.beadId) };
}

/** Bounds that the graph exceeds; a graph beyond them is not walked. */
export function sizeProblems(nodes: readonly GraphNode[], cancelled = 0): string[] {
  const count = nodes.length + cancelled;
  const edges = nodes.reduce((sum, { parents }) => sum + parents.length, 0);
  const molecules = new Set(nodes.map(({ moleculeId }) => moleculeId)).size;
  if (count > GRAPH_LIMITS.beads) return [`There are ${count} beads; a run may have ${GRAPH_LIMITS.beads}.`];
  if (edges > GRAPH_LIMITS.edges) return [`There are ${edges} dependencies; a run may have ${GRAPH_LIMITS.edges}.`];
  if (molecules > GRAPH_LIMITS.molecules) return [`There are ${molecules} molecules; a run may have ${GRAPH_LIMITS.molecules}.`];
  const dependants = new Map<string, number>();
  for (const { parents } of nodes) for (const parent of parents) dependants.set(parent, (dependants.get(parent) ?? 0) + 1);
  return [...dependants]
    .filter(([, waiting]) => waiting > GRAPH_LIMITS.dependants)
    .map(([beadId, waiting]) => `${waiting} beads wait for ${beadId}; ${GRAPH_LIMITS.dependants} may.`);
}

/** Beads that are not what they say, or that are there twice. */
export function beadProblems(org: string, runId: string, beads: readonly BeadSeed[]): string[] {
  const problems = beads.flatMap(({ beadId, atomId, directive, role, outcome, priority }) => [
    ...(beadId === beadIdOf(org, runId, atomId) ? [] : [`${beadId} is not the bead of ${atomId} in this run.`]),
    ...(directive.atomId === atomId && directive.runId === runId ? [] : [`The directive of ${beadId} is for another atom or run.`]),
    ...(directive.role === role ? [] : [`The directive of ${beadId} is for the role ${directive.role}.`]),
    ...(outcome === (role === "verifier:outcome") ? [] : [`${beadId} has the role ${role}, which ${outcome ? "is not" : "is"} that of an outcome bead.`]),
    ...(priority === undefined || PRIORITIES.includes(priority)
      ? []
      : [`${beadId} has the priority ${JSON.stringify(priority)}; there are ${PRIORITIES.join(", ")}.`]),
  ]);
  return [...problems, ...repeatedOf(beads.map(({ beadId }) => beadId)).map((beadId) => `${beadId} is named twice.`)];
}

/** Dependencies that lead nowhere, on the bead itself, or that are there twice. */
export function edgeProblems(beads: readonly BeadSeed[], known: ReadonlySet<string>): string[] {
  return beads.flatMap(({ beadId, dependsOn }) => [
    ...dependsOn.filter((parent) => !known.has(parent.beadId)).map((parent) => `${beadId} depends on ${parent.beadId}, which is not in the run.`),
    ...(dependsOn.some((parent) => parent.beadId === beadId) ? [`${beadId} depends on itself.`] : []),
    ...repeatedOf(dependsOn.map((parent) => parent.beadId)).map((parent) => `${beadId} depends on ${parent} twice.`),
  ]);
}

/** What directives refer to and the run does not have. */
export function referenceProblems(beads: readonly BeadSeed[], claimIds: ReadonlySet<string>, invariantIds: ReadonlySet<string>): string[] {
  return beads.flatMap(({ beadId, directive }) => [
    ...[...directive.claimRefs, ...claimsOfCheck(directive.successCheck)]
      .filter((id) => !claimIds.has(id))
      .map((id) => `${beadId} refers to ${id}, which is no claim of the run.`),
    ...directive.invariantIds.filter((id) => !invariantIds.has(id)).map((id) => `${beadId} refers to ${id}, which is no invariant of the run.`),
  ]);
}

/** Cycles, molecules that do not end in one outcome bead behind all their others, and a run that does not end in one of these. */
export function shapeProblems(nodes: readonly GraphNode[]): string[] {
  const graph = new IndexedGraph(nodes);
  const [first, ...more] = graph.onCycles();
  if (first !== undefined) return [`${more.length + 1} beads wait for each other in a cycle, among them ${first}.`];
  return [...outcomeProblems(nodes, graph), ...terminalProblems(nodes)];
}

/** The outcome bead that no bead waits for judges the run, so there is one. */
function terminalProblems(nodes: readonly GraphNode[]): string[] {
  const awaited = new Set(nodes.flatMap(({ parents }) => parents));
  const terminal = nodes.filter(({ outcome, beadId }) => outcome && !awaited.has(beadId));
  if (terminal.length < 2) return [];
  return [`${terminal.length} outcome beads are awaited by no bead, among them ${terminal[0]?.beadId ?? ""}; a run ends in one.`];
}

function outcomeProblems(nodes: readonly GraphNode[], graph: IndexedGraph): string[] {
  const molecules = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    const members = molecules.get(node.moleculeId);
    if (members === undefined) molecules.set(node.moleculeId, [node]);
    else members.push(node);
  }
  return [...molecules].flatMap(([moleculeId, members]) => {
    const [last, ...more] = members.filter(({ outcome }) => outcome);
    if (last === undefined || more.length > 0)
      return [`The molecule ${moleculeId} has ${more.length + (last === undefined ? 0 : 1)} outcome beads; it needs one.`];
    const comesBefore = graph.ancestorsOf(last.beadId);
    return members
      .filter((bead) => bead !== last && !comesBefore(bead.beadId))
      .map(({ beadId }) => `The outcome bead of ${moleculeId} does not come after ${beadId}.`);
  });
}

/** The graph over positions: walks over strings would take seconds where these take milliseconds. */
class IndexedGraph {
  readonly #ids: readonly string[];
  readonly #positions = new Map<string, number>();
  readonly #parents: readonly (readonly number[])[];
  /** The walk that met a bead last. */
  readonly #metBy: Int32Array;
  #walks = 0;

  constructor(nodes: readonly GraphNode[]) {
    this.#ids = nodes.map(({ beadId }) => beadId);
    for (const [position, beadId] of this.#ids.entries()) this.#positions.set(beadId, position);
    // A parent that is not there is told of elsewhere, and nothing waits for it here.
    this.#parents = nodes.map(({ parents }) => parents.flatMap((parent) => this.#positions.get(parent) ?? []));
    this.#metBy = new Int32Array(nodes.length);
  }

  /** Beads that no order of execution can reach, by removing what waits for nothing until nothing more can be removed. */
  onCycles(): string[] {
    const children: number[][] = this.#parents.map(() => []);
    for (const [child, parents] of this.#parents.entries()) for (const parent of parents) children[parent]?.push(child);
    const waiting = this.#parents.map((parents) => parents.length);
    const free = [...waiting.keys()].filter((position) => waiting[position] === 0);
    for (let position = free.pop(); position !== undefined; position = free.pop()) {
      for (const child of children[position] ?? []) {
        const left = (waiting[child] ?? 0) - 1;
        waiting[child] = left;
        if (left === 0) free.push(child);
      }
    }
    return this.#ids.filter((_, position) => (waiting[position] ?? 0) > 0);
  }

  /** Says of each bead whether it comes before the given one. The answer holds until the next walk. */
  ancestorsOf(beadId: string): (candidate: string) => boolean {
    this.#walks += 1;
    const walk = this.#walks;
    const at = (id: string): number => this.#positions.get(id) ?? -1;
    const open = [...(this.#parents[at(beadId)] ?? [])];
    for (let position = open.pop(); position !== undefined; position = open.pop()) {
      if (this.#metBy[position] === walk) continue;
      this.#metBy[position] = walk;
      for (const parent of this.#parents[position] ?? []) open.push(parent);
    }
    return (candidate) => this.#metBy[at(candidate)] === walk;
  }
}

/** Claims whose examples a success check runs. */
export function claimsOfCheck(check: SuccessCheck): string[] {
  if (check.kind === "all") return check.checks.flatMap(claimsOfCheck);
  return check.kind === "examples" ? [check.claim] : [];
}

/** Criteria that a bead answers for; the outcome bead names all of them and does none. */
export function carriedCriteria(
  claims: SeedRequest["claims"],
  beads: Iterable<{ readonly outcome: boolean; readonly claimRefs: readonly string[] }>,
): ReadonlySet<string> {
  const criteria = new Set(claims.filter(({ kind }) => kind === "criterion").map(({ claimId }) => claimId));
  const carried = new Set<string>();
  for (const { outcome, claimRefs } of beads) if (!outcome) for (const claimId of claimRefs) if (criteria.has(claimId)) carried.add(claimId);
  return carried;
}

/** Values that are there more than once, each once. */
export function repeatedOf(values: readonly string[]): string[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const value of values) (seen.has(value) ? repeated : seen).add(value);
  return [...repeated];
}
