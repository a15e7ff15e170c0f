/** Rows of what people are asked before an agent goes further than its knowing-state lets it go alone. */
import type { SqlPort, SqlRow } from "@factory/durable";
import type { OutcomeCheck } from "@factory/factory-graph";
import type { ReviewDecision } from "@factory/schemas";
import type { ApprovalStage } from "@factory/schemas/rpc";
import { COORDINATOR_SLOT } from "./bead-store.ts";
import { Remembered } from "./remembered.ts";
import { countOf } from "./rows.ts";

/** A request for a person's leave, with the decision once there is one. */
export type Approval = {
  readonly requestId: string;
  readonly beadId: string;
  readonly stage: ApprovalStage;
  /** The outcome that made it necessary; for `apply` it holds the change set that waits. */
  readonly effectId: string;
  readonly subjectDigest: string;
  /** What the checks of the change set found; empty for `start`. */
  readonly checks: readonly OutcomeCheck[];
  readonly decision: ReviewDecision | null;
  readonly note: string | null;
  readonly decidedBy: string | null;
  /** True when nothing may rest on it any more. */
  readonly closed: boolean;
};

/** A decision that was taken. */
export type Decided = { readonly decision: ReviewDecision; readonly note: string; readonly decidedBy: string };

type ApprovalSqlRow = {
  request_id: string;
  bead_id: string;
  stage: string;
  effect_id: string;
  subject_digest: string;
  checks: string;
  decision: string | null;
  note: string | null;
  decided_by: string | null;
  closed: number;
};

/** The table of approvals. A bead has at most one live request for each stage. */
export class ApprovalStore {
  readonly #sql: SqlPort;
  /** Whether anybody was ever asked: most runs ask nobody, and their beads need not be looked up. */
  readonly #any: Remembered<boolean>;
  readonly #changed: () => void;

  /** @param changed - called after each write: which READY beads an operative may be given depends on them */
  constructor(sql: SqlPort, changed: () => void) {
    this.#sql = sql;
    this.#changed = changed;
    this.#any = new Remembered(() => countOf(sql, "SELECT EXISTS (SELECT 1 FROM approvals) AS n") > 0);
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#any.forget();
  }

  add(approval: Pick<Approval, "requestId" | "beadId" | "stage" | "effectId" | "subjectDigest" | "checks">, now: number): void {
    this.#sql.exec(
      "INSERT INTO approvals (request_id, bead_id, stage, effect_id, subject_digest, checks, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      approval.requestId,
      approval.beadId,
      approval.stage,
      approval.effectId,
      approval.subjectDigest,
      JSON.stringify(approval.checks),
      now,
    );
    this.#any.forget();
    this.#changed();
  }

  get(requestId: string): Approval | null {
    const [row] = this.#rows<ApprovalSqlRow>("SELECT * FROM approvals WHERE request_id = ?", requestId);
    return row === undefined ? null : approvalOf(row);
  }

  /** The request of a stage that a bead's work may still rest on, or null. */
  live(beadId: string, stage: ApprovalStage): Approval | null {
    if (!this.#any.get()) return null;
    const [row] = this.#rows<ApprovalSqlRow>("SELECT * FROM approvals WHERE bead_id = ? AND stage = ? AND closed = 0", beadId, stage);
    return row === undefined ? null : approvalOf(row);
  }

  /** Stores a decision; `closed` when nothing further rests on it. The note of an amended one binds every further attempt. */
  decide(requestId: string, { decision, note, decidedBy }: Decided, closed: boolean): void {
    this.#sql.exec(
      "UPDATE approvals SET decision = ?, note = ?, decided_by = ?, closed = ?, binding = ? WHERE request_id = ?",
      decision,
      note,
      decidedBy,
      closed ? 1 : 0,
      decision === "amended" ? 1 : 0,
      requestId,
    );
    this.#changed();
  }

  /** Notes that bind the attempts at a bead, oldest first. */
  notes(beadId: string): string[] {
    if (!this.#any.get()) return [];
    return this.#rows<{ note: string }>("SELECT note FROM approvals WHERE bead_id = ? AND binding = 1 ORDER BY asked_at, request_id", beadId).map(
      ({ note }) => note,
    );
  }

  /** Closes the live request of one stage. */
  close(beadId: string, stage: ApprovalStage): void {
    this.#sql.exec("UPDATE approvals SET closed = 1 WHERE bead_id = ? AND stage = ? AND closed = 0", beadId, stage);
    this.#changed();
  }

  /** The bead has ended or begins anew: nothing that was asked or said of it holds any longer. */
  forget(beadId: string): void {
    if (!this.#any.get()) return;
    this.#sql.exec("UPDATE approvals SET closed = 1 WHERE bead_id = ? AND closed = 0", beadId);
    this.#sql.exec("UPDATE approvals SET binding = 0 WHERE bead_id = ? AND binding = 1", beadId);
    this.#changed();
  }

  /**
   * The first bead whose approved change set is to be applied now: in the coordinator's own hands or, where it may begin with
   * one, READY; null when there is none.
   */
  nextToApply(now: number, mayBegin = true): string | null {
    if (!this.#any.get()) return null;
    const [row] = this.#rows<{ bead_id: string }>(
      `SELECT b.bead_id FROM approvals a CROSS JOIN beads b ON b.bead_id = a.bead_id
       WHERE a.closed = 0 AND a.stage = 'apply' AND a.decision = 'approved'
         AND ((b.state = 'READY' AND b.not_before <= ? AND ?) OR (b.state = 'LEASED' AND b.slot = ?)) ORDER BY b.position LIMIT 1`,
      now,
      mayBegin ? 1 : 0,
      COORDINATOR_SLOT,
    );
    return row?.bead_id ?? null;
  }

  #rows<Row extends SqlRow>(query: string, ...bindings: (string | number)[]): Row[] {
    return this.#sql.exec<Row>(query, ...bindings).toArray();
  }
}

// The casts hold: `add` and `decide` wrote the values, and the table's CHECKs list the words.
function approvalOf(row: ApprovalSqlRow): Approval {
  return {
    requestId: row.request_id,
    beadId: row.bead_id,
    stage: row.stage as ApprovalStage,
    effectId: row.effect_id,
    subjectDigest: row.subject_digest,
    checks: JSON.parse(row.checks) as OutcomeCheck[],
    decision: row.decision as ReviewDecision | null,
    note: row.note,
    decidedBy: row.decided_by,
    closed: row.closed === 1,
  };
}
