/** Rows of one session, typed. Every statement on the object's own tables is here, but those of its planning and its amendments. */
import type { SqlRow, SqlValue, StoragePort } from "@factory/durable";
import { isTerminalSession } from "@factory/schemas";
import type { ArtifactNode, PassName, ReviewDecision, SessionState } from "@factory/schemas";
import type { CommissionRequest, CompileReport, DecisionRecord, Disposition, RunReport } from "@factory/schemas/rpc";
import { rowsOf, text, textOrNull } from "./rows.ts";

/** How a session is going to end, once it is decided. Nothing un-decides it. */
export type Ending = {
  readonly state: "COMPLETED" | "FAILED" | "CANCELLED" | "REJECTED";
  readonly reason: string;
  readonly reasonCode?: string;
};

/** The deliverable once it is stored. */
type Deliverable = { readonly treeDigest: string; readonly files: number; readonly bytes: number };

export type SessionRow = {
  readonly sessionId: string;
  readonly org: string;
  readonly envelopeDigest: string;
  readonly state: SessionState;
  readonly runId: string | null;
  readonly specificationId: string | null;
  readonly workGraphId: string | null;
  readonly mediation: "none" | "compiling" | "compiled" | "refused";
  readonly run: "none" | "running" | "cancelling" | "quiet";
  readonly personClaims: PersonClaims;
  readonly acceptanceReportId: string | null;
  readonly ending: Ending | null;
  readonly sealing: "none" | "barrier" | "ready" | "sealed";
  readonly deliverable: Deliverable | null;
  readonly evidenceDigest: string | null;
  /** Why a step is tried again later. */
  readonly stuck: string | null;
  /** What an effect that is no longer tried waits for. */
  readonly parked: string | null;
  /** By whose order the run has no clearance; null while it may have one. */
  readonly suspended: string | null;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endedAt: number | null;
};

export type PersonClaims = Extract<CompileReport, { outcome: "compiled" }>["personClaims"];

/** What a review is about; the answer is applied to it. */
export type ReviewSubject =
  | { readonly matter: "approval"; readonly artifactId: string }
  /** `attempt` is the last one before the question; absent where a session asked before attempts were counted. */
  | { readonly matter: "pass"; readonly pass: PassName; readonly attempt?: number }
  | { readonly matter: "uncertainty"; readonly pass: PassName; readonly artifactId: string; readonly attempt: number }
  | { readonly matter: "semantic-review"; readonly artifactId: string; readonly reportId: string }
  | { readonly matter: "divergence"; readonly reportSeq: number }
  | { readonly matter: "clarification"; readonly reportSeq: number }
  | { readonly matter: "autonomy"; readonly reportSeq: number; readonly requestId: string; readonly subjectDigest: string }
  | { readonly matter: "budget"; readonly reportSeq: number; readonly requestId: string }
  | { readonly matter: "clearance"; readonly reportSeq: number }
  | { readonly matter: "acceptance"; readonly artifactId: string };

export type ReviewRow = {
  readonly reviewId: string;
  readonly subject: ReviewSubject;
  readonly action: string;
  readonly actionDigest: string;
  readonly fromState: SessionState;
  readonly inState: SessionState;
  /** Distinct people who have to approve. */
  readonly needed: number;
  readonly decision: ReviewDecision | null;
  readonly note: string | null;
  readonly decidedBy: string | null;
  readonly closed: boolean;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  readonly closedAt: number | null;
};

/** The receipt of a decision: who decided what on which exact action, and why. One for each vote. */
export type ApprovalRow = {
  readonly approvalId: string;
  readonly reviewId: string;
  readonly approver: string;
  /** The human being; null for the platform, and in rows of before people were told from credentials. */
  readonly person: string | null;
  /** Everybody who decided, where two people overrode; else null. */
  readonly approvers: Disposition["approvers"] | null;
  readonly actionDigest: string;
  readonly decision: ReviewDecision;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly givenAt: number;
  /** When it counts no longer unless it has been used; null for what is used as it is given. */
  readonly expiresAt: number | null;
  readonly policy: DecisionRecord | null;
  readonly dispositionEventId: string | null;
  readonly elucidationId: string | null;
  /** The receipt whose answer was applied with it: itself, or the last of several; null for a vote that decided nothing. */
  readonly usedBy: string | null;
};

