/**
 * Works out what an amendment makes of a run's graph, and judges the graph as it would be, before anything of it is stored.
 * Changes are taken in order, so a later one sees what an earlier one made.
 */
import { PRIORITIES } from "@factory/schemas";
import type { BeadState, ErrorCode, Priority } from "@factory/schemas";
import type { BeadSeed, RunGraphAmendment, RunGraphChange, SeedRequest } from "@factory/schemas/rpc";
import { beadProblems, carriedCriteria, edgeProblems, referenceProblems, shapeProblems, sizeProblems } from "./run-graph.ts";

/** Changes of one amendment. */
export const MAX_CHANGES = 1_000;

/** A bead of the run as an amendment sees it. */
export type AmendableBead = {
  readonly beadId: string;
  readonly atomId: string;
  readonly moleculeId: string;
  readonly outcome: boolean;
  readonly state: BeadState;
  readonly claimRefs: readonly string[];
  readonly dependsOn: readonly { readonly beadId: string; readonly required: boolean }[];
};

/** A run as an amendment sees it. */
export type AmendableGraph = {
  readonly org: string;
  readonly runId: string;
  readonly claims: SeedRequest["claims"];
  readonly invariantIds: readonly string[];
  readonly beads: readonly AmendableBead[];
};

/** That a bead waits for another. */
export type GraphEdge = { readonly childId: string; readonly parentId: string; readonly required: boolean };

/** What an amendment changes, as rows. */
export type GraphPlan = {
  /** New beads in order, with everything they wait for. */
  readonly added: readonly BeadSeed[];
  /** Beads whose place others take. */
  readonly superseded: readonly { readonly beadId: string; readonly by: readonly string[] }[];
  /** Dependencies of beads that were there before; what is removed goes first. */
  readonly removedEdges: readonly Omit<GraphEdge, "required">[];
  readonly addedEdges: readonly GraphEdge[];
  readonly reordered: readonly { readonly beadId: string; readonly priority: Priority }[];
  /** One line a change, for the event. */
  readonly summary: readonly string[];
};

/** What is wrong with an amendment. */
export type AmendmentFault = { readonly ok: false; readonly code: ErrorCode; readonly problems: readonly string[] };

/** Plans an amendment, or says everything that is wrong with it. */
export function planAmendment(
  graph: AmendableGraph,
  { changes }: Pick<RunGraphAmendment, "changes">,
): { readonly ok: true; readonly plan: GraphPlan } | AmendmentFault {
  if (changes.length === 0) return { ok: false, code: "INVALID_ARGUMENT", problems: ["The amendment changes nothing."] };
  if (changes.length > MAX_CHANGES) {
    return { ok: false, code: "TOO_LARGE", problems: [`The amendment has ${changes.length} changes; it may have ${MAX_CHANGES}.`] };
  }
  const draft = new Draft(graph);
  for (const change of changes) draft.take(change);
  const problems = [...draft.problems, ...draft.problemsOfGraph()];
  if (problems.length > 0) return { ok: false, code: "INVALID_ARGUMENT", problems };
  if (draft.untimely.length > 0) return { ok: false, code: "FAILED_PRECONDITION", problems: draft.untimely };
  return { ok: true, plan: draft.plan() };
}

/** The same for one bead that takes another's place and waits for the same beads: nothing can come to wait for itself by it. */
export function planReplacement(beadId: string, by: BeadSeed, dependants: readonly Omit<GraphEdge, "parentId">[]): GraphPlan {
  return {
    added: [by],
    superseded: [{ beadId, by: [by.beadId] }],
    removedEdges: dependants.map(({ childId }) => ({ childId, parentId: beadId })),
    addedEdges: dependants.map(({ childId, required }) => ({ childId, parentId: by.beadId, required })),
    reordered: [],
    summary: [summaryOf({ kind: "supersede", beadId, by })],
  };
}

/** States in which nothing new may come before a bead: it is at work, has ended, or waits for a person who was told otherwise. */
const TOO_LATE_BEFORE: ReadonlySet<BeadState> = new Set(["LEASED", "WAITING", "DONE", "CANCELLED"]);
const ENDED: ReadonlySet<BeadState> = new Set(["DONE", "CANCELLED"]);

type DraftBead = Omit<AmendableBead, "dependsOn"> & { readonly parents: Map<string, boolean>; readonly isNew: boolean };

