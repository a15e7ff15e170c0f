/** Molecules of the run, as rows: their outcome beads, the verdicts on them, and which executions ran under an amendment. */
import type { SqlPort } from "@factory/durable";
import type { MoleculeVerdictRef, RunReport } from "@factory/schemas/rpc";
import { Remembered } from "./remembered.ts";
import { COORDINATOR_SLOT } from "./bead-store.ts";
import { countOf, rowsOf } from "./rows.ts";

type AmendedExecutions = Extract<RunReport, { outcome: "accepted" | "failed" }>["amendedExecutions"];

/** The tables of verdicts and amended beads, and what is asked of beads by their molecule. */
export class MoleculeStore {
  readonly #sql: SqlPort;
  /** Whether any bead was re-opened by an amendment: in most runs none was, and no bead need be looked up. */
  readonly #anyAmended: Remembered<boolean>;

  constructor(sql: SqlPort) {
    this.#sql = sql;
    this.#anyAmended = new Remembered(() => countOf(sql, "SELECT EXISTS (SELECT 1 FROM amended_beads) AS n") > 0);
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#anyAmended.forget();
  }

  /** Outcome beads that are to be judged, in seed order: those that are READY, or leased to the coordinator. */
  dueOutcomes(now: number): string[] {
    return rowsOf<{ bead_id: string }>(
      this.#sql,
      "SELECT bead_id FROM beads WHERE outcome = 1 AND state IN ('READY', 'LEASED') AND ((state = 'READY' AND not_before <= ?) OR slot = ?) ORDER BY position",
      now,
      COORDINATOR_SLOT,
    ).map((row) => row.bead_id);
  }

  /** Whether no bead waits for this one: it judges the run. */
  isTerminal(beadId: string): boolean {
    const waiting = countOf(
      this.#sql,
      "SELECT EXISTS (SELECT 1 FROM bead_edges e JOIN beads c ON c.bead_id = e.child_id WHERE e.parent_id = ? AND c.state <> 'CANCELLED') AS n",
      beadId,
    );
    return waiting === 0;
  }

  /** Beads of a molecule that nothing took the place of, in seed order, its outcome bead included. */
  members(moleculeId: string): string[] {
    return rowsOf<{ bead_id: string }>(this.#sql, "SELECT bead_id FROM beads WHERE molecule_id = ? AND state <> 'CANCELLED' ORDER BY position", moleculeId).map(
      (row) => row.bead_id,
    );
  }

  /** Keeps the verdict on an outcome bead in one cycle. The first one stands. */
  keepVerdict(verdict: Omit<MoleculeVerdictRef, "moleculeId">): void {
    const { beadId, cycle, verdictId, outcome } = verdict;
    this.#sql.exec("INSERT OR IGNORE INTO molecule_verdicts (bead_id, cycle, verdict_id, outcome) VALUES (?, ?, ?, ?)", beadId, cycle, verdictId, outcome);
  }

  /** The verdict on each outcome bead as it is now, in seed order; null where it has none in its present cycle. */
  verdicts(): { readonly moleculeId: string; readonly beadId: string; readonly verdict: MoleculeVerdictRef | null }[] {
    type Row = { molecule_id: string; bead_id: string; cycle: number; verdict_id: string | null; outcome: MoleculeVerdictRef["outcome"] | null };
    return rowsOf<Row>(
      this.#sql,
      `SELECT b.molecule_id, b.bead_id, b.cycle, v.verdict_id, v.outcome FROM beads b
       LEFT JOIN molecule_verdicts v ON v.bead_id = b.bead_id AND v.cycle = b.cycle
       WHERE b.outcome = 1 AND b.state <> 'CANCELLED' ORDER BY b.position`,
    ).map(({ molecule_id: moleculeId, bead_id: beadId, cycle, verdict_id: verdictId, outcome }) => ({
      moleculeId,
      beadId,
      verdict: verdictId === null || outcome === null ? null : { moleculeId, beadId, cycle, verdictId, outcome },
    }));
  }

  /** Notes that a bead runs under an amendment from now on. */
  amend(beadId: string, amendmentId: string): void {
    this.#sql.exec(
      "INSERT INTO amended_beads (bead_id, amendment_id) VALUES (?, ?) ON CONFLICT (bead_id) DO UPDATE SET amendment_id = excluded.amendment_id, trace_id = NULL",
      beadId,
      amendmentId,
    );
    this.#anyAmended.forget();
  }

  /** The amendment a bead was re-opened by last; null for one that runs as it was compiled. */
  amendmentOf(beadId: string): string | null {
    if (!this.#anyAmended.get()) return null;
    return rowsOf<{ amendment_id: string }>(this.#sql, "SELECT amendment_id FROM amended_beads WHERE bead_id = ?", beadId)[0]?.amendment_id ?? null;
  }

  /** Notes the execution of an amended bead that was accepted. */
  keepExecution(beadId: string, traceId: string): void {
    this.#sql.exec("UPDATE amended_beads SET trace_id = ? WHERE bead_id = ?", traceId, beadId);
  }

  /** Accepted executions that ran under an amendment, in seed order. */
  amendedExecutions(): AmendedExecutions {
    return rowsOf<{ bead_id: string; trace_id: string; amendment_id: string }>(
      this.#sql,
      `SELECT a.bead_id, a.trace_id, a.amendment_id FROM amended_beads a JOIN beads b ON b.bead_id = a.bead_id
       WHERE a.trace_id IS NOT NULL AND b.state = 'DONE' ORDER BY b.position`,
    ).map((row) => ({ beadId: row.bead_id, traceId: row.trace_id, amendmentId: row.amendment_id }));
  }
}