export type RunReportRow = {
  readonly seq: number;
  readonly report: RunReport;
  readonly problem: string | null;
  readonly reviewId: string | null;
  /** Distinguishes the next proposal for the report from the one before; empty for the first. */
  readonly occasion: string;
  /** How often an amendment for it was formed again because its target had moved. */
  readonly reformed: number;
};

/** Characters of one part of a document: at three bytes a UTF-16 unit well under the 2 MB of a row. */
const PART_CHARS = 500_000;
const REQUEST = "request";

const SESSION_COLUMNS = {
  state: "state",
  runId: "run_id",
  specificationId: "specification_id",
  workGraphId: "work_graph_id",
  mediation: "mediation",
  run: "run",
  personClaims: "person_claims",
  acceptanceReportId: "acceptance_report_id",
  ending: "ending",
  sealing: "sealing",
  deliverable: "deliverable",
  evidenceDigest: "evidence_digest",
  stuck: "stuck",
  parked: "parked",
  suspended: "suspended",
  endedAt: "ended_at",
} as const satisfies Partial<Record<keyof SessionRow, string>>;
const JSON_COLUMNS: ReadonlySet<string> = new Set(["personClaims", "ending", "deliverable"]);

/** Why a session is as it is, for people; null while it simply goes on. */
export function reasonOf({ state, ending, suspended, parked, stuck }: Pick<SessionRow, "state" | "ending" | "suspended" | "parked" | "stuck">): string | null {
  // Until it has ended, what holds it up comes before how it is going to end; an order of people before what mends itself.
  return (isTerminalSession(state) ? null : (suspended ?? parked ?? stuck)) ?? ending?.reason ?? null;
}

export type SessionPatch = { readonly [K in keyof typeof SESSION_COLUMNS]?: SessionRow[K] };

/** Reads and writes the rows of one session. */
export class SessionStore {
  readonly #storage: StoragePort;
  /** Not persisted: the parsed request; it never changes. */
  #request: CommissionRequest | undefined;

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  transaction<T>(work: () => T): T {
    return this.#storage.transactionSync(work);
  }

  /** The session, or null before it was commissioned. */
  session(): SessionRow | null {
    const [row] = this.#rows("SELECT * FROM session");
    return row === undefined ? null : sessionRow(row);
  }

  /** @throws Error when the object was not commissioned: only `commission` may be the first call. */
  requireSession(): SessionRow {
    const session = this.session();
    if (session === null) throw new Error("This object holds no session.");
    return session;
  }

