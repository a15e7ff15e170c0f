/** Rows of the planning of one session, typed: passes and their attempts, what was asked of judges, semantic reviews. */
import type { SqlPort, SqlRow } from "@factory/durable";
import type { PassName } from "@factory/schemas";
import { rowsOf, text, textOrNull } from "./rows.ts";

/**
 * How an attempt of a pass ended. `lost`: its object went away or its lease ran out; `unavailable`: no model answered;
 * `invalid`: the answer did not fit; `unconfigured`: no model is set; `moot`: the session no longer wanted the answer.
 */
export type AttemptOutcome = "answered" | "uncertain" | "invalid" | "unavailable" | "unconfigured" | "moot" | "lost";

/** One attempt of a planning pass; `outcome` is null while it is under way. Times are epoch milliseconds. */
export type PassAttemptRow = {
  readonly pass: PassName;
  readonly attempt: number;
  readonly startedAt: number;
  readonly leaseUntil: number;
  readonly outcome: AttemptOutcome | null;
};

/** Attempts at having a judge answer one question, and what was said last of why it did not; null where none came to an end. */
export type JudgingRow = { readonly attempts: number; readonly said: string | null };

/** A pass that was taken back because what it had made was found wanting. */
export type PassRerunRow = { readonly pass: PassName; readonly artifactId: string; readonly findings: readonly string[] };

/** The finding of the semantic review on one intent specification. */
export type SemanticReviewRow = {
  readonly artifactId: string;
  readonly reportId: string;
  readonly verdict: "approved" | "needs_revision" | "rejected";
  /** The session may go on: the verdict is approved, or a person let it pass. */
  readonly passed: boolean;
};

/** Reads and writes the rows of a session's planning. What belongs together is written in a transaction of the session store. */
export class PlanningStore {
  readonly #sql: SqlPort;

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  completePass(name: PassName, artifactId: string): void {
    this.#sql.exec("INSERT INTO passes (name, artifact_id) VALUES (?, ?)", name, artifactId);
  }

