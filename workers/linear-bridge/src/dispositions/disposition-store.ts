/** What the object of an escalation keeps: whose it is, what was seen, proposals with their votes, and decisions on their way. */
import type { Migration, StoragePort } from "@factory/durable";
import type { CommentOutcome, EscalationBinding, LinearComment } from "@factory/schemas/rpc";
import type { ParsedDisposition } from "./grammar.ts";
import type { Approver, Decision } from "./proposal.ts";
import type { DecisionRecord } from "./records.ts";

/** Schema changes in order. */
export const DISPOSITION_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-disposition",
    statements: [
      "CREATE TABLE binding (one INTEGER PRIMARY KEY CHECK (one = 1), binding TEXT NOT NULL) STRICT",
      `CREATE TABLE closings (
        review_id TEXT PRIMARY KEY,
        decision TEXT NOT NULL,
        decided_by TEXT NOT NULL,
        closed_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE comments (
        comment_id TEXT PRIMARY KEY,
        outcome TEXT NOT NULL,
        taken_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      // A delivery names its comment too: an id that comes again with another comment suppresses nothing.
      `CREATE TABLE deliveries (
        delivery_id TEXT NOT NULL,
        comment_id TEXT NOT NULL,
        outcome TEXT NOT NULL,
        PRIMARY KEY (delivery_id, comment_id)
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE proposals (
        proposal_id INTEGER PRIMARY KEY AUTOINCREMENT,
        digest TEXT NOT NULL,
        disposition TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'agreed', 'expired', 'void')),
        expires_at INTEGER NOT NULL
      ) STRICT`,
      "CREATE UNIQUE INDEX one_open_proposal ON proposals (state) WHERE state = 'open'",
      `CREATE TABLE votes (
        proposal_id INTEGER NOT NULL REFERENCES proposals (proposal_id),
        member TEXT NOT NULL,
        approver TEXT NOT NULL,
        PRIMARY KEY (proposal_id, member)
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE decisions (
        disposition_event_id TEXT PRIMARY KEY,
        decides_review INTEGER NOT NULL,
        phase TEXT NOT NULL CHECK (phase IN ('recording', 'delivering', 'awaiting', 'done', 'refused')),
        decision TEXT NOT NULL,
        record TEXT,
        detail TEXT NOT NULL DEFAULT ''
      ) STRICT, WITHOUT ROWID`,
      // One answer to a review is under way or done; one that was refused makes room for the next.
      "CREATE UNIQUE INDEX one_answer ON decisions (decides_review) WHERE decides_review = 1 AND phase <> 'refused'",
      "CREATE TABLE notices (notice TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    ],
  },
];

/** How far a decision has come: to be recorded, to be delivered, taken by the desk, and how it ended. */
export type Phase = "recording" | "delivering" | "awaiting" | "done" | "refused";

/** A decision with how far it has come. */
export type StoredDecision = {
  readonly dispositionEventId: string;
  readonly phase: Phase;
  readonly decision: Decision;
  /** Null until what the review is about was found. */
  readonly record: DecisionRecord | null;
  readonly detail: string;
};

/** An override that waits for further people. */
export type Proposal = {
  readonly proposalId: number;
  readonly digest: string;
  readonly disposition: ParsedDisposition;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly votes: readonly Approver[];
};

/** How the review was decided, here or elsewhere. */
export type Closing = { readonly decision: string; readonly decidedBy: string };

type DecisionRow = { disposition_event_id: string; phase: string; decision: string; record: string | null; detail: string };

/** The object's SQLite. Each document is written here as the type that it is read as. */
export class DispositionStore {
  readonly #storage: StoragePort;

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  binding(): EscalationBinding | null {
    const [row] = this.#storage.sql.exec<{ binding: string }>("SELECT binding FROM binding").toArray();
    return row === undefined ? null : (JSON.parse(row.binding) as EscalationBinding);
  }

  bind(binding: EscalationBinding): void {
    this.#storage.sql.exec("INSERT INTO binding (one, binding) VALUES (1, ?)", JSON.stringify(binding));
  }

  /** How the review was closed; null while it is open. */
  closing(reviewId: string): Closing | null {
    const [row] = this.#storage.sql
      .exec<{ decision: string; decided_by: string }>("SELECT decision, decided_by FROM closings WHERE review_id = ?", reviewId)
      .toArray();
    return row === undefined ? null : { decision: row.decision, decidedBy: row.decided_by };
  }

  close(reviewId: string, { decision, decidedBy }: Closing, at: number): void {
    this.#storage.sql.exec("INSERT INTO closings (review_id, decision, decided_by, closed_at) VALUES (?, ?, ?, ?)", reviewId, decision, decidedBy, at);
  }

  /** What became of the delivery, or of its comment where it only was written; null when neither was seen. */
  outcomeOf({ deliveryId, commentId, editedAt }: LinearComment): CommentOutcome | null {
    const rows = this.#storage.sql
      .exec<{ outcome: string }>("SELECT outcome FROM deliveries WHERE delivery_id = ? AND comment_id = ?", deliveryId, commentId)
      .toArray();
    // An edit is no second delivery of the comment it changes.
    const [row] =
      rows.length > 0 || editedAt !== null
        ? rows
        : this.#storage.sql.exec<{ outcome: string }>("SELECT outcome FROM comments WHERE comment_id = ?", commentId).toArray();
    return row === undefined ? null : (JSON.parse(row.outcome) as CommentOutcome);
  }

  keepOutcome({ deliveryId, commentId, editedAt }: LinearComment, outcome: CommentOutcome, at: number): void {
    const text = JSON.stringify(outcome);
    this.#storage.sql.exec("INSERT INTO deliveries (delivery_id, comment_id, outcome) VALUES (?, ?, ?)", deliveryId, commentId, text);
    if (editedAt === null) this.#storage.sql.exec("INSERT INTO comments (comment_id, outcome, taken_at) VALUES (?, ?, ?)", commentId, text, at);
  }

  /** Whether the notice is new; it is not from now on. */
  firstNotice(notice: string): boolean {
    return (
      this.#storage.sql.exec<{ notice: string }>("INSERT INTO notices (notice) VALUES (?) ON CONFLICT DO NOTHING RETURNING notice", notice).toArray().length > 0
    );
  }

  openProposal(): Proposal | null {
    const [row] = this.#storage.sql
      .exec<{ proposal_id: number; digest: string; disposition: string; expires_at: number }>(
        "SELECT proposal_id, digest, disposition, expires_at FROM proposals WHERE state = 'open'",
      )
      .toArray();
    if (row === undefined) return null;
    const votes = this.#storage.sql.exec<{ approver: string }>("SELECT approver FROM votes WHERE proposal_id = ? ORDER BY member", row.proposal_id).toArray();
    return {
      proposalId: row.proposal_id,
      digest: row.digest,
      disposition: JSON.parse(row.disposition) as ParsedDisposition,
      expiresAt: row.expires_at,
      votes: votes.map(({ approver }) => JSON.parse(approver) as Approver),
    };
  }

  propose(digest: string, disposition: ParsedDisposition, expiresAt: number): void {
    this.#storage.sql.exec(
      "INSERT INTO proposals (digest, disposition, state, expires_at) VALUES (?, ?, 'open', ?)",
      digest,
      JSON.stringify(disposition),
      expiresAt,
    );
  }

  vote(proposalId: number, approver: Approver): void {
    this.#storage.sql.exec("INSERT INTO votes (proposal_id, member, approver) VALUES (?, ?, ?)", proposalId, approver.member, JSON.stringify(approver));
  }

  /** Takes a vote back whose giver may no longer decide. */
  dropVote(proposalId: number, member: string): void {
    this.#storage.sql.exec("DELETE FROM votes WHERE proposal_id = ? AND member = ?", proposalId, member);
  }

  endProposal(proposalId: number, state: "agreed" | "expired" | "void"): void {
    this.#storage.sql.exec("UPDATE proposals SET state = ? WHERE proposal_id = ?", state, proposalId);
  }

  /** The answer to the review that is under way or done; null when there is none. */
  answer(): StoredDecision | null {
    return this.#decisions("decides_review = 1 AND phase <> 'refused'")[0] ?? null;
  }

  decision(dispositionEventId: string): StoredDecision | null {
    return this.#decisions("disposition_event_id = ?", dispositionEventId)[0] ?? null;
  }

  /** Decisions that the desk has taken and not yet told the end of. */
  awaiting(): StoredDecision[] {
    return this.#decisions("phase = 'awaiting'");
  }

  addDecision(dispositionEventId: string, decision: Decision, decidesReview: boolean): void {
    this.#storage.sql.exec(
      "INSERT INTO decisions (disposition_event_id, decides_review, phase, decision) VALUES (?, ?, 'recording', ?)",
      dispositionEventId,
      decidesReview ? 1 : 0,
      JSON.stringify(decision),
    );
  }

  keepRecord(dispositionEventId: string, record: DecisionRecord): void {
    this.#storage.sql.exec("UPDATE decisions SET record = ? WHERE disposition_event_id = ?", JSON.stringify(record), dispositionEventId);
  }

  move(dispositionEventId: string, phase: Phase, detail = ""): void {
    this.#storage.sql.exec("UPDATE decisions SET phase = ?, detail = ? WHERE disposition_event_id = ?", phase, detail, dispositionEventId);
  }

  /** Makes room for further answers: the review waits for more people. */
  leaveOpen(dispositionEventId: string): void {
    this.#storage.sql.exec("UPDATE decisions SET decides_review = 0 WHERE disposition_event_id = ?", dispositionEventId);
  }

  #decisions(where: string, ...bindings: string[]): StoredDecision[] {
    return this.#storage.sql
      .exec<DecisionRow>(
        `SELECT disposition_event_id, phase, decision, record, detail FROM decisions WHERE ${where} ORDER BY disposition_event_id`,
        ...bindings,
      )
      .toArray()
      .map((row) => ({
        dispositionEventId: row.disposition_event_id,
        // The table takes no other phase.
        phase: row.phase as Phase,
        decision: JSON.parse(row.decision) as Decision,
        record: row.record === null ? null : (JSON.parse(row.record) as DecisionRecord),
        detail: row.detail,
      }));
  }
}
