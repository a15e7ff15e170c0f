/** What readers see of a run: its graph, its tree and what its checks say of its claims. Nothing here changes a row. */
import type { Claim } from "@factory/schemas";
import type { ClaimChecks, RunFile, RunGraphView, RunProofView, RunTreeView, RunViewRpc, SeedRequest } from "@factory/schemas/rpc";
import { treeDigest } from "@factory/workspace";
import { uncheckedClaims } from "./check-plans.ts";
import { rowsOf } from "./store/rows.ts";
import type { Run, RunStore } from "./store/run-store.ts";

/** The reading side of a run. Its cost grows with the run, and it is asked by people. */
export class RunView implements RunViewRpc {
  readonly #store: RunStore;

  constructor(store: RunStore) {
    this.#store = store;
  }

  async graphView(org: string): Promise<RunGraphView | null> {
    const run = this.#runOf(org);
    return run === null ? null : graphOf(this.#store, run);
  }

  async treeView(org: string): Promise<RunTreeView | null> {
    const run = this.#runOf(org);
    if (run === null) return null;
    const files = rowsOf<FileRow>(this.#store.sql, `${FILES} ORDER BY path`).map(fileOf);
    const tree = Object.fromEntries(files.flatMap(({ path, digest }) => (digest === null ? [] : [[path, digest]])));
    return { runId: run.runId, treeDigest: treeDigest(tree), files };
  }

  async fileView(org: string, path: string): Promise<RunFile | null> {
    if (this.#runOf(org) === null) return null;
    const [row] = rowsOf<FileRow>(this.#store.sql, `${FILES} AND path = ?`, path);
    return row === undefined ? null : fileOf(row);
  }

  async proofView(org: string): Promise<RunProofView | null> {
    const run = this.#runOf(org);
    return run === null ? null : proofOf(this.#store, run);
  }

  #runOf(org: string): Run | null {
    const run = this.#store.run();
    return run?.org === org ? run : null;
  }
}

type FileRow = { path: string; digest: string | null; base_digest: string | null; bead_id: string | null };

/** What a bead made and a later one deleted is a file of neither tree. */
const FILES = "SELECT path, digest, base_digest, bead_id FROM tree_files WHERE (digest IS NOT NULL OR base_digest IS NOT NULL)";

function fileOf({ path, digest, base_digest: baseDigest, bead_id: beadId }: FileRow): RunFile {
  return { path, digest, baseDigest, beadId };
}

function graphOf({ sql }: RunStore, { runId }: Run): RunGraphView {
  type BeadRow = { bead_id: string; atom_id: string; molecule_id: string; outcome: number; added: number };
  const beads = rowsOf<BeadRow>(
    sql,
    "SELECT bead_id, atom_id, molecule_id, outcome, position >= (SELECT seeded_beads FROM run) AS added FROM beads ORDER BY position",
  );
  type EdgeRow = { parent_id: string; child_id: string; required: number };
  const edges = rowsOf<EdgeRow>(sql, "SELECT parent_id, child_id, required FROM bead_edges ORDER BY child_id, parent_id");
  const successors = rowsOf<{ bead_id: string; successor_id: string }>(sql, "SELECT bead_id, successor_id FROM successors ORDER BY bead_id, successor_id");
  return {
    runId,
    beads: beads.map((row) => ({
      beadId: row.bead_id,
      atomId: row.atom_id,
      moleculeId: row.molecule_id,
      outcome: row.outcome === 1,
      added: row.added === 1,
    })),
    dependencies: edges.map((row) => ({ fromBeadId: row.parent_id, toBeadId: row.child_id, required: row.required === 1 })),
    successions: successors.map((row) => ({ fromBeadId: row.bead_id, toBeadId: row.successor_id })),
  };
}

/** A check of a bead's last execution. */
type LastCheck = {
  readonly command: string;
  readonly claimId: string | null;
  readonly ok: boolean;
  readonly holdout: boolean;
  /** The bead has ended: nothing is at work to mend what failed. */
  readonly ended: boolean;
  /** The bead judges the run. */
  readonly ofVerdict: boolean;
};

/**
 * Checks of one execution were made of one tree, so those of a bead's last one are on the tree of its last check. What a
 * cancelled bead was checked for is another bead's now.
 */
const LAST_CHECKS = `WITH last AS MATERIALIZED (SELECT bead_id, max(seq) AS seq FROM checks GROUP BY bead_id)
  SELECT ran.bead_id, ran.command, ran.claim_id, ran.ok, ran.holdout, beads.state, beads.outcome, max(ran.seq) AS seq
  FROM last JOIN checks AS newest ON newest.seq = last.seq JOIN beads ON beads.bead_id = last.bead_id
    JOIN checks AS ran ON ran.bead_id = last.bead_id AND ran.tree_digest = newest.tree_digest
  WHERE beads.state <> 'CANCELLED'
  GROUP BY ran.bead_id, coalesce(ran.command, ran.kind), ran.claim_id, ran.holdout ORDER BY seq`;

function lastChecks({ sql, molecules }: RunStore): LastCheck[] {
  type Row = { bead_id: string; command: string | null; claim_id: string | null; ok: number; holdout: number; state: string; outcome: number };
  const judges = new Map<string, boolean>();
  const judgesRun = (beadId: string): boolean => {
    const known = judges.get(beadId) ?? molecules.isTerminal(beadId);
    judges.set(beadId, known);
    return known;
  };
  return rowsOf<Row>(sql, LAST_CHECKS).map((row) => ({
    command: row.command ?? "",
    claimId: row.claim_id,
    ok: row.ok === 1,
    holdout: row.holdout === 1,
    ended: row.state === "DONE" || row.state === "FAILED",
    ofVerdict: row.outcome === 1 && judgesRun(row.bead_id),
  }));
}

function proofOf(store: RunStore, run: Run): RunProofView {
  const claims = store.claims.all();
  const invariants = store.claims.invariants();
  const checks = lastChecks(store);
  const unchecked = uncheckedClaims(
    claims,
    invariants,
    checks.filter(({ ofVerdict }) => ofVerdict).map(({ command, ok }) => ({ key: command, ok })),
  );
  const decides = deciders(claims, checks);
  const accepted = run.status === "accepted";
  return {
    runId: run.runId,
    specificationId: run.specificationId,
    claims: claims.map((claim) =>
      proofOfClaim(claim, decides(claim), { accepted, covered: !unchecked.includes(claim.claimId) && decidable(claim, invariants) }),
    ),
  };
}

/** What a person judges is proven by no check, whatever was run beside it. */
function decidable({ claimId }: Claim, invariants: SeedRequest["invariants"]): boolean {
  return !invariants.some((invariant) => invariant.claimId === claimId && invariant.detector === "person");
}

function proofOfClaim(
  { claimId }: Claim,
  checks: readonly LastCheck[],
  { accepted, covered }: { readonly accepted: boolean; readonly covered: boolean },
): ClaimChecks {
  const failed = checks.filter(({ ok }) => !ok);
  const shown = checks.filter(({ holdout }) => !holdout);
  return {
    claimId,
    passed: shown.filter(({ ok }) => ok).length,
    failed: shown.filter(({ ok }) => !ok).length,
    refuted: failed.some(({ ended }) => ended),
    proven: accepted && covered && failed.length === 0 && shown.some(({ ofVerdict }) => ofVerdict),
  };
}

/**
 * The checks that decide a claim: those that name it, the tests that it names, and, for a criterion, the examples of a claim
 * on the same function, since a second criterion on a function shares those of the first.
 */
function deciders(claims: readonly Claim[], checks: readonly LastCheck[]): (claim: Claim) => LastCheck[] {
  const functionOf = new Map(claims.map(({ claimId, functionName }) => [claimId, functionName]));
  const byClaim = Map.groupBy(checks, ({ claimId }) => claimId);
  const byCommand = Map.groupBy(checks, ({ command }) => command);
  const byFunction = Map.groupBy(
    checks.filter(({ command, holdout }) => !holdout && command.startsWith("examples:")),
    ({ claimId }) => (claimId === null ? undefined : functionOf.get(claimId)),
  );
  return ({ claimId, kind, functionName, testFiles }) => [
    ...new Set([
      ...(byClaim.get(claimId) ?? []),
      ...testFiles.flatMap((path) => byCommand.get(`tests:${path}`) ?? []),
      ...(kind === "criterion" && functionName !== undefined ? (byFunction.get(functionName) ?? []) : []),
    ]),
  ];
}