  create(request: CommissionRequest, state: SessionState, now: number): void {
    this.#run(
      "INSERT INTO session (only, session_id, org, envelope_digest, state, version, created_at, updated_at) VALUES (1, ?, ?, ?, ?, 1, ?, ?)",
      request.sessionId,
      request.org,
      request.envelopeDigest,
      state,
      now,
      now,
    );
    this.#addDocument(REQUEST, JSON.stringify(request));
  }

  /** A document that is kept as it is first given: a later one of its name is not taken. @returns the one that is kept */
  keepDocument(name: string, text: string): string {
    const kept = this.#document(name);
    if (kept !== "") return kept;
    this.#addDocument(name, text);
    return text;
  }

  /** A document that is kept, or null. */
  document(name: string): string | null {
    const kept = this.#document(name);
    return kept === "" ? null : kept;
  }

  #addDocument(name: string, text: string): void {
    for (let part = 0; part * PART_CHARS < text.length; part++) {
      this.#run("INSERT INTO documents (name, part, text) VALUES (?, ?, ?)", name, part, text.slice(part * PART_CHARS, (part + 1) * PART_CHARS));
    }
  }

  /** Empty when there is none. */
  #document(name: string): string {
    return this.#rows("SELECT text FROM documents WHERE name = ? ORDER BY part", name)
      .map((row) => text(row["text"]))
      .join("");
  }

  request(): CommissionRequest {
    this.#request ??= JSON.parse(this.#document(REQUEST));
    // The cast holds: `create` wrote it, and the gateway's parse gave it its shape.
    return this.#request as CommissionRequest;
  }

  /** Changes columns and moves the version on, by which every later reader knows what is newer. */
  patch(patch: SessionPatch, now: number): SessionRow {
    const names = Object.keys(patch) as (keyof typeof SESSION_COLUMNS)[];
    const sets = [...names.map((name) => `${SESSION_COLUMNS[name]} = ?`), "version = version + 1", "updated_at = ?"];
    const values = names.map((name) => columnValue(name, patch[name]));
    this.#run(`UPDATE session SET ${sets.join(", ")}`, ...values, now);
    return this.requireSession();
  }

  addArtifact(node: ArtifactNode): boolean {
    return (
      this.#rows(
        `INSERT INTO artifacts (id, type, data, parents, seq) VALUES (?, ?, ?, ?, (SELECT coalesce(max(seq), 0) + 1 FROM artifacts))
         ON CONFLICT (id) DO NOTHING RETURNING seq`,
        node.id,
        node.type,
        JSON.stringify(node.data),
        JSON.stringify(node.parents),
      ).length > 0
    );
  }

  artifact(id: string): ArtifactNode {
    const [row] = this.#rows("SELECT * FROM artifacts WHERE id = ?", id);
    if (row === undefined) throw new Error(`This session wrote no artifact ${id}.`);
    return artifactRow(row);
  }

  /** The first artifact of a type, or null. */
  artifactOfType(type: string): ArtifactNode | null {
    const [row] = this.#rows("SELECT * FROM artifacts WHERE type = ? ORDER BY seq LIMIT 1", type);
    return row === undefined ? null : artifactRow(row);
  }

  /** Ids of everything the session has written itself. */
  artifactIds(): ReadonlySet<string> {
    return new Set(this.#rows("SELECT id FROM artifacts").map((row) => text(row["id"])));
  }

  /** The artifacts of a type in the order they were written. */
  artifactsOfType(type: string): ArtifactNode[] {
    return this.#rows("SELECT * FROM artifacts WHERE type = ? ORDER BY seq", type).map(artifactRow);
  }

  openReview(): ReviewRow | null {
    const [row] = this.#rows("SELECT * FROM reviews WHERE closed_at IS NULL");
    return row === undefined ? null : reviewRow(row);
  }

  review(reviewId: string): ReviewRow | null {
    const [row] = this.#rows("SELECT * FROM reviews WHERE review_id = ?", reviewId);
    return row === undefined ? null : reviewRow(row);
  }

  /** Closed reviews of a matter, oldest first. */
  closedReviews(matter: ReviewSubject["matter"]): ReviewRow[] {
    return this.#rows("SELECT * FROM reviews WHERE matter = ? AND closed_at IS NOT NULL ORDER BY closed_at, review_id", matter).map(reviewRow);
  }

  addReview(review: Pick<ReviewRow, "reviewId" | "subject" | "action" | "actionDigest" | "fromState" | "inState" | "needed">, now: number): void {
    this.#run(
      "INSERT INTO reviews (review_id, matter, subject, action, action_digest, from_state, in_state, needed, opened_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      review.reviewId,
      review.subject.matter,
      JSON.stringify(review.subject),
      review.action,
      review.actionDigest,
      review.fromState,
      review.inState,
      review.needed,
      now,
    );
  }

  /** Closes a review; without a decision when the session ends over it. */
  closeReview(reviewId: string, answer: { readonly decision: ReviewDecision; readonly note: string; readonly decidedBy: string } | null, now: number): void {
    this.#run(
      "UPDATE reviews SET decision = ?, note = ?, decided_by = ?, closed_at = ? WHERE review_id = ? AND closed_at IS NULL",
      answer?.decision ?? null,
      answer?.note ?? null,
      answer?.decidedBy ?? null,
      now,
      reviewId,
    );
  }

  addApproval(approval: ApprovalRow): void {
    this.#run(
      `INSERT INTO approvals (approval_id, review_id, approver, person, approvers, action_digest, decision, reason, given_at, expires_at, policy,
         disposition_event_id, elucidation_id, used_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      approval.approvalId,
      approval.reviewId,
      approval.approver,
      approval.person,
      jsonColumn(approval.approvers),
      approval.actionDigest,
      approval.decision,
      approval.reason,
      approval.givenAt,
      approval.expiresAt,
      jsonColumn(approval.policy),
      approval.dispositionEventId,
      approval.elucidationId,
      approval.usedBy,
    );
  }

  /** Votes that led to an answer are used by it, and by nothing else. */
  useApprovals(approvalIds: readonly string[], usedBy: string): void {
    for (const approvalId of approvalIds) this.#run("UPDATE approvals SET used_by = ? WHERE approval_id = ? AND used_by IS NULL", usedBy, approvalId);
  }

  /** Every receipt, oldest first. */
  approvals(): ApprovalRow[] {
    return this.#rows("SELECT * FROM approvals ORDER BY given_at, rowid").map(approvalRow);
  }

  approvalsOf(reviewId: string): ApprovalRow[] {
    return this.#rows("SELECT * FROM approvals WHERE review_id = ? ORDER BY given_at, rowid", reviewId).map(approvalRow);
  }

  /** The receipt that a decision of the We-layer left, or null. */
  approvalOfDisposition(dispositionEventId: string): ApprovalRow | null {
    const [row] = this.#rows("SELECT * FROM approvals WHERE disposition_event_id = ?", dispositionEventId);
    return row === undefined ? null : approvalRow(row);
  }

  /** @returns its number */
  addRunReport(report: RunReport, problem: string | null = null): number {
    const [row] = this.#rows("INSERT INTO run_reports (report, problem) VALUES (?, ?) RETURNING seq", JSON.stringify(report), problem);
    return Number(row?.["seq"]);
  }

  /** The oldest report that is not handled. */
  pendingRunReport(): RunReportRow | null {
    const [row] = this.#rows("SELECT * FROM run_reports WHERE handled_at IS NULL ORDER BY seq LIMIT 1");
    return row === undefined ? null : runReportRow(row);
  }

  runReport(seq: number): RunReportRow {
    const [row] = this.#rows("SELECT * FROM run_reports WHERE seq = ?", seq);
    if (row === undefined) throw new Error(`There is no run report ${seq}.`);
    return runReportRow(row);
  }

  /** Whether the run has told of this already. */
  hasBlockedReport(requestId: string): boolean {
    const query = "SELECT 1 FROM run_reports WHERE json_extract(report, '$.outcome') = 'blocked' AND json_extract(report, '$.requestId') = ? LIMIT 1";
    return this.#rows(query, requestId).length > 0;
  }

  /** Divergences that are not dealt with. */
  openDivergences(): number {
    return this.#rows("SELECT 1 FROM run_reports WHERE handled_at IS NULL AND json_extract(report, '$.outcome') = 'diverged'").length;
  }

  runReports(): RunReportRow[] {
    return this.#rows("SELECT * FROM run_reports ORDER BY seq").map(runReportRow);
  }

  /** A person is asked; the proposal that their answer leads to is another one. */
  askAboutReport(seq: number, reviewId: string): void {
    this.#run("UPDATE run_reports SET review_id = ?, occasion = ? WHERE seq = ?", reviewId, reviewId, seq);
  }

  /** The amendment for a report is to be formed again, on what is current now. */
  reformReport(seq: number, occasion: string): void {
    this.#run("UPDATE run_reports SET occasion = ?, reformed = reformed + 1 WHERE seq = ?", occasion, seq);
  }

  handleReport(seq: number, now: number): void {
    this.#run("UPDATE run_reports SET handled_at = ? WHERE seq = ?", now, seq);
  }

  #rows(query: string, ...bindings: SqlValue[]): SqlRow[] {
    return rowsOf(this.#storage.sql, query, ...bindings);
  }

  #run(query: string, ...bindings: SqlValue[]): void {
    this.#storage.sql.exec(query, ...bindings);
  }
}

function columnValue(name: string, value: unknown): SqlValue {
  if (value === null || value === undefined) return null;
  // The cast holds: what is not in JSON_COLUMNS is text or a number by the type of SessionPatch.
  return JSON_COLUMNS.has(name) ? JSON.stringify(value) : (value as SqlValue);
}

const jsonColumn = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));
const jsonOrNull = (value: SqlValue | undefined): unknown => (typeof value === "string" ? JSON.parse(value) : null);

// The casts below read back what this file wrote: CHECK constraints and the writers' types hold the values.
function sessionRow(row: SqlRow): SessionRow {
  return {
    sessionId: text(row["session_id"]),
    org: text(row["org"]),
    envelopeDigest: text(row["envelope_digest"]),
    state: row["state"] as SessionState,
    runId: textOrNull(row["run_id"]),
    specificationId: textOrNull(row["specification_id"]),
    workGraphId: textOrNull(row["work_graph_id"]),
    mediation: row["mediation"] as SessionRow["mediation"],
    run: row["run"] as SessionRow["run"],
    personClaims: jsonOrNull(row["person_claims"]) as PersonClaims,
    acceptanceReportId: textOrNull(row["acceptance_report_id"]),
    ending: jsonOrNull(row["ending"]) as Ending | null,
    sealing: row["sealing"] as SessionRow["sealing"],
    deliverable: jsonOrNull(row["deliverable"]) as Deliverable | null,
    evidenceDigest: textOrNull(row["evidence_digest"]),
    stuck: textOrNull(row["stuck"]),
    parked: textOrNull(row["parked"]),
    suspended: textOrNull(row["suspended"]),
    version: Number(row["version"]),
    createdAt: Number(row["created_at"]),
    updatedAt: Number(row["updated_at"]),
    endedAt: row["ended_at"] === null ? null : Number(row["ended_at"]),
  };
}

function artifactRow(row: SqlRow): ArtifactNode {
  return { id: text(row["id"]), type: text(row["type"]), data: JSON.parse(text(row["data"])), parents: JSON.parse(text(row["parents"])) };
}

function reviewRow(row: SqlRow): ReviewRow {
  return {
    reviewId: text(row["review_id"]),
    subject: JSON.parse(text(row["subject"])) as ReviewSubject,
    action: text(row["action"]),
    actionDigest: text(row["action_digest"]),
    fromState: row["from_state"] as SessionState,
    inState: row["in_state"] as SessionState,
    needed: Number(row["needed"]),
    decision: textOrNull(row["decision"]) as ReviewDecision | null,
    note: textOrNull(row["note"]),
    decidedBy: textOrNull(row["decided_by"]),
    closed: row["closed_at"] !== null,
    openedAt: Number(row["opened_at"]),
    closedAt: row["closed_at"] === null ? null : Number(row["closed_at"]),
  };
}

function approvalRow(row: SqlRow): ApprovalRow {
  return {
    approvalId: text(row["approval_id"]),
    reviewId: text(row["review_id"]),
    approver: text(row["approver"]),
    person: textOrNull(row["person"]),
    approvers: jsonOrNull(row["approvers"]) as ApprovalRow["approvers"],
    actionDigest: text(row["action_digest"]),
    decision: row["decision"] as ReviewDecision,
    reason: text(row["reason"]),
    givenAt: Number(row["given_at"]),
    expiresAt: row["expires_at"] === null ? null : Number(row["expires_at"]),
    policy: jsonOrNull(row["policy"]) as DecisionRecord | null,
    dispositionEventId: textOrNull(row["disposition_event_id"]),
    elucidationId: textOrNull(row["elucidation_id"]),
    usedBy: textOrNull(row["used_by"]),
  };
}

function runReportRow(row: SqlRow): RunReportRow {
  return {
    seq: Number(row["seq"]),
    report: JSON.parse(text(row["report"])) as RunReport,
    problem: textOrNull(row["problem"]),
    reviewId: textOrNull(row["review_id"]),
    occasion: text(row["occasion"]),
    reformed: Number(row["reformed"]),
  };
}
