/** Every statement on the coordinator's tables, and the rows as the rest of the coordinator sees them. */
import type { SqlPort, SqlRow } from "@factory/durable";
import type { AtomDirective, BeadState, Claim, Role, Tree } from "@factory/schemas";
import type { BeadOutcome, BeadVerdict, RunRecord, SeedRequest } from "@factory/schemas/rpc";
import { treeDigest } from "@factory/workspace";

/** The slot number of work that the coordinator does itself: outcome beads, and change sets that a person has approved. */
export const COORDINATOR_SLOT = -1;

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
  readonly treeDigest: string;
  readonly status: RunStatus;
};

/** A bead as it is now. `attempts` counts those that were used up. */
export type Bead = {
  readonly beadId: string;
  readonly position: number;
  readonly atomId: string;
  readonly moleculeId: string;
  readonly role: Role;
  readonly title: string;
  readonly outcome: boolean;
  readonly directive: AtomDirective;
  readonly state: BeadState;
  readonly pending: number;
  readonly epoch: number;
  readonly attempts: number;
  readonly cycle: number;
  /** Infrastructure and provider failures since the last attempt that counted. */
  readonly faults: number;
  readonly slot: number | null;
  readonly claimedAt: number | null;
  readonly leaseUntil: number | null;
  readonly notBefore: number;
  readonly feedback: readonly string[];
  readonly clarificationId: string | null;
  readonly question: string | null;
  readonly answer: string | null;
};

/** What of a bead changes. */
export type BeadPatch = Partial<Omit<Bead, "beadId" | "position" | "atomId" | "moleculeId" | "role" | "title" | "outcome">>;

type Invariant = SeedRequest["invariants"][number];
export type CheckRow = RunRecord["checks"][number];

/** READY beads that an operative may be given: an approved change set is applied by the coordinator, with no further attempt. */
const FOR_OPERATIVES = `state = 'READY' AND outcome = 0 AND not_before <= ?
  AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.bead_id = beads.bead_id AND a.stage = 'apply' AND a.closed = 0)`;

/** An outcome that was taken in; `verdict` is null while its checks run. */
export type OutcomeRow = { readonly outcome: BeadOutcome; readonly verdict: BeadVerdict | null };

type BeadSqlRow = {
  bead_id: string;
  position: number;
  atom_id: string;
  molecule_id: string;
  role: string;
  title: string;
  outcome: number;
  directive: string;
  state: string;
  pending: number;
  epoch: number;
  attempts: number;
  cycle: number;
  faults: number;
  slot: number | null;
  claimed_at: number | null;
  lease_until: number | null;
  not_before: number;
  feedback: string;
  clarification_id: string | null;
  question: string | null;
  answer: string | null;
};

const BEAD_COLUMNS = {
  directive: "directive",
  state: "state",
  pending: "pending",
  epoch: "epoch",
  attempts: "attempts",
  cycle: "cycle",
  faults: "faults",
  slot: "slot",
  claimedAt: "claimed_at",
  leaseUntil: "lease_until",
  notBefore: "not_before",
  feedback: "feedback",
  clarificationId: "clarification_id",
  question: "question",
  answer: "answer",
} as const satisfies Record<keyof BeadPatch, string>;

type CheckSqlRow = {
  check_id: string;
  bead_id: string;
  claim_id: string | null;
  tree_digest: string;
  kind: string;
  ok: number;
  report_digest: string;
  holdout: number;
  summary: string;
};

function checkOf(row: CheckSqlRow): CheckRow {
  return {
    checkId: row.check_id,
    beadId: row.bead_id,
    treeDigest: row.tree_digest,
    kind: row.kind,
    ok: row.ok === 1,
    reportDigest: row.report_digest,
    holdout: row.holdout === 1,
    summary: row.summary,
    ...(row.claim_id === null ? {} : { claimId: row.claim_id }),
  };
}

