/** Rows of the amendments that answer a session's divergences, typed. */
import type { SqlPort, SqlRow } from "@factory/durable";
import type { AmendmentChange, ChangeMode, Hypothesis } from "@factory/factory-graph";
import type { ProposedAmendment } from "@factory/loop-closure";
import { rowsOf, text, textOrNull } from "./rows.ts";

/** A hypothesis of the factory and the amendment it proposes. */
export type Proposal = ProposedAmendment<Hypothesis, AmendmentChange>;

/** What an amendment changes: something of the specification, or of the knowing-state alone. */
export type AmendmentMode = ChangeMode | "knowing-state";

/** An amendment as it stands, and what its adoption made. */
export type AmendmentRow = {
  readonly amendmentId: string;
  readonly reportSeq: number;
  readonly proposal: Proposal;
  readonly beadId: string;
  readonly claimId: string;
  readonly mode: AmendmentMode;
  readonly depth: number;
  readonly status: "PROPOSED" | "ADOPTED" | "REJECTED";
  readonly successorId: string | null;
  readonly elucidationId: string | null;
  /** Lines of the claim that are visible in the successor and were hidden in what mediation knows. */
  readonly toldLines: readonly number[];
  readonly reopened: boolean;
};

/** Reads and writes the amendments of a session, in the transactions of its session store. */
export class AmendmentStore {
  readonly #sql: SqlPort;

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  add(row: Omit<AmendmentRow, "status" | "successorId" | "elucidationId" | "toldLines" | "reopened">): void {
    this.#sql.exec(
      "INSERT INTO amendments (amendment_id, report_seq, proposal, bead_id, claim_id, mode, depth, status) VALUES (?, ?, ?, ?, ?, ?, ?, 'PROPOSED')",
      row.amendmentId,
      row.reportSeq,
      JSON.stringify(row.proposal),
      row.beadId,
      row.claimId,
      row.mode,
      row.depth,
    );
  }

  decide(amendmentId: string, status: "ADOPTED" | "REJECTED", made: Partial<Pick<AmendmentRow, "successorId" | "elucidationId" | "toldLines">> = {}): void {
    this.#sql.exec(
      "UPDATE amendments SET status = ?, successor_id = ?, elucidation_id = ?, told_lines = ? WHERE amendment_id = ?",
      status,
      made.successorId ?? null,
      made.elucidationId ?? null,
      JSON.stringify(made.toldLines ?? []),
      amendmentId,
    );
  }

  /** Counts a try of the verifier that got no answer. @returns how many there were */
  countVerifierTry(amendmentId: string): number {
    const [row] = rowsOf(this.#sql, "UPDATE amendments SET verifier_tries = verifier_tries + 1 WHERE amendment_id = ? RETURNING verifier_tries", amendmentId);
    if (row === undefined) throw new Error(`There is no amendment ${amendmentId}.`);
    return Number(row["verifier_tries"]);
  }

  /** Nobody has to answer for its re-opening any more: mediation has, or nothing is re-opened. */
  settle(amendmentId: string, now: number): void {
    this.#sql.exec("UPDATE amendments SET reopened_at = ? WHERE amendment_id = ? AND reopened_at IS NULL", now, amendmentId);
  }

  /** Every amendment in the order they were proposed. */
  all(): AmendmentRow[] {
    return rowsOf(this.#sql, "SELECT * FROM amendments ORDER BY rowid").map(amendmentRow);
  }
}

// The casts below read back what this file wrote: CHECK constraints and the writers' types hold the values.
function amendmentRow(row: SqlRow): AmendmentRow {
  return {
    amendmentId: text(row["amendment_id"]),
    reportSeq: Number(row["report_seq"]),
    proposal: JSON.parse(text(row["proposal"])) as Proposal,
    beadId: text(row["bead_id"]),
    claimId: text(row["claim_id"]),
    mode: row["mode"] as AmendmentMode,
    depth: Number(row["depth"]),
    status: row["status"] as AmendmentRow["status"],
    successorId: textOrNull(row["successor_id"]),
    elucidationId: textOrNull(row["elucidation_id"]),
    toldLines: JSON.parse(text(row["told_lines"])) as number[],
    reopened: row["reopened_at"] !== null,
  };
}
