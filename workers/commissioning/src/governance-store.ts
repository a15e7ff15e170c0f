/** Rows of what governs a session's run: suspensions, the clearances it needs, and the escalations of its reviews, typed. */
import type { SqlPort, SqlRow } from "@factory/durable";
import type { DispatchBlock } from "@factory/schemas";
import type { ClearanceBasis, DecisionRecord, KnowingStateBead } from "@factory/schemas/rpc";
import { rowsOf, text, textOrNull } from "./rows.ts";

/** An order of two people that the session's run does nothing new. */
export type SuspensionRow = { readonly dispositionEventId: string; readonly reason: string; readonly lifted: boolean };

/** What a new clearance is for, before policy has said whether it may be. */
export type ClearanceCall = {
  /** Unique in the session: the request of the run, the suspension that was lifted, or the receipt of an approval. */
  readonly requestId: string;
  /** Why the run has none that does. */
  readonly code: DispatchBlock;
  /** Beads of the run, where they are known. */
  readonly beads: number | null;
  readonly basis: Omit<ClearanceBasis, "policy">;
  /** Items that are asked for from now on; null: as before. */
  readonly askedFor: number | null;
};

/** A call that policy has permitted. */
export type ClearanceAsked = ClearanceCall & { readonly beads: number; readonly policy: DecisionRecord };

/** A review as it is shown outside, with the bead that raised it once it was formed. */
export type EscalationRow = { readonly escalationId: string; readonly reviewId: string; readonly bead: KnowingStateBead | null };