/** The tables of one run. */
export class RunStore {
  readonly #sql: SqlPort;
  /** Not persisted: parsed directives by their JSON text; a directive never changes under its text. */
  readonly #directives = new Map<string, AtomDirective>();
  /** Not persisted: parsed claims by their JSON text, for the same reason. */
  readonly #claims = new Map<string, Claim>();

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  /** The run, or null before it is seeded. */
  run(): Run | null {
    const [row] = this.#rows<{
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
      tree_digest: string;
      status: RunStatus;
    }>("SELECT * FROM run");
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
      treeDigest: row.tree_digest,
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
  insertSeed(request: SeedRequest, seedDigest: string): void {
    const { org, sessionId, runId, workOrderId, assembly, specificationId, workGraphId, slots, typesRequired, baseTree, claims, invariants, beads } = request;
    this.#sql.exec(
      `INSERT INTO run (id, org, session_id, run_id, work_order_id, assembly, specification_id, work_graph_id, slots, types_required, seed_digest, tree_digest, status)
       VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')`,
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
      treeDigest(baseTree),
    );
    this.replaceClaims(claims);
    for (const invariant of invariants)
      this.#sql.exec("INSERT INTO invariants (invariant_id, body) VALUES (?, ?)", invariant.invariantId, JSON.stringify(invariant));
    for (const [path, digest] of Object.entries(baseTree))
      this.#sql.exec("INSERT INTO tree_files (path, digest, base_digest, bead_id) VALUES (?, ?, ?, NULL)", path, digest, digest);
    for (let slot = 0; slot < slots; slot++) this.#sql.exec("INSERT INTO slots (slot) VALUES (?)", slot);
    for (const [position, bead] of beads.entries()) {
      this.#sql.exec(
        "INSERT INTO beads (bead_id, position, atom_id, molecule_id, role, title, outcome, directive, state, pending) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        bead.beadId,
        position,
        bead.atomId,
        bead.moleculeId,
        bead.role,
        bead.title,
        bead.outcome ? 1 : 0,
        JSON.stringify(bead.directive),
        bead.dependsOn.length === 0 ? "READY" : "BLOCKED",
        bead.dependsOn.length,
      );
    }
    for (const bead of beads) {
      for (const { beadId, required } of bead.dependsOn) {
        this.#sql.exec("INSERT INTO bead_edges (child_id, parent_id, required) VALUES (?, ?, ?)", bead.beadId, beadId, required ? 1 : 0);
      }
    }
  }

  setStatus(status: RunStatus): void {
    this.#sql.exec("UPDATE run SET status = ?", status);
  }

  setSpecification(specificationId: string): void {
    this.#sql.exec("UPDATE run SET specification_id = ?", specificationId);
  }

  /** Why the run was cancelled, or null. */
  cancellation(): string | null {
    return this.#rows<{ reason: string }>("SELECT reason FROM cancellation")[0]?.reason ?? null;
  }

  setCancellation(reason: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO cancellation (id, reason) VALUES (1, ?)", reason);
  }

  /** Whether a command was carried out. */
  wasDone(key: string): boolean {
    return this.#count("SELECT count(*) AS n FROM commands WHERE key = ?", key) > 0;
  }

  markDone(key: string): void {
    this.#sql.exec("INSERT INTO commands (key) VALUES (?)", key);
  }

  /** Claims in document order, hidden examples included. */
  claims(): Claim[] {
    return this.#rows<{ body: string }>("SELECT body FROM claims ORDER BY position").map(({ body }) => {
      // The cast holds: only `replaceClaims` writes the column.
      const claim = this.#claims.get(body) ?? (JSON.parse(body) as Claim);
      this.#claims.set(body, claim);
      return claim;
    });
  }

  replaceClaims(claims: readonly Claim[]): void {
    for (const claim of claims) {
      const position = Number(claim.claimId.slice(2));
      this.#sql.exec("INSERT OR REPLACE INTO claims (claim_id, position, body) VALUES (?, ?, ?)", claim.claimId, position, JSON.stringify(claim));
    }
  }

  invariants(): Invariant[] {
    // The cast holds: only `insertSeed` writes the column.
    return this.#rows<{ body: string }>("SELECT body FROM invariants ORDER BY invariant_id").map(({ body }) => JSON.parse(body) as Invariant);
  }

  bead(beadId: string): Bead | null {
    const [row] = this.#rows<BeadSqlRow>("SELECT * FROM beads WHERE bead_id = ?", beadId);
    return row === undefined ? null : this.#bead(row);
  }

  /** Every bead in seed order. */
  beads(): Bead[] {
    return this.#rows<BeadSqlRow>("SELECT * FROM beads ORDER BY position").map((row) => this.#bead(row));
  }

  /** The READY beads for operatives that may be claimed at `now`, in seed order. */
  readyBeads(now: number, limit: number): Bead[] {
    return this.#rows<BeadSqlRow>(`SELECT * FROM beads WHERE ${FOR_OPERATIVES} ORDER BY position LIMIT ?`, now, limit).map((row) => this.#bead(row));
  }

  readyCount(now: number): number {
    return this.#count(`SELECT count(*) AS n FROM beads WHERE ${FOR_OPERATIVES}`, now);
  }

  /** Beads a slot holds whose outcome has not arrived. */
  heldBeads(slot: number): Bead[] {
    return this.#rows<BeadSqlRow>(
      `SELECT * FROM beads b WHERE state = 'LEASED' AND slot = ?
         AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.bead_id = b.bead_id AND o.epoch = b.epoch AND o.verdict IS NULL) ORDER BY position`,
      slot,
    ).map((row) => this.#bead(row));
  }

  expiredBeads(now: number): Bead[] {
    return this.#rows<BeadSqlRow>("SELECT * FROM beads WHERE state = 'LEASED' AND lease_until <= ? ORDER BY position", now).map((row) => this.#bead(row));
  }

  /** The outcome bead to work on: one that is READY, or leased to the coordinator. */
  outcomeBead(now: number): Bead | null {
    const [row] = this.#rows<BeadSqlRow>(
      `SELECT * FROM beads WHERE outcome = 1 AND ((state = 'READY' AND not_before <= ?) OR (state = 'LEASED' AND slot = ?)) ORDER BY position LIMIT 1`,
      now,
      COORDINATOR_SLOT,
    );
    return row === undefined ? null : this.#bead(row);
  }

  patchBead(beadId: string, patch: BeadPatch): void {
    const entries = Object.entries(patch) as [keyof BeadPatch, BeadPatch[keyof BeadPatch]][];
    if (entries.length === 0) return;
    const assignments = entries.map(([field]) => `${BEAD_COLUMNS[field]} = ?`).join(", ");
    const values = entries.map(([, value]) => (typeof value === "object" && value !== null ? JSON.stringify(value) : (value ?? null)));
    this.#sql.exec(`UPDATE beads SET ${assignments} WHERE bead_id = ?`, ...values, beadId);
  }

  /** Parents of a bead. */
  parentsOf(beadId: string): { readonly beadId: string; readonly required: boolean }[] {
    return this.#rows<{ parent_id: string; required: number }>("SELECT parent_id, required FROM bead_edges WHERE child_id = ? ORDER BY parent_id", beadId).map(
      (row) => ({ beadId: row.parent_id, required: row.required === 1 }),
    );
  }

  /** All dependencies, by child. */
  dependencies(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const { child_id: child, parent_id: parent } of this.#rows<{ child_id: string; parent_id: string }>(
      "SELECT child_id, parent_id FROM bead_edges ORDER BY child_id, parent_id",
    )) {
      found.set(child, [...(found.get(child) ?? []), parent]);
    }
    return found;
  }

  /** The beads and everything that depends on them, in seed order. */
  withDependants(beadIds: readonly string[]): string[] {
    return this.#rows<{ bead_id: string }>(
      `WITH RECURSIVE affected (bead_id) AS (
         SELECT value FROM json_each(?) UNION SELECT child_id FROM bead_edges JOIN affected ON parent_id = affected.bead_id
       ) SELECT b.bead_id FROM beads b JOIN affected USING (bead_id) ORDER BY b.position`,
      JSON.stringify(beadIds),
    ).map((row) => row.bead_id);
  }

  /** Lowers the counter of the children of a parent that ended and answers those that wait for nothing more. */
  releaseChildren(parentId: string, edges: "all" | "optional"): string[] {
    const which = edges === "all" ? "" : "AND required = 0";
    return this.#rows<{ bead_id: string; pending: number; state: string }>(
      `UPDATE beads SET pending = pending - 1 WHERE bead_id IN (SELECT child_id FROM bead_edges WHERE parent_id = ? ${which}) AND pending > 0 RETURNING bead_id, pending, state`,
      parentId,
    )
      .filter(({ pending, state }) => pending === 0 && state === "BLOCKED")
      .map((row) => row.bead_id);
  }

  /** Parents a bead still waits for: required ones that are not DONE, optional ones that have not ended. */
  countPending(beadId: string): number {
    return this.#count(
      `SELECT count(*) AS n FROM bead_edges e JOIN beads p ON p.bead_id = e.parent_id
       WHERE e.child_id = ? AND p.state <> 'DONE' AND (e.required = 1 OR p.state NOT IN ('FAILED', 'CANCELLED'))`,
      beadId,
    );
  }

  /** How many beads are in each state; states without beads are absent. */
  stateCounts(): Partial<Record<BeadState, number>> {
    const rows = this.#rows<{ state: string; n: number }>("SELECT state, count(*) AS n FROM beads GROUP BY state");
    // The cast holds: the table's CHECK lists the states.
    return Object.fromEntries(rows.map(({ state, n }) => [state, n])) as Partial<Record<BeadState, number>>;
  }

  /** The run tree. */
  tree(): Tree {
    const rows = this.#rows<{ path: string; digest: string }>("SELECT path, digest FROM tree_files WHERE digest IS NOT NULL ORDER BY path");
    return Object.fromEntries(rows.map(({ path, digest }) => [path, digest]));
  }

  /** Paths that differ from the starting tree and exist, with the bead that wrote each last. */
  changedFiles(): { readonly path: string; readonly beadId: string | null }[] {
    return this.#rows<{ path: string; bead_id: string | null }>(
      "SELECT path, bead_id FROM tree_files WHERE digest IS NOT NULL AND digest IS NOT base_digest ORDER BY path",
    ).map((row) => ({ path: row.path, beadId: row.bead_id }));
  }

  /** Writes the paths of a merged change set as they are in the new tree. */
  writeTree(tree: Tree, paths: readonly string[], beadId: string): void {
    for (const path of paths) {
      const digest = Object.hasOwn(tree, path) ? (tree[path] ?? null) : null;
      this.#sql.exec(
        "INSERT INTO tree_files (path, digest, base_digest, bead_id) VALUES (?, ?, NULL, ?) ON CONFLICT (path) DO UPDATE SET digest = excluded.digest, bead_id = excluded.bead_id",
        path,
        digest,
        beadId,
      );
    }
    this.#sql.exec("UPDATE run SET tree_digest = ?", treeDigest(tree));
  }

  outcome(effectId: string): OutcomeRow | null {
    const [row] = this.#rows<{ body: string; verdict: string | null }>("SELECT body, verdict FROM outcomes WHERE effect_id = ?", effectId);
    if (row === undefined) return null;
    // The casts hold: only `insertOutcome` and `settleOutcome` write the columns.
    return { outcome: JSON.parse(row.body) as BeadOutcome, verdict: row.verdict === null ? null : (JSON.parse(row.verdict) as BeadVerdict) };
  }

  /** @throws Error for an outcome that was never received: the caller holds its id from a row. */
  requireOutcome(effectId: string): BeadOutcome {
    const row = this.outcome(effectId);
    if (row === null) throw new Error(`The outcome ${effectId} was never received.`);
    return row.outcome;
  }

  insertOutcome(outcome: BeadOutcome): void {
    this.#sql.exec(
      "INSERT INTO outcomes (effect_id, bead_id, epoch, body) VALUES (?, ?, ?, ?)",
      outcome.effectId,
      outcome.beadId,
      outcome.epoch,
      JSON.stringify(outcome),
    );
  }

  settleOutcome(effectId: string, verdict: BeadVerdict): void {
    this.#sql.exec("UPDATE outcomes SET verdict = ? WHERE effect_id = ?", JSON.stringify(verdict), effectId);
  }

  countModelCalls(calls: readonly { readonly costUsd?: number | undefined }[]): void {
    const cost = calls.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
    const known = calls.every(({ costUsd }) => costUsd !== undefined) ? 1 : 0;
    this.#sql.exec("UPDATE run SET model_calls = model_calls + ?, cost_usd = cost_usd + ?, cost_known = min(cost_known, ?)", calls.length, cost, known);
  }

  /** Calls and cost so far; the cost is null when the price of one of them is not known. */
  modelUse(): { readonly modelCalls: number; readonly costUsd: number | null } {
    const [row] = this.#rows<{ model_calls: number; cost_usd: number; cost_known: number }>("SELECT model_calls, cost_usd, cost_known FROM run");
    return { modelCalls: row?.model_calls ?? 0, costUsd: row === undefined || row.cost_known === 0 ? null : row.cost_usd };
  }

  insertCheck(check: CheckRow): void {
    this.#sql.exec(
      "INSERT INTO checks (check_id, bead_id, claim_id, tree_digest, kind, ok, report_digest, holdout, summary) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      check.checkId,
      check.beadId,
      check.claimId ?? null,
      check.treeDigest,
      check.kind,
      check.ok ? 1 : 0,
      check.reportDigest,
      check.holdout ? 1 : 0,
      check.summary,
    );
  }

  /** Every check that was executed, oldest first. */
  checks(): CheckRow[] {
    const rows = this.#rows<CheckSqlRow>("SELECT * FROM checks ORDER BY seq");
    return rows.map(checkOf);
  }

  openDivergence(divergenceId: string, beadId: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO divergences (divergence_id, bead_id, open) VALUES (?, ?, 1)", divergenceId, beadId);
  }

  closeDivergences(beadIds: readonly string[]): void {
    this.#sql.exec("UPDATE divergences SET open = 0 WHERE bead_id IN (SELECT value FROM json_each(?))", JSON.stringify(beadIds));
  }

  openDivergences(): number {
    return this.#count("SELECT count(*) AS n FROM divergences WHERE open = 1");
  }

  /** Amendment cycles a bead has been through: its divergences that an amendment has answered. */
  amendmentCycles(beadId: string): number {
    return this.#count("SELECT count(*) AS n FROM divergences WHERE bead_id = ? AND open = 0", beadId);
  }

  /** Slots that hold nothing and were not woken since `hintedBefore`, lowest first. */
  freeSlots(): { readonly slot: number; readonly hints: number }[] {
    return this.#rows<{ slot: number; hints: number }>(
      "SELECT slot, hints FROM slots s WHERE hinted_at IS NULL AND NOT EXISTS (SELECT 1 FROM beads b WHERE b.state = 'LEASED' AND b.slot = s.slot) ORDER BY slot",
    );
  }

  /** Slots with a wake-up nobody has answered. */
  hintedSlots(): { readonly slot: number; readonly hintedAt: number; readonly hints: number }[] {
    return this.#rows<{ slot: number; hinted_at: number; hints: number }>(
      "SELECT slot, hinted_at, hints FROM slots WHERE hinted_at IS NOT NULL ORDER BY slot",
    ).map((row) => ({ slot: row.slot, hintedAt: row.hinted_at, hints: row.hints }));
  }

  hintSlot(slot: number, now: number): number {
    return this.#rows<{ hints: number }>("UPDATE slots SET hinted_at = ?, hints = hints + 1 WHERE slot = ? RETURNING hints", now, slot)[0]?.hints ?? 0;
  }

  /** The slot has been heard of. */
  answerHint(slot: number): void {
    this.#sql.exec("UPDATE slots SET hinted_at = NULL, hints = 0 WHERE slot = ? AND (hinted_at IS NOT NULL OR hints > 0)", slot);
  }

  /** The wake-up of the slot is taken as lost; how many were lost in a row stays known. */
  forgetHint(slot: number): void {
    this.#sql.exec("UPDATE slots SET hinted_at = NULL WHERE slot = ?", slot);
  }

  /** When the next lease expires or the next bead may be claimed again; null when nothing is to come. */
  nextMoment(now: number): number | null {
    const [row] = this.#rows<{ lease: number | null; ready: number | null }>(
      `SELECT (SELECT min(lease_until) FROM beads WHERE state = 'LEASED') AS lease, (SELECT min(not_before) FROM beads WHERE state = 'READY' AND not_before > ?) AS ready`,
      now,
    );
    const moments = [row?.lease, row?.ready].filter((moment) => typeof moment === "number");
    return moments.length === 0 ? null : Math.min(...moments);
  }

  #bead(row: BeadSqlRow): Bead {
    return {
      beadId: row.bead_id,
      position: row.position,
      atomId: row.atom_id,
      moleculeId: row.molecule_id,
      // The casts hold: the seed wrote parsed values, and the table's CHECK lists the states.
      role: row.role as Role,
      title: row.title,
      outcome: row.outcome === 1,
      directive: this.#directive(row.directive),
      state: row.state as BeadState,
      pending: row.pending,
      epoch: row.epoch,
      attempts: row.attempts,
      cycle: row.cycle,
      faults: row.faults,
      slot: row.slot,
      claimedAt: row.claimed_at,
      leaseUntil: row.lease_until,
      notBefore: row.not_before,
      feedback: JSON.parse(row.feedback) as string[],
      clarificationId: row.clarification_id,
      question: row.question,
      answer: row.answer,
    };
  }

  #directive(text: string): AtomDirective {
    const known = this.#directives.get(text);
    if (known !== undefined) return known;
    const directive = JSON.parse(text) as AtomDirective;
    this.#directives.set(text, directive);
    return directive;
  }

  #rows<Row extends SqlRow>(query: string, ...bindings: (string | number | null)[]): Row[] {
    return this.#sql.exec<Row>(query, ...bindings).toArray();
  }

  #count(query: string, ...bindings: (string | number | null)[]): number {
    return this.#rows<{ n: number }>(query, ...bindings)[0]?.n ?? 0;
  }
}
