/** The run itself, as rows, and the stores of everything that belongs to it. */
import type { SqlPort } from "@factory/durable";
import type { SeedRequest } from "@factory/schemas/rpc";
import { BeadStore } from "./bead-store.ts";
import { BreakerStore } from "./breaker-store.ts";
import { ClaimStore } from "./claim-store.ts";
import { ClearanceStore } from "./clearance-store.ts";
import { DivergenceStore } from "./divergence-store.ts";
import { FirstVerdictStore } from "./first-verdict-store.ts";
import { GraphStore } from "./graph-store.ts";
import { HeldWrites } from "./held-writes.ts";
import { MoleculeStore } from "./molecule-store.ts";
import { OutcomeStore } from "./outcome-store.ts";
import { ProgressStore } from "./progress-store.ts";
import { Remembered } from "./remembered.ts";
import { BoundedMemo } from "../report-memo.ts";
import { countOf, rowsOf } from "./rows.ts";
import { SlotStore } from "./slot-store.ts";
import { TreeStore } from "./tree-store.ts";

/** Commands that are remembered: the last ones; another one is looked up. */
const MEMO_COMMANDS = 512;

export type RunStatus = "open" | "accepted" | "cancelled";

/** The run. */
export type Run = {
  readonly org: string;
  readonly sessionId: string;
  readonly runId: string;
  readonly workOrderId: string;
  readonly assembly: string;
  readonly specificationId: string;
  readonly workGraphId: string;
  readonly slots: number;
  readonly typesRequired: boolean;
  readonly seedDigest: string;
  readonly status: RunStatus;
};

/** The tables of one run. */
export class RunStore {
  readonly beads: BeadStore;
  readonly breaker: BreakerStore;
  readonly claims: ClaimStore;
  readonly clearance: ClearanceStore;
  readonly divergences: DivergenceStore;
  readonly firstVerdict: FirstVerdictStore;
  readonly graph: GraphStore;
  readonly molecules: MoleculeStore;
  readonly outcomes: OutcomeStore;
  readonly progress: ProgressStore;
  readonly slots: SlotStore;
  readonly tree: TreeStore;
  /** The way to the tables of the run for everyone: what is held back is written before anything is asked. */
  readonly sql: HeldWrites;
  readonly #run: Remembered<Run | null>;
  /** Not persisted: commands that are known to be carried out; none is ever taken back. */
  readonly #done = new BoundedMemo<true>(MEMO_COMMANDS);

  constructor(port: SqlPort) {
    const sql = new HeldWrites(port);
    this.sql = sql;
    this.#run = new Remembered(() => this.#read());
    this.beads = new BeadStore(sql);
    this.breaker = new BreakerStore(sql);
    this.claims = new ClaimStore(port);
    this.clearance = new ClearanceStore(sql);
    this.divergences = new DivergenceStore(sql);
    this.firstVerdict = new FirstVerdictStore(sql);
    this.graph = new GraphStore(sql, () => this.beads.forgetEdges());
    this.molecules = new MoleculeStore(sql);
    this.outcomes = new OutcomeStore(sql);
    this.progress = new ProgressStore(sql);
    this.slots = new SlotStore(sql);
    this.tree = new TreeStore(sql);
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#run.forget();
    this.#done.clear();
    this.sql.forget();
    this.beads.forgetRows();
    this.breaker.forgetRows();
    this.claims.forgetRows();
    this.clearance.forgetRows();
    this.divergences.forgetRows();
    this.outcomes.forgetRows();
    this.molecules.forgetRows();
    this.slots.forgetRows();
    this.tree.forgetRows();
  }

  /** Writes what the stores hold back; every transaction and every savepoint ends with it. */
  write(): void {
    this.sql.write();
  }

  /** The run, or null before it is seeded. */
  run(): Run | null {
    return this.#run.get();
  }

