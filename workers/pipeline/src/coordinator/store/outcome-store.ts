/** Outcomes that were taken in, and the checks that were executed, as rows. */
import { BatchInsert } from "@factory/durable";
import type { SqlValue } from "@factory/durable";
import type { BeadOutcome, BeadVerdict, RunRecord } from "@factory/schemas/rpc";
import { checkKey } from "../context.ts";
import { BoundedMemo } from "../report-memo.ts";
import type { HeldWrites } from "./held-writes.ts";
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

/** An outcome whose row is not written yet. */
type Held = { readonly outcome: BeadOutcome; verdict: BeadVerdict | null };

/** Effect ids that are known to be new: those whose outcomes have been asked for and wait to be taken in. */
const MEMO_NEW = 1_024;

const INSERT_OUTCOMES = new BatchInsert("outcomes", ["effect_id", "bead_id", "epoch", "body", "verdict"]);

/** The tables of outcomes and checks. New rows are held back, so that an outcome is written once and with its verdict. */
export class OutcomeStore {
  readonly #sql: HeldWrites;
  /** Not persisted: outcomes that are to be written, by effect id. */
  readonly #held = new Map<string, Held>();
  /** Not persisted: checks that are to be written, in order. */
  #checks: CheckRow[] = [];
  /** Not persisted: effect ids of which there is no row; only this store makes one. */
  readonly #new = new BoundedMemo<boolean>(MEMO_NEW);
  /** Not persisted: beads under epochs that this object began itself and of which no outcome has been taken in since. */
  readonly #open = new BoundedMemo<boolean>(MEMO_NEW);

  constructor(sql: HeldWrites) {
    this.#sql = sql;
    sql.register(() => this.#write());
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#held.clear();
    this.#checks = [];
    this.#new.clear();
    this.#open.clear();
  }

  /** A bead was leased under a new epoch: what comes of it is not known yet. */
  begin(beadId: string, epoch: number): void {
    this.#open.set(checkKey(beadId, epoch), true);
  }

  get(effectId: string): OutcomeRow | null {
    const [row] = rowsOf<{ body: string; verdict: string | null }>(this.#sql, "SELECT body, verdict FROM outcomes WHERE effect_id = ?", effectId);
    if (row === undefined) return null;
    // The casts hold: only `insert` and `settle` write the columns.
    return { outcome: JSON.parse(row.body) as BeadOutcome, verdict: row.verdict === null ? null : (JSON.parse(row.verdict) as BeadVerdict) };
  }

  /** The verdict on an outcome: null while its checks run, undefined for one that was never received. */
  verdict({ effectId, beadId, epoch }: Pick<BeadOutcome, "effectId" | "beadId" | "epoch">): BeadVerdict | null | undefined {
    const held = this.#held.get(effectId);
    if (held !== undefined) return held.verdict;
    // The first outcome of an epoch brings an id of its own. One that does not is refused by the table, and looked up then.
    if (this.#open.get(checkKey(beadId, epoch)) === true) return undefined;
    const [row] = rowsOf<{ verdict: string | null }>(this.#sql.past, "SELECT verdict FROM outcomes WHERE effect_id = ?", effectId);
    this.#new.set(effectId, row === undefined);
    if (row === undefined) return undefined;
    // The cast holds: only `settle` writes the column.
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
    const { effectId } = outcome;
    if (this.#held.has(effectId)) return false;
    if (this.#new.get(effectId) !== true && this.verdict(outcome) !== undefined) return false;
    this.#open.set(checkKey(outcome.beadId, outcome.epoch), false);
    this.#held.set(effectId, { outcome, verdict: null });
    this.#new.set(effectId, false);
    this.#sql.hold();
    return true;
  }

  settle(effectId: string, verdict: BeadVerdict): void {
    const held = this.#held.get(effectId);
    if (held === undefined) this.#sql.exec("UPDATE outcomes SET verdict = ? WHERE effect_id = ?", JSON.stringify(verdict), effectId);
    else held.verdict = verdict;
  }

  insertCheck(check: CheckRow): void {
    this.#checks.push(check);
    this.#sql.hold();
  }

  /** Every check that was executed, oldest first. */
  checks(): CheckRow[] {
    const rows = rowsOf<CheckSqlRow>(this.#sql, "SELECT * FROM checks ORDER BY seq");
    return rows.map(checkOf);
  }

  #write(): void {
    INSERT_OUTCOMES.run(
      this.#sql.past,
      [...this.#held.values()].flatMap(({ outcome, verdict }) => outcomeValues(outcome, verdict)),
    );
    this.#held.clear();
    for (const check of this.#checks) this.#writeCheck(check);
    this.#checks = [];
  }

  #writeCheck(check: CheckRow): void {
    this.#sql.past.exec(
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
}

function outcomeValues(outcome: BeadOutcome, verdict: BeadVerdict | null): SqlValue[] {
  return [outcome.effectId, outcome.beadId, outcome.epoch, JSON.stringify(outcome), verdict === null ? null : JSON.stringify(verdict)];
}
