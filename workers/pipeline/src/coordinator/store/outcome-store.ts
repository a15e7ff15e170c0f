/** Outcomes that were taken in, and the checks that were executed, as rows. */
import type { SqlPort } from "@factory/durable";
import type { BeadOutcome, BeadVerdict, RunRecord } from "@factory/schemas/rpc";
import { rowsOf } from "./rows.ts";

/** An executed check. */
export type CheckRow = RunRecord["checks"][number];

/** An outcome that was taken in; `verdict` is null while its checks run. */
export type OutcomeRow = { readonly outcome: BeadOutcome; readonly verdict: BeadVerdict | null };

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
  command: string | null;
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
    ...(row.command === null ? {} : { command: row.command }),
  };
}

/** The tables of outcomes and checks. */
export class OutcomeStore {
  readonly #sql: SqlPort;

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  get(effectId: string): OutcomeRow | null {
    const [row] = rowsOf<{ body: string; verdict: string | null }>(this.#sql, "SELECT body, verdict FROM outcomes WHERE effect_id = ?", effectId);
    if (row === undefined) return null;
    // The casts hold: only `insert` and `settle` write the columns.
    return { outcome: JSON.parse(row.body) as BeadOutcome, verdict: row.verdict === null ? null : (JSON.parse(row.verdict) as BeadVerdict) };
  }

  /** The verdict on an outcome: null while its checks run, undefined for one that was never received. */
  verdict(effectId: string): BeadVerdict | null | undefined {
    const [row] = rowsOf<{ verdict: string | null }>(this.#sql, "SELECT verdict FROM outcomes WHERE effect_id = ?", effectId);
    // The cast holds: only `settle` writes the column.
    if (row === undefined) return undefined;
    return row.verdict === null ? null : (JSON.parse(row.verdict) as BeadVerdict);
  }

  /** @throws Error for an outcome that was never received: the caller holds its id from a row. */
  require(effectId: string): BeadOutcome {
    const row = this.get(effectId);
    if (row === null) throw new Error(`The outcome ${effectId} was never received.`);
    return row.outcome;
  }

  /** Stores an outcome that has no verdict yet. False for one that was received before: nothing is changed. */
  insert(outcome: BeadOutcome): boolean {
    const inserted = rowsOf<{ epoch: number }>(
      this.#sql,
      "INSERT INTO outcomes (effect_id, bead_id, epoch, body) VALUES (?, ?, ?, ?) ON CONFLICT (effect_id) DO NOTHING RETURNING epoch",
      outcome.effectId,
      outcome.beadId,
      outcome.epoch,
      JSON.stringify(outcome),
    );
    return inserted.length > 0;
  }

  settle(effectId: string, verdict: BeadVerdict): void {
    this.#sql.exec("UPDATE outcomes SET verdict = ? WHERE effect_id = ?", JSON.stringify(verdict), effectId);
  }

  insertCheck(check: CheckRow): void {
    this.#sql.exec(
      "INSERT INTO checks (check_id, bead_id, claim_id, tree_digest, kind, ok, report_digest, holdout, summary, command) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      check.checkId,
      check.beadId,
      check.claimId ?? null,
      check.treeDigest,
      check.kind,
      check.ok ? 1 : 0,
      check.reportDigest,
      check.holdout ? 1 : 0,
      check.summary,
      check.command ?? null,
    );
  }

  /** Every check that was executed, oldest first. */
  checks(): CheckRow[] {
    const rows = rowsOf<CheckSqlRow>(this.#sql, "SELECT * FROM checks ORDER BY seq");
    return rows.map(checkOf);
  }
}