/** The graph while changes are taken into it. */
class Draft {
  readonly problems: string[] = [];
  /** What would be right at another time. */
  readonly untimely: string[] = [];
  readonly #graph: AmendableGraph;
  readonly #beads = new Map<string, DraftBead>();
  readonly #atoms = new Set<string>();
  readonly #children = new Map<string, Set<string>>();
  readonly #added = new Map<string, BeadSeed>();
  readonly #superseded = new Map<string, readonly string[]>();
  readonly #removed = new Map<string, Omit<GraphEdge, "required">>();
  readonly #priorities = new Map<string, Priority>();
  readonly #summary: string[] = [];

  constructor(graph: AmendableGraph) {
    this.#graph = graph;
    for (const { dependsOn, ...bead } of graph.beads) {
      this.#atoms.add(bead.atomId);
      this.#beads.set(bead.beadId, { ...bead, parents: new Map(), isNew: false });
      for (const { beadId: parentId, required } of dependsOn) this.#link({ childId: bead.beadId, parentId, required });
    }
  }

  take(change: RunGraphChange): void {
    this.#summary.push(summaryOf(change));
    switch (change.kind) {
      case "insert":
        this.#insert(change);
        return;
      case "split":
        this.#replace(change.beadId, change.into);
        return;
      case "supersede":
        this.#replace(change.beadId, [change.by]);
        return;
      case "reorder":
        this.#reorder(change.beadId, change.priority);
        return;
      default:
        change satisfies never;
    }
  }