/** Reads and writes them, in the transactions of the session store. */
export class GovernanceStore {
  readonly #sql: SqlPort;

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  suspension(dispositionEventId: string): SuspensionRow | null {
    const [row] = rowsOf(this.#sql, "SELECT * FROM suspensions WHERE disposition_event_id = ?", dispositionEventId);
    return row === undefined ? null : suspensionRow(row);
  }

  /** Suspensions that stand, oldest first. */
  suspensions(): SuspensionRow[] {
    return rowsOf(this.#sql, "SELECT * FROM suspensions WHERE lifted_at IS NULL ORDER BY since, disposition_event_id").map(suspensionRow);
  }

  suspend(dispositionEventId: string, reason: string, now: number): void {
    this.#sql.exec("INSERT INTO suspensions (disposition_event_id, reason, since) VALUES (?, ?, ?)", dispositionEventId, reason, now);
  }

  /** Lifts every suspension that stands. */
  lift(now: number): void {
    this.#sql.exec("UPDATE suspensions SET lifted_at = ? WHERE lifted_at IS NULL", now);
  }

  /** Suspensions that stand and that the run has not been told of, oldest first. */
  untold(): SuspensionRow[] {
    return rowsOf(this.#sql, "SELECT * FROM suspensions WHERE lifted_at IS NULL AND run = 'untold' ORDER BY since, disposition_event_id").map(suspensionRow);
  }

  /** The run is being told of a suspension. */
  telling(dispositionEventId: string): void {
    this.#sql.exec("UPDATE suspensions SET run = 'telling' WHERE disposition_event_id = ? AND run = 'untold'", dispositionEventId);
  }

  /** The run has acknowledged that its clearance is gone. */
  told(dispositionEventId: string): void {
    this.#sql.exec("UPDATE suspensions SET run = 'told' WHERE disposition_event_id = ?", dispositionEventId);
  }

  /** True while no clearance may be written: a suspension stands, or one is still on its way to the run and would take a newer one. */
  holdsClearance(): boolean {
    return rowsOf(this.#sql, "SELECT 1 FROM suspensions WHERE lifted_at IS NULL OR run = 'telling' LIMIT 1").length > 0;
  }

  /** Calls for a clearance; the same request again changes nothing. */
  call({ requestId, code, beads, basis, askedFor }: ClearanceCall): void {
    this.#sql.exec(
      `INSERT INTO clearance_requests (request_id, code, beads, approved_by, approver, approval_id, asked_for) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (request_id) DO NOTHING`,
      requestId,
      code,
      beads,
      basis.approvedBy,
      basis.approver,
      basis.approvalId,
      askedFor,
    );
  }

  /** The oldest call that policy has not answered, or null. */
  due(): ClearanceCall | null {
    const [row] = rowsOf(this.#sql, "SELECT * FROM clearance_requests WHERE state = 'due' ORDER BY seq LIMIT 1");
    return row === undefined ? null : callRow(row);
  }

  permit({ requestId, beads }: Pick<ClearanceAsked, "requestId" | "beads">, policy: DecisionRecord): void {
    const query = "UPDATE clearance_requests SET state = 'asked', policy = ?, beads = ? WHERE request_id = ?";
    this.#sql.exec(query, JSON.stringify(policy), beads, requestId);
  }

  deny(requestId: string): void {
    this.#sql.exec("UPDATE clearance_requests SET state = 'denied' WHERE request_id = ?", requestId);
  }

  /** A call that policy has permitted. @throws Error for another one */
  asked(requestId: string): ClearanceAsked {
    const [row] = rowsOf(this.#sql, "SELECT * FROM clearance_requests WHERE request_id = ? AND policy IS NOT NULL", requestId);
    if (row === undefined) throw new Error(`Nothing is permitted for ${requestId}.`);
    // The cast holds: `permit` wrote it.
    return { ...callRow(row), beads: Number(row["beads"]), policy: JSON.parse(text(row["policy"])) as DecisionRecord };
  }

  /** Whether mediation was ever asked for a new clearance. */
  hasAsked(): boolean {
    return rowsOf(this.#sql, "SELECT 1 FROM clearance_requests WHERE state = 'asked' LIMIT 1").length > 0;
  }

  addEscalation(escalationId: string, reviewId: string): void {
    this.#sql.exec("INSERT INTO escalations (escalation_id, review_id) VALUES (?, ?)", escalationId, reviewId);
  }

  escalation(escalationId: string): EscalationRow {
    const [row] = rowsOf(this.#sql, "SELECT * FROM escalations WHERE escalation_id = ?", escalationId);
    if (row === undefined) throw new Error(`There is no escalation ${escalationId}.`);
    return escalationRow(row);
  }

  escalationOf(reviewId: string): EscalationRow | null {
    const [row] = rowsOf(this.#sql, "SELECT * FROM escalations WHERE review_id = ?", reviewId);
    return row === undefined ? null : escalationRow(row);
  }

  /** Keeps the bead as it was first formed. @returns the one that is kept */
  keepBead(escalationId: string, bead: KnowingStateBead): KnowingStateBead {
    this.#sql.exec("UPDATE escalations SET bead = ? WHERE escalation_id = ? AND bead IS NULL", JSON.stringify(bead), escalationId);
    return this.escalation(escalationId).bead ?? bead;
  }
}

function suspensionRow(row: SqlRow): SuspensionRow {
  return { dispositionEventId: text(row["disposition_event_id"]), reason: text(row["reason"]), lifted: row["lifted_at"] !== null };
}

function callRow(row: SqlRow): ClearanceCall {
  return {
    requestId: text(row["request_id"]),
    // The casts hold: `call` wrote the code, and the column's CHECK has the two values of `approvedBy`.
    code: text(row["code"]) as DispatchBlock,
    beads: row["beads"] === null ? null : Number(row["beads"]),
    basis: { approvedBy: row["approved_by"] as ClearanceBasis["approvedBy"], approver: text(row["approver"]), approvalId: text(row["approval_id"]) },
    askedFor: row["asked_for"] === null ? null : Number(row["asked_for"]),
  };
}

function escalationRow(row: SqlRow): EscalationRow {
  const bead = textOrNull(row["bead"]);
  return {
    escalationId: text(row["escalation_id"]),
    reviewId: text(row["review_id"]),
    // The cast holds: `keepBead` wrote it.
    bead: bead === null ? null : (JSON.parse(bead) as KnowingStateBead),
  };
}
