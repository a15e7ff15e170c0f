/** Reads of the objects of an org's runs: one call a run and question, however many rows ask. */
import type { RunFile, RunGraphView, RunProofView, RunTreeView, RunViewRpc } from "@factory/schemas/rpc";
import DataLoader from "dataloader";
import { inLanes } from "./lanes.ts";

/** Reads of runs. Ask only for runs of rows that the org has, since asking makes an object. */
export class RunReads {
  readonly #org: string;
  readonly #runOf: (runId: string) => RunViewRpc;
  readonly #graphs: DataLoader<string, RunGraph | null>;
  readonly #trees: DataLoader<string, RunTreeView | null>;
  readonly #proofs: DataLoader<string, RunProofView | null>;

  constructor(org: string, runOf: (runId: string) => RunViewRpc) {
    this.#org = org;
    this.#runOf = runOf;
    this.#graphs = this.#asking(async (run) => {
      const view = await run.graphView(org);
      return view === null ? null : new RunGraph(view);
    });
    this.#trees = this.#asking((run) => run.treeView(org));
    this.#proofs = this.#asking((run) => run.proofView(org));
  }

  /** The run's graph as it is now; null when the run is not seeded. */
  graph(runId: string): Promise<RunGraph | null> {
    return this.#graphs.load(runId);
  }

  /** The run's tree as it is now; null when the run is not seeded. */
  tree(runId: string): Promise<RunTreeView | null> {
    return this.#trees.load(runId);
  }

  /** What the run shows of its claims; null when the run is not seeded. */
  proof(runId: string): Promise<RunProofView | null> {
    return this.#proofs.load(runId);
  }

  /** One path of the run's tree; null when it never had it. */
  file(runId: string, path: string): Promise<RunFile | null> {
    return this.#runOf(runId).fileView(this.#org, path);
  }

  #asking<T>(ask: (run: RunViewRpc) => Promise<T>): DataLoader<string, T> {
    return new DataLoader((runIds) => inLanes(runIds, (runId) => ask(this.#runOf(runId))));
  }
}

/** A run's graph with its beads by id. */
export class RunGraph {
  readonly view: RunGraphView;
  readonly #beads: ReadonlyMap<string, RunGraphView["beads"][number]>;
  readonly #parents: ReadonlyMap<string, RunGraphView["dependencies"]>;
  readonly #successors: ReadonlyMap<string, RunGraphView["successions"]>;

  constructor(view: RunGraphView) {
    this.view = view;
    this.#beads = new Map(view.beads.map((bead) => [bead.beadId, bead]));
    this.#parents = Map.groupBy(view.dependencies, ({ toBeadId }) => toBeadId);
    this.#successors = Map.groupBy(view.successions, ({ fromBeadId }) => fromBeadId);
  }

  /** Whether a bead was not in the seed. */
  wasAdded(beadId: string): boolean {
    return this.#beads.get(beadId)?.added === true;
  }

  /** The molecule of a bead; null for one that the run does not have. */
  moleculeOf(beadId: string): string | null {
    return this.#beads.get(beadId)?.moleculeId ?? null;
  }

  /** The beads that a bead waits for; null for one that the run does not have. */
  parentsOf(beadId: string): string[] | null {
    return this.#beads.has(beadId) ? (this.#parents.get(beadId) ?? []).map(({ fromBeadId }) => fromBeadId) : null;
  }

  /** The beads that are in a bead's place now: itself where nothing took it. */
  standingFor(beadId: string, seen: ReadonlySet<string> = new Set()): string[] {
    const by = this.#successors.get(beadId);
    if (by === undefined || seen.has(beadId)) return [beadId];
    const known = new Set([...seen, beadId]);
    return [...new Set(by.flatMap(({ toBeadId }) => this.standingFor(toBeadId, known)))];
  }
}