  #insert({ bead, before }: Extract<RunGraphChange, { kind: "insert" }>): void {
    this.#add(bead);
    for (const { beadId, required } of before) {
      const later = this.#known(beadId);
      if (later === null) continue;
      if (TOO_LATE_BEFORE.has(later.state)) this.untimely.push(`${beadId} is ${later.state}; nothing can come before it any more.`);
      else if (later.parents.has(bead.beadId)) this.problems.push(`${beadId} depends on ${bead.beadId} twice.`);
      else this.#link({ childId: beadId, parentId: bead.beadId, required });
    }
  }

  #replace(beadId: string, into: readonly BeadSeed[]): void {
    const bead = this.#known(beadId);
    if (into.length === 0) this.problems.push(`Nothing takes the place of ${beadId}.`);
    if (bead === null) return;
    if (bead.isNew) this.problems.push(`${beadId} is new in this amendment; add what it is to be in the end.`);
    if (ENDED.has(bead.state)) {
      this.untimely.push(`${beadId} is ${bead.state}; nothing can take its place any more.`);
      return;
    }
    this.#superseded.set(
      beadId,
      into.map((one) => one.beadId),
    );
    this.#beads.set(beadId, { ...bead, state: "CANCELLED" });
    for (const one of into) this.#add(one);
    for (const childId of this.#children.get(beadId) ?? []) this.#moveEdge(childId, beadId, into);
    this.#children.delete(beadId);
  }

  /** Who waited for one bead waits for all that take its place, in the same way. */
  #moveEdge(childId: string, parentId: string, into: readonly BeadSeed[]): void {
    const child = this.#beads.get(childId);
    const required = child?.parents.get(parentId);
    if (child === undefined || required === undefined || child.state === "CANCELLED") return;
    child.parents.delete(parentId);
    if (!child.isNew) this.#removed.set(`${childId} ${parentId}`, { childId, parentId });
    for (const { beadId } of into) this.#link({ childId, parentId: beadId, required: required || child.parents.get(beadId) === true });
  }

  #reorder(beadId: string, priority: Priority): void {
    const bead = this.#known(beadId);
    if (!PRIORITIES.includes(priority)) this.problems.push(`There is no priority ${JSON.stringify(priority)}; there are ${PRIORITIES.join(", ")}.`);
    if (bead === null) return;
    if (ENDED.has(bead.state)) this.untimely.push(`${beadId} is ${bead.state}; its priority means nothing any more.`);
    this.#priorities.set(beadId, priority);
  }

  #add(seed: BeadSeed): void {
    const { beadId, atomId, moleculeId, outcome, directive, dependsOn } = seed;
    if (this.#beads.has(beadId)) {
      this.problems.push(`${beadId} is in the run already.`);
      return;
    }
    if (this.#atoms.has(atomId)) this.problems.push(`${atomId} has a bead in the run already.`);
    const state = dependsOn.length === 0 ? "READY" : "BLOCKED";
    this.#beads.set(beadId, { beadId, atomId, moleculeId, outcome, state, claimRefs: directive.claimRefs, parents: new Map(), isNew: true });
    this.#atoms.add(atomId);
    this.#added.set(beadId, seed);
    for (const { beadId: parentId, required } of dependsOn) {
      if (this.#beads.get(parentId)?.state === "CANCELLED") this.untimely.push(`${beadId} depends on ${parentId}, which is CANCELLED.`);
      this.#link({ childId: beadId, parentId, required });
    }
  }

  #known(beadId: string): DraftBead | null {
    const bead = this.#beads.get(beadId);
    if (bead === undefined) this.problems.push(`${beadId} is not in the run.`);
    return bead ?? null;
  }

  #link({ childId, parentId, required }: GraphEdge): void {
    this.#beads.get(childId)?.parents.set(parentId, required);
    const children = this.#children.get(parentId);
    if (children === undefined) this.#children.set(parentId, new Set([childId]));
    else children.add(childId);
  }

  /** What is wrong with the graph as it would be. */
  problemsOfGraph(): string[] {
    const { org, runId, claims, invariantIds } = this.#graph;
    const live = [...this.#beads.values()].filter(({ state }) => state !== "CANCELLED");
    const nodes = live.map(({ parents, ...bead }) => ({ ...bead, parents: [...parents.keys()] }));
    const size = sizeProblems(nodes, this.#beads.size - live.length);
    if (size.length > 0) return size;
    const added = [...this.#added.values()];
    this.#refuseBehindVerdicts();
    return [
      ...beadProblems(org, runId, added),
      ...edgeProblems(added, new Set(this.#beads.keys())),
      ...referenceProblems(added, new Set(claims.map(({ claimId }) => claimId)), new Set(invariantIds)),
      ...shapeProblems(nodes),
      ...this.#lostCriteria(live),
    ];
  }

  /** A molecule whose outcome bead is at work or done has its verdict: what came after it would never be looked at. */
  #refuseBehindVerdicts(): void {
    const judged = new Map<string, DraftBead>();
    for (const bead of this.#beads.values()) if (bead.outcome && (bead.state === "LEASED" || bead.state === "DONE")) judged.set(bead.moleculeId, bead);
    for (const { beadId, moleculeId } of this.#added.values()) {
      const outcome = judged.get(moleculeId);
      if (outcome !== undefined) this.untimely.push(`${beadId} comes too late: the outcome bead of ${moleculeId} is ${outcome.state}.`);
    }
  }

  #lostCriteria(live: readonly DraftBead[]): string[] {
    const before = this.#graph.beads.filter(({ state }) => state !== "CANCELLED");
    const carried = carriedCriteria(this.#graph.claims, live);
    return [...carriedCriteria(this.#graph.claims, before)]
      .filter((claimId) => !carried.has(claimId))
      .map((claimId) => `No bead would carry ${claimId} any longer.`);
  }

  plan(): GraphPlan {
    const addedEdges: GraphEdge[] = [];
    const before = new Map(this.#graph.beads.map(({ beadId, dependsOn }) => [beadId, new Set(dependsOn.map((parent) => parent.beadId))]));
    for (const { beadId, parents, isNew } of this.#beads.values()) {
      if (isNew) continue;
      for (const [parentId, required] of parents) if (before.get(beadId)?.has(parentId) !== true) addedEdges.push({ childId: beadId, parentId, required });
    }
    return {
      added: [...this.#added.values()].map((seed) => this.#final(seed)),
      superseded: [...this.#superseded].map(([beadId, by]) => ({ beadId, by })),
      removedEdges: [...this.#removed.values()],
      addedEdges,
      reordered: [...this.#priorities].flatMap(([beadId, priority]) => (this.#added.has(beadId) ? [] : [{ beadId, priority }])),
      summary: this.#summary,
    };
  }

  /** A new bead with what it waits for, and how urgent it is, after every change. */
  #final(seed: BeadSeed): BeadSeed {
    const parents = this.#beads.get(seed.beadId)?.parents ?? new Map<string, boolean>();
    const priority = this.#priorities.get(seed.beadId) ?? seed.priority;
    return {
      ...seed,
      dependsOn: [...parents].map(([beadId, required]) => ({ beadId, required })),
      ...(priority === undefined ? {} : { priority }),
    };
  }
}

function summaryOf(change: RunGraphChange): string {
  switch (change.kind) {
    case "insert":
      return `insert ${change.bead.beadId}${change.before.length === 0 ? "" : ` before ${change.before.map(({ beadId }) => beadId).join(", ")}`}`;
    case "split":
      return `split ${change.beadId} into ${change.into.map(({ beadId }) => beadId).join(", ")}`;
    case "supersede":
      return `supersede ${change.beadId} by ${change.by.beadId}`;
    case "reorder":
      return `reorder ${change.beadId} to ${change.priority}`;
    default:
      return change satisfies never;
  }
}
