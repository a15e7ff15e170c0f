/** The run's account in US dollars, the beads that wait for money, and what people were asked about it, as rows. */
import type { Migration } from "@factory/durable";
import type { BudgetDecision } from "@factory/schemas/rpc";
import type { HeldWrites } from "./held-writes.ts";
import { Remembered } from "./remembered.ts";
import { countOf, rowsOf } from "./rows.ts";

/** The tables of budget and of the org's slots. A run that was seeded before has no account: it has no bound. */
export const FUNDS_MIGRATION: Migration = {
  id: "0004-funds",
  statements: [
    // What is set aside for the epoch that is at work; nothing while none is.
    "ALTER TABLE beads ADD COLUMN reserved_usd REAL NOT NULL DEFAULT 0 CHECK (reserved_usd >= 0)",
    `CREATE TABLE budget (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      budget_usd REAL,
      spent_usd REAL NOT NULL DEFAULT 0,
      reserved_usd REAL NOT NULL DEFAULT 0
    ) STRICT`,
    "CREATE TABLE budget_waits (bead_id TEXT PRIMARY KEY REFERENCES beads (bead_id)) STRICT, WITHOUT ROWID",
    `CREATE TABLE budget_requests (
      request_id TEXT PRIMARY KEY,
      bead_id TEXT NOT NULL REFERENCES beads (bead_id),
      budget_usd REAL NOT NULL,
      asked_at INTEGER NOT NULL,
      decision TEXT CHECK (decision IN ('approved', 'rejected')),
      new_budget_usd REAL,
      note TEXT,
      decided_by TEXT,
      CHECK ((decision IS NULL) = (decided_by IS NULL))
    ) STRICT`,
    "CREATE UNIQUE INDEX budget_requests_open ON budget_requests ((decision IS NULL)) WHERE decision IS NULL",
    // What the run asked its org for and what it was granted; see org-capacity.
    `CREATE TABLE org_capacity (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      want INTEGER NOT NULL,
      held INTEGER NOT NULL,
      slots INTEGER NOT NULL,
      until INTEGER NOT NULL,
      asked_at INTEGER NOT NULL,
      failures INTEGER NOT NULL
    ) STRICT`,
  ],
};

/** The account; `budgetUsd` is null when a person has taken the bound away. */
export type Account = { readonly budgetUsd: number | null; readonly spentUsd: number; readonly reservedUsd: number };

/** A question to a person, with the decision once there is one. */
export type BudgetRequest = { readonly requestId: string; readonly budgetUsd: number; readonly decision: BudgetDecision["decision"] | null };

/** Waiting beads that are looked at in one turn; the others follow when these have gone. */
const MAX_WAITING = 200;

/** The tables of the budget. */
export class BudgetStore {
  readonly #sql: HeldWrites;
  readonly #account: Remembered<Account | null>;

  constructor(sql: HeldWrites) {
    this.#sql = sql;
    this.#account = new Remembered(() => this.#row());
  }

  /** Forgets what memory holds of the row; called when a transaction was undone. */
  forgetRows(): void {
    this.#account.forget();
  }

  /** Opens the account of a run with a bound. */
  open(budgetUsd: number): void {
    this.#sql.exec("INSERT INTO budget (id, budget_usd) VALUES (1, ?)", budgetUsd);
    this.#account.forget();
  }

  /** The account, or null for a run that never had a bound. */
  account(): Account | null {
    return this.#account.get();
  }

  #row(): Account | null {
    const [row] = rowsOf<{ budget_usd: number | null; spent_usd: number; reserved_usd: number }>(
      this.#sql.past,
      "SELECT budget_usd, spent_usd, reserved_usd FROM budget",
    );
    return row === undefined ? null : { budgetUsd: row.budget_usd, spentUsd: row.spent_usd, reservedUsd: row.reserved_usd };
  }

  /** Moves money: what is reserved and what is spent from now on. A rest that is only rounding is nothing. */
  move(change: { readonly reservedUsd: number; readonly spentUsd: number }): void {
    this.#sql.past.exec(
      `UPDATE budget SET spent_usd = spent_usd + ?1,
         reserved_usd = CASE WHEN reserved_usd + ?2 < 1e-9 THEN 0 ELSE reserved_usd + ?2 END`,
      change.spentUsd,
      change.reservedUsd,
    );
    this.#account.forget();
  }

  /** What was reserved for an epoch that nobody has accounted for is spent. */
  forfeit(reservedUsd: number): void {
    this.move({ reservedUsd: -reservedUsd, spentUsd: reservedUsd });
  }

  setBound(budgetUsd: number | null): void {
    this.#sql.exec("UPDATE budget SET budget_usd = ?", budgetUsd);
    this.#account.forget();
  }

  /** The bead waits for money. */
  wait(beadId: string): void {
    this.#sql.past.exec("INSERT OR IGNORE INTO budget_waits (bead_id) VALUES (?)", beadId);
  }

  endWait(beadId: string): void {
    this.#sql.past.exec("DELETE FROM budget_waits WHERE bead_id = ?", beadId);
  }

  anyWaits(): boolean {
    return countOf(this.#sql.past, "SELECT count(*) AS n FROM (SELECT 1 FROM budget_waits LIMIT 1)") > 0;
  }

  /** Beads that wait for money, by rank. */
  waiting(): string[] {
    return rowsOf<{ bead_id: string }>(
      this.#sql,
      "SELECT b.bead_id FROM budget_waits w JOIN beads b ON b.bead_id = w.bead_id ORDER BY b.rank, b.position LIMIT ?",
      MAX_WAITING,
    ).map((row) => row.bead_id);
  }

  ask(requestId: string, beadId: string, budgetUsd: number, now: number): void {
    this.#sql.exec("INSERT INTO budget_requests (request_id, bead_id, budget_usd, asked_at) VALUES (?, ?, ?, ?)", requestId, beadId, budgetUsd, now);
  }

  request(requestId: string): BudgetRequest | null {
    const [row] = rowsOf<{ request_id: string; budget_usd: number; decision: string | null }>(
      this.#sql,
      "SELECT request_id, budget_usd, decision FROM budget_requests WHERE request_id = ?",
      requestId,
    );
    // The cast holds: the table's CHECK lists the decisions.
    return row === undefined ? null : { requestId: row.request_id, budgetUsd: row.budget_usd, decision: row.decision as BudgetRequest["decision"] };
  }

  /** Whether a person has been asked and has not answered. */
  anyAsked(): boolean {
    return countOf(this.#sql, "SELECT count(*) AS n FROM budget_requests WHERE decision IS NULL") > 0;
  }

  decide({ requestId, decision, budgetUsd, note, decidedBy }: BudgetDecision): void {
    this.#sql.exec(
      "UPDATE budget_requests SET decision = ?, new_budget_usd = ?, note = ?, decided_by = ? WHERE request_id = ?",
      decision,
      budgetUsd,
      note,
      decidedBy,
      requestId,
    );
  }
}