  #read(): Run | null {
    const [row] = rowsOf<{
      org: string;
      session_id: string;
      run_id: string;
      work_order_id: string;
      assembly: string;
      specification_id: string;
      work_graph_id: string;
      slots: number;
      types_required: number;
      seed_digest: string;
      status: RunStatus;
    }>(this.sql, "SELECT * FROM run");
    if (row === undefined) return null;
    return {
      org: row.org,
      sessionId: row.session_id,
      runId: row.run_id,
      workOrderId: row.work_order_id,
      assembly: row.assembly,
      specificationId: row.specification_id,
      workGraphId: row.work_graph_id,
      slots: row.slots,
      typesRequired: row.types_required === 1,
      seedDigest: row.seed_digest,
      status: row.status,
    };
  }

  /** @throws Error before the run is seeded: the caller has checked. */
  requireRun(): Run {
    const run = this.run();
    if (run === null) throw new Error("The run is not seeded.");
    return run;
  }

  /** Stores a validated seed. Beads with unmet parents are BLOCKED, the others READY. */
  insertSeed(request: SeedRequest, seedDigest: string, now: number): void {
    const { org, sessionId, runId, workOrderId, assembly, specificationId, workGraphId, slots, typesRequired, baseTree, claims, invariants, beads } = request;
    this.sql.exec(
      `INSERT INTO run (id, org, session_id, run_id, work_order_id, assembly, specification_id, work_graph_id, slots, types_required, seed_digest, status)
       VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')`,
      org,
      sessionId,
      runId,
      workOrderId,
      assembly,
      specificationId,
      workGraphId,
      slots,
      typesRequired ? 1 : 0,
      seedDigest,
    );
    this.#run.forget();
    this.graph.keepSeed(request.priority, beads.length);
    this.claims.replace(claims);
    this.claims.insertInvariants(invariants);
    this.tree.insertBase(baseTree);
    this.slots.insert(slots);
    this.beads.insert(beads, 0, request.priority, now);
  }

  setStatus(status: RunStatus): void {
    this.sql.exec("UPDATE run SET status = ?", status);
    this.#run.forget();
  }

  setSpecification(specificationId: string): void {
    this.sql.exec("UPDATE run SET specification_id = ?", specificationId);
    this.#run.forget();
  }

  /** Why the run was cancelled, or null. */
  cancellation(): string | null {
    return rowsOf<{ reason: string }>(this.sql, "SELECT reason FROM cancellation")[0]?.reason ?? null;
  }

  setCancellation(reason: string): void {
    this.sql.exec("INSERT OR IGNORE INTO cancellation (id, reason) VALUES (1, ?)", reason);
  }

  /** Whether a command was carried out. */
  wasDone(key: string): boolean {
    if (this.#done.get(key) === true) return true;
    const done = countOf(this.sql.past, "SELECT count(*) AS n FROM commands WHERE key = ?", key) > 0;
    if (done) this.#done.set(key, true);
    return done;
  }

  markDone(key: string): void {
    this.sql.past.exec("INSERT INTO commands (key) VALUES (?)", key);
  }

  countModelCalls(calls: readonly { readonly costUsd?: number | undefined }[]): void {
    if (calls.length === 0) return;
    const cost = calls.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
    const known = calls.every(({ costUsd }) => costUsd !== undefined) ? 1 : 0;
    this.sql.past.exec("UPDATE run SET model_calls = model_calls + ?, cost_usd = cost_usd + ?, cost_known = min(cost_known, ?)", calls.length, cost, known);
  }

  /** Calls and cost so far; the cost is null when the price of one of them is not known. */
  modelUse(): { readonly modelCalls: number; readonly costUsd: number | null } {
    const [row] = rowsOf<{ model_calls: number; cost_usd: number; cost_known: number }>(this.sql, "SELECT model_calls, cost_usd, cost_known FROM run");
    return { modelCalls: row?.model_calls ?? 0, costUsd: row === undefined || row.cost_known === 0 ? null : row.cost_usd };
  }
}