  /** Artifact ids by pass name. */
  passes(): ReadonlyMap<string, string> {
    return new Map(rowsOf(this.#sql, "SELECT name, artifact_id FROM passes").map((row) => [text(row["name"]), text(row["artifact_id"])]));
  }

  /** Takes a pass back: what it made stays in the graph, and the pass is run again with the findings. */
  reopenPass(name: PassName, findings: readonly string[], now: number): void {
    const artifactId = this.passes().get(name);
    if (artifactId === undefined) throw new Error(`The pass ${name} has made nothing to take back.`);
    this.#sql.exec("INSERT INTO pass_reruns (pass, artifact_id, findings, at) VALUES (?, ?, ?, ?)", name, artifactId, JSON.stringify(findings), now);
    this.#sql.exec("DELETE FROM passes WHERE name = ?", name);
  }

  /** How often a pass was taken back, oldest first. */
  passReruns(name: PassName): PassRerunRow[] {
    return rowsOf(this.#sql, "SELECT * FROM pass_reruns WHERE pass = ? ORDER BY seq", name).map(passRerunRow);
  }

  /** Begins the next attempt of a pass; there is one under way at most. @returns its number */
  beginAttempt(pass: PassName, now: number, leaseUntil: number): number {
    const [row] = rowsOf(
      this.#sql,
      `INSERT INTO pass_attempts (pass, attempt, started_at, lease_until)
       VALUES (?1, (SELECT coalesce(max(attempt), 0) + 1 FROM pass_attempts WHERE pass = ?1), ?2, ?3) RETURNING attempt`,
      pass,
      now,
      leaseUntil,
    );
    return Number(row?.["attempt"]);
  }

  /** The attempt under way, or that was when its object went away. */
  openAttempt(): PassAttemptRow | null {
    const [row] = rowsOf(this.#sql, "SELECT * FROM pass_attempts WHERE ended_at IS NULL");
    return row === undefined ? null : passAttemptRow(row);
  }

  /** Ends an attempt. @returns false when it had ended before: its lease had passed to a later one */
  endAttempt({ pass, attempt }: Pick<PassAttemptRow, "pass" | "attempt">, outcome: AttemptOutcome, now: number): boolean {
    return (
      rowsOf(
        this.#sql,
        "UPDATE pass_attempts SET outcome = ?, ended_at = ? WHERE pass = ? AND attempt = ? AND ended_at IS NULL RETURNING attempt",
        outcome,
        now,
        pass,
        attempt,
      ).length > 0
    );
  }

  /** Attempts of a pass, oldest first; of every pass in the order they began without a name. */
  attempts(pass?: PassName): PassAttemptRow[] {
    const rows =
      pass === undefined
        ? rowsOf(this.#sql, "SELECT * FROM pass_attempts ORDER BY rowid")
        : rowsOf(this.#sql, "SELECT * FROM pass_attempts WHERE pass = ? ORDER BY attempt", pass);
    return rows.map(passAttemptRow);
  }

  /** How often a judge was asked one question, and what was said last of why it did not answer. */
  judging(purpose: string, subject: string): JudgingRow {
    const [row] = rowsOf(this.#sql, "SELECT attempts, said FROM judge_attempts WHERE purpose = ? AND subject = ?", purpose, subject);
    return row === undefined ? { attempts: 0, said: null } : { attempts: Number(row["attempts"]), said: textOrNull(row["said"]) };
  }

  /** Counts an attempt before it is made: one whose object goes away counts as any other. */
  beginJudging(purpose: string, subject: string): void {
    this.#sql.exec(
      "INSERT INTO judge_attempts (purpose, subject, attempts) VALUES (?, ?, 1) ON CONFLICT (purpose, subject) DO UPDATE SET attempts = attempts + 1",
      purpose,
      subject,
    );
  }

  /** Notes why a judge did not answer. */
  judgeWasSilent(purpose: string, subject: string, said: string): void {
    this.#sql.exec("UPDATE judge_attempts SET said = ? WHERE purpose = ? AND subject = ?", said, purpose, subject);
  }

  addSemanticReview({ artifactId, reportId, verdict, passed }: SemanticReviewRow): void {
    this.#sql.exec(
      "INSERT INTO semantic_reviews (artifact_id, report_id, verdict, passed, reruns_before) VALUES (?, ?, ?, ?, (SELECT count(*) FROM pass_reruns))",
      artifactId,
      reportId,
      verdict,
      passed ? 1 : 0,
    );
  }

  /** A person lets an intent specification go on although its review found something. */
  passSemanticReview(artifactId: string): void {
    this.#sql.exec("UPDATE semantic_reviews SET passed = 1 WHERE artifact_id = ?", artifactId);
  }

  /**
   * The last semantic review of an intent specification since a pass was last taken back, or null: one that is written
   * again word for word is reviewed again.
   */
  semanticReview(artifactId: string): SemanticReviewRow | null {
    const [row] = rowsOf(
      this.#sql,
      "SELECT * FROM semantic_reviews WHERE artifact_id = ? AND reruns_before = (SELECT count(*) FROM pass_reruns) ORDER BY seq DESC LIMIT 1",
      artifactId,
    );
    return row === undefined ? null : semanticReviewRow(row);
  }
}

// The casts below read back what this file wrote: CHECK constraints and the writers' types hold the values.
function passAttemptRow(row: SqlRow): PassAttemptRow {
  return {
    pass: row["pass"] as PassName,
    attempt: Number(row["attempt"]),
    startedAt: Number(row["started_at"]),
    leaseUntil: Number(row["lease_until"]),
    outcome: textOrNull(row["outcome"]) as AttemptOutcome | null,
  };
}

function passRerunRow(row: SqlRow): PassRerunRow {
  return { pass: row["pass"] as PassName, artifactId: text(row["artifact_id"]), findings: JSON.parse(text(row["findings"])) as string[] };
}

function semanticReviewRow(row: SqlRow): SemanticReviewRow {
  return {
    artifactId: text(row["artifact_id"]),
    reportId: text(row["report_id"]),
    verdict: row["verdict"] as SemanticReviewRow["verdict"],
    passed: Number(row["passed"]) === 1,
  };
}
