/** The projection's tables, read and written by the types of `model.ts`. */
import type { SqlRow, SqlValue, StoragePort } from "@factory/durable";
import type { ArtifactNode, BeadState } from "@factory/schemas";
import type { ProjectionView, Write } from "./reduce.ts";
import { bindingKey } from "./model.ts";
import type { Advisory, Binding, BindingKind, BindingSubject, Escalation, FollowedBead, FollowedDivergence, FollowedSession, KnownSeverity } from "./model.ts";

/** Errors that are kept, the newest. */
const MAX_SYNC_ERRORS = 200;

type Row = SqlRow;

const text = (value: SqlValue | undefined): string => {
  if (typeof value !== "string") throw new TypeError("A text column holds no text.");
  return value;
};
const textOrNull = (value: SqlValue | undefined): string | null => (value === null || value === undefined ? null : text(value));
const whole = (value: SqlValue | undefined): number => {
  if (typeof value !== "number") throw new TypeError("A number column holds no number.");
  return value;
};

/** The tables of one organisation's projection. */
export class ProjectionStore implements ProjectionView {
  readonly #storage: StoragePort;

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  transaction<T>(work: () => T): T {
    return this.#storage.transactionSync(work);
  }

  session(sessionId: string): FollowedSession | null {
    return this.#one("SELECT * FROM sessions WHERE session_id = ?", sessionOf, sessionId);
  }

  /** Notes that a session's log goes at least to `toSeq`. */
  want(sessionId: string, toSeq: number): FollowedSession {
    this.#run(
      "INSERT INTO sessions (session_id, wanted) VALUES (?, ?) ON CONFLICT (session_id) DO UPDATE SET wanted = max(wanted, excluded.wanted)",
      sessionId,
      toSeq,
    );
    const session = this.session(sessionId);
    if (session === null) throw new Error(`The session ${sessionId} has just been written.`);
    return session;
  }

  /** Sessions whose log goes on after what was taken. */
  behind(): string[] {
    return this.#rows("SELECT session_id FROM sessions WHERE cursor < wanted ORDER BY session_id").map((row) => text(row["session_id"]));
  }

  setCursor(sessionId: string, cursor: number): void {
    this.#run("UPDATE sessions SET cursor = ? WHERE session_id = ?", cursor, sessionId);
  }

  /** A session is taken to be read to its end. */
  settleAt(sessionId: string): void {
    this.#run("UPDATE sessions SET wanted = cursor WHERE session_id = ?", sessionId);
  }

  bead(sessionId: string, beadId: string): FollowedBead | null {
    return this.#one("SELECT * FROM beads WHERE session_id = ? AND bead_id = ?", beadOf, sessionId, beadId);
  }

  /** The beads of a session that have an issue, by id. */
  shownBeads(sessionId: string): FollowedBead[] {
    return this.#rows("SELECT * FROM beads WHERE session_id = ? AND shown = 1 ORDER BY bead_id", sessionId).map(beadOf);
  }

  directiveOf(sessionId: string, atomId: string): string | null {
    return this.#one("SELECT directive_id FROM directives WHERE session_id = ? AND atom_id = ?", (row) => text(row["directive_id"]), sessionId, atomId);
  }

  divergence(divergenceId: string): FollowedDivergence | null {
    return this.#one("SELECT * FROM divergences WHERE divergence_id = ?", divergenceOf, divergenceId);
  }

  binding(subject: BindingSubject): Binding | null {
    return this.#one("SELECT * FROM bindings WHERE binding_key = ?", bindingOf, bindingKey(subject));
  }

  bindingByIssue(issueId: string): Binding | null {
    return this.#one("SELECT * FROM bindings WHERE issue_id = ?", bindingOf, issueId);
  }

  escalationByReview(reviewId: string): Escalation | null {
    return this.#one("SELECT * FROM escalations WHERE review_id = ?", escalationOf, reviewId);
  }

  escalationByIssue(issueId: string): Escalation | null {
    return this.#one("SELECT * FROM escalations WHERE issue_id = ?", escalationOf, issueId);
  }

  openEscalations(sessionId?: string): Escalation[] {
    const rows =
      sessionId === undefined
        ? this.#rows("SELECT * FROM escalations WHERE decision IS NULL ORDER BY opened_at, escalation_id")
        : this.#rows("SELECT * FROM escalations WHERE decision IS NULL AND session_id = ? ORDER BY opened_at, escalation_id", sessionId);
    return rows.map(escalationOf);
  }

  openDivergences(sessionId: string, beadId: string | null): FollowedDivergence[] {
    return this.#rows(
      "SELECT * FROM divergences WHERE session_id = ?1 AND open = 1 AND detected = 1 AND (?2 IS NULL OR bead_id = ?2) ORDER BY divergence_id",
      sessionId,
      beadId,
    ).map(divergenceOf);
  }

  /** Carries out what the reducer said, in the caller's transaction. */
  apply(sessionId: string, writes: readonly Write[]): void {
    for (const write of writes) this.#apply(sessionId, write);
  }

  #apply(sessionId: string, write: Write): void {
    switch (write.write) {
      case "session":
        return this.#putSession(write.session);
      case "directive":
        return this.#run(
          "INSERT INTO directives VALUES (?, ?, ?) ON CONFLICT (session_id, atom_id) DO UPDATE SET directive_id = excluded.directive_id",
          sessionId,
          write.atomId,
          write.directiveId,
        );
      case "bead":
        return this.putBead(sessionId, write.bead);
      case "binding":
        return this.bind(sessionId, write.subject, write.issueId);
      case "superseded":
        return this.#run("UPDATE bindings SET superseded_by = ? WHERE binding_key = ?", write.by, bindingKey(write.subject));
      case "escalation":
        return this.#putEscalation(write.escalation);
      case "decided":
        return this.#run("UPDATE escalations SET decision = ? WHERE review_id = ? AND decision IS NULL", write.decision, write.reviewId);
      case "divergence":
        return this.#putDivergence(sessionId, write.divergence);
      case "divergences-closed":
        return this.#run("UPDATE divergences SET open = 0 WHERE session_id = ?1 AND (?2 IS NULL OR bead_id = ?2)", sessionId, write.beadId);
      case "advisory":
        return this.#queue(write.advisory);
      case "hypothesis":
        return this.#run("UPDATE advisories SET hypothesis_id = ? WHERE advisory_id = ?", write.hypothesisId, write.advisoryId);
      case "advisory-settled":
        return this.#run("UPDATE advisories SET closed_at = ? WHERE advisory_id = ? AND closed_at IS NULL", write.at, write.advisoryId);
      case "advisories-settled":
        return this.#run(
          "UPDATE advisories SET closed_at = ?1 WHERE session_id = ?2 AND closed_at IS NULL AND kind = 'divergence' AND (?3 IS NULL OR bead_id = ?3)",
          write.at,
          sessionId,
          write.beadId,
        );
      default:
        write satisfies never;
    }
  }

  /** Writes a bead as it is now. */
  putBead(sessionId: string, bead: FollowedBead): void {
    this.#run(
      "INSERT OR REPLACE INTO beads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      sessionId,
      bead.beadId,
      bead.atomId,
      bead.title,
      bead.team,
      bead.role,
      bead.state,
      bead.attempt,
      bead.workGraphId,
      bead.version,
      bead.amendedBy,
      bead.directiveId,
      bead.policyBeadId,
      bead.shown ? 1 : 0,
    );
  }

  /** Adds a binding; one that is there stays. */
  bind(sessionId: string, { kind, artifactId, workGraphId, version }: BindingSubject, issueId: string): void {
    this.#run(
      "INSERT INTO bindings (binding_key, kind, artifact_id, work_graph_id, version, session_id, issue_id) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (binding_key) DO NOTHING",
      bindingKey({ kind, artifactId, workGraphId, version }),
      kind,
      artifactId,
      workGraphId,
      version,
      sessionId,
      issueId,
    );
  }

  /** Linear has the issue, with this state and these labels. */
  confirm(subject: BindingSubject, issue: { readonly identifier: string; readonly url: string }, shown: string): void {
    this.#run("UPDATE bindings SET identifier = ?, url = ?, shown = ? WHERE binding_key = ?", issue.identifier, issue.url, shown, bindingKey(subject));
  }

  setShown(subject: BindingSubject, shown: string): void {
    this.#run("UPDATE bindings SET shown = ? WHERE binding_key = ?", shown, bindingKey(subject));
  }

  setNeeds(sessionId: string, beadId: string, needs: readonly string[]): void {
    for (const other of needs) this.#run("INSERT OR IGNORE INTO needs VALUES (?, ?, ?)", sessionId, beadId, other);
  }

  /** Beads that this one waits for, and beads that wait for it. */
  neighbours(sessionId: string, beadId: string): { readonly needs: string[]; readonly neededBy: string[] } {
    const ids = (query: string): string[] => this.#rows(query, sessionId, beadId).map((row) => text(row["id"]));
    return {
      needs: ids("SELECT needs_bead_id AS id FROM needs WHERE session_id = ? AND bead_id = ? ORDER BY needs_bead_id"),
      neededBy: ids("SELECT bead_id AS id FROM needs WHERE session_id = ? AND needs_bead_id = ? ORDER BY bead_id"),
    };
  }

  /** Notes that one issue blocks another. @returns false when it was noted before */
  addRelation(fromIssue: string, toIssue: string): boolean {
    return this.#rows("INSERT INTO relations VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING from_issue", fromIssue, toIssue).length > 0;
  }

  hasMilestone(milestoneId: string): boolean {
    return this.#rows("SELECT 1 AS found FROM milestones WHERE milestone_id = ?", milestoneId).length > 0;
  }

  addMilestone(milestoneId: string, workGraphId: string, version: number, projectId: string): void {
    this.#run("INSERT OR IGNORE INTO milestones VALUES (?, ?, ?, ?)", milestoneId, workGraphId, version, projectId);
  }

  /** Advisories that are not settled, oldest first, at most `limit`. */
  openAdvisories(limit: number): Advisory[] {
    return this.#rows("SELECT * FROM advisories WHERE closed_at IS NULL ORDER BY queued_at, advisory_id LIMIT ?", limit).map(advisoryOf);
  }

  /** Open advisories without an issue of their own that `period` has not shown: those shown before first, then by severity and age. */
  advisoriesDue(period: string, escalatedAfter: number, limit: number): Advisory[] {
    return this.#rows(
      `SELECT * FROM advisories WHERE closed_at IS NULL AND carried_over < ? AND last_period IS NOT ?
        ORDER BY last_period IS NULL, severity = 'low', queued_at, advisory_id LIMIT ?`,
      escalatedAfter,
      period,
      limit,
    ).map(advisoryOf);
  }

  /** Settled advisories whose own issue has not been told so. */
  settledWithIssue(escalatedAfter: number, limit: number): Advisory[] {
    return this.#rows(
      "SELECT * FROM advisories WHERE closed_at IS NOT NULL AND carried_over >= ? AND last_period <> 'settled' ORDER BY advisory_id LIMIT ?",
      escalatedAfter,
      limit,
    ).map(advisoryOf);
  }

  /** Notes that the own issue of a settled advisory has been told so. */
  toldSettled(advisoryId: string): void {
    this.#run("UPDATE advisories SET last_period = 'settled' WHERE advisory_id = ? AND closed_at IS NOT NULL", advisoryId);
  }

  /** How many are not settled. */
  openAdvisoryCounts(): { readonly queued: number; readonly surfaced: number; readonly carriedOver: number } {
    const [row] = this.#rows(
      `SELECT count(*) FILTER (WHERE last_period IS NULL) AS queued, count(*) FILTER (WHERE last_period IS NOT NULL) AS surfaced,
         count(*) FILTER (WHERE carried_over > 0) AS carried FROM advisories WHERE closed_at IS NULL`,
    );
    return { queued: whole(row?.["queued"]), surfaced: whole(row?.["surfaced"]), carriedOver: whole(row?.["carried"]) };
  }

  /** Notes that an advisory was shown in a period. */
  surfaced(advisoryId: string, period: string, carriedOver: number): void {
    this.#run("UPDATE advisories SET last_period = ?, carried_over = ? WHERE advisory_id = ?", period, carriedOver, advisoryId);
  }

  settleAdvisory(advisoryId: string, at: number): void {
    this.#run("UPDATE advisories SET closed_at = ? WHERE advisory_id = ? AND closed_at IS NULL", at, advisoryId);
  }

  addBindingEvent(assembly: string, node: ArtifactNode): void {
    this.#run("INSERT OR IGNORE INTO binding_events VALUES (?, ?, ?)", node.id, assembly, JSON.stringify(node));
  }

  /** Binding events of one assembly that the lineage does not have, at most `limit`; null when there are none. */
  bindingEvents(limit: number): { readonly assembly: string; readonly nodes: readonly ArtifactNode[] } | null {
    const rows = this.#rows(
      "SELECT assembly, node FROM binding_events WHERE assembly = (SELECT min(assembly) FROM binding_events) ORDER BY node_id LIMIT ?",
      limit,
    );
    const [first] = rows;
    // The cast holds: the column is written by `addBindingEvent` only.
    return first === undefined ? null : { assembly: text(first["assembly"]), nodes: rows.map((row) => JSON.parse(text(row["node"])) as ArtifactNode) };
  }

  dropBindingEvents(ids: readonly string[]): void {
    for (const id of ids) this.#run("DELETE FROM binding_events WHERE node_id = ?", id);
  }

  /** What was read under a name, with when; null when it never was. */
  fact(name: string): { readonly value: unknown; readonly readAt: number } | null {
    return this.#one(
      "SELECT value, read_at FROM facts WHERE name = ?",
      (row) => ({ value: JSON.parse(text(row["value"])) as unknown, readAt: whole(row["read_at"]) }),
      name,
    );
  }

  setFact(name: string, value: unknown, readAt: number): void {
    this.#run("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", name, JSON.stringify(value), readAt);
  }

  dropFact(name: string): void {
    this.#run("DELETE FROM facts WHERE name = ?", name);
  }

  addSyncError(at: number, effectId: string, message: string): void {
    this.#run("INSERT INTO sync_errors (at, effect_id, message) VALUES (?, ?, ?)", at, effectId, message);
    this.#run("DELETE FROM sync_errors WHERE seq <= (SELECT max(seq) FROM sync_errors) - ?", MAX_SYNC_ERRORS);
  }

  /** The newest errors, newest first. */
  syncErrors(limit: number): { readonly at: number; readonly effectId: string; readonly message: string }[] {
    return this.#rows("SELECT * FROM sync_errors ORDER BY seq DESC LIMIT ?", limit).map((row) => ({
      at: whole(row["at"]),
      effectId: text(row["effect_id"]),
      message: text(row["message"]),
    }));
  }

  addHealthLine(at: number, line: string): void {
    this.#run("INSERT INTO health_history (at, line) VALUES (?, ?)", at, line);
  }

  /** The last lines of the health history, oldest first, and how many there are in all. */
  healthLines(limit: number): { readonly lines: readonly string[]; readonly total: number; readonly lastAt: number | null } {
    const rows = this.#rows("SELECT * FROM (SELECT * FROM health_history ORDER BY seq DESC LIMIT ?) ORDER BY seq", limit);
    const [count] = this.#rows("SELECT count(*) AS total FROM health_history");
    const last = rows.at(-1);
    return { lines: rows.map((row) => text(row["line"])), total: whole(count?.["total"]), lastAt: last === undefined ? null : whole(last["at"]) };
  }

  /** Rows for a group of a column: `SELECT state, count(*)`. */
  sessionsByState(): { readonly state: string; readonly count: number }[] {
    return this.#groups("SELECT state AS name, count(*) AS count FROM sessions GROUP BY state ORDER BY state").map(({ name, count }) => ({
      state: name,
      count,
    }));
  }

  openDivergencesBySeverity(): { readonly severity: string; readonly count: number }[] {
    return this.#groups("SELECT severity AS name, count(*) AS count FROM divergences WHERE open = 1 AND detected = 1 GROUP BY severity ORDER BY severity").map(
      ({ name, count }) => ({ severity: name, count }),
    );
  }

  #groups(query: string): { readonly name: string; readonly count: number }[] {
    return this.#rows(query).map((row) => ({ name: text(row["name"]), count: whole(row["count"]) }));
  }

  #putSession(session: FollowedSession): void {
    this.#run(
      `UPDATE sessions SET assembly = ?, work_order_id = ?, title = ?, run_id = ?, work_graph_id = ?, version = ?, state = ?, bead_issues = ?, beads_left_out = ?
        WHERE session_id = ?`,
      session.assembly,
      session.workOrderId,
      session.title,
      session.runId,
      session.workGraphId,
      session.version,
      session.state,
      session.beadIssues,
      session.beadsLeftOut,
      session.sessionId,
    );
  }

  #putEscalation(escalation: Escalation): void {
    const { escalationId, reviewId, sessionId, assembly, matter, action, actionDigest, issueId, openedAt, decision } = escalation;
    this.#run(
      "INSERT INTO escalations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      escalationId,
      reviewId,
      sessionId,
      assembly,
      matter,
      action,
      actionDigest,
      issueId,
      openedAt,
      decision,
    );
  }

  #putDivergence(sessionId: string, { divergenceId, beadId, severity, detected, open }: FollowedDivergence): void {
    this.#run("INSERT OR REPLACE INTO divergences VALUES (?, ?, ?, ?, ?, ?)", divergenceId, sessionId, beadId, severity, detected ? 1 : 0, open ? 1 : 0);
  }

  #queue(advisory: Advisory): void {
    this.#run(
      `INSERT INTO advisories (advisory_id, kind, session_id, assembly, bead_id, severity, text, hypothesis_id, queued_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (advisory_id) DO NOTHING`,
      advisory.advisoryId,
      advisory.kind,
      advisory.sessionId,
      advisory.assembly,
      advisory.beadId,
      advisory.severity,
      advisory.text,
      advisory.hypothesisId,
      advisory.queuedAt,
    );
  }

  #run(query: string, ...bindings: SqlValue[]): void {
    this.#storage.sql.exec(query, ...bindings);
  }

  #rows(query: string, ...bindings: SqlValue[]): Row[] {
    return this.#storage.sql.exec<Row>(query, ...bindings).toArray();
  }

  #one<T>(query: string, read: (row: Row) => T, ...bindings: SqlValue[]): T | null {
    const [row] = this.#rows(query, ...bindings);
    return row === undefined ? null : read(row);
  }
}

function sessionOf(row: Row): FollowedSession {
  return {
    sessionId: text(row["session_id"]),
    cursor: whole(row["cursor"]),
    wanted: whole(row["wanted"]),
    assembly: text(row["assembly"]),
    workOrderId: text(row["work_order_id"]),
    title: text(row["title"]),
    runId: textOrNull(row["run_id"]),
    workGraphId: textOrNull(row["work_graph_id"]),
    version: whole(row["version"]),
    state: text(row["state"]),
    beadIssues: whole(row["bead_issues"]),
    beadsLeftOut: whole(row["beads_left_out"]),
  };
}

function beadOf(row: Row): FollowedBead {
  return {
    beadId: text(row["bead_id"]),
    atomId: text(row["atom_id"]),
    title: text(row["title"]),
    team: text(row["team"]),
    role: text(row["role"]),
    // The cast holds: the column is written from an event's payload, which has one of the states.
    state: text(row["state"]) as BeadState,
    attempt: whole(row["attempt"]),
    workGraphId: text(row["work_graph_id"]),
    version: whole(row["version"]),
    amendedBy: textOrNull(row["amended_by"]),
    directiveId: textOrNull(row["directive_id"]),
    policyBeadId: textOrNull(row["policy_bead_id"]),
    shown: whole(row["shown"]) === 1,
  };
}

function bindingOf(row: Row): Binding {
  return {
    // The cast holds: the table checks the column.
    kind: text(row["kind"]) as BindingKind,
    artifactId: text(row["artifact_id"]),
    workGraphId: text(row["work_graph_id"]),
    version: whole(row["version"]),
    sessionId: text(row["session_id"]),
    issueId: text(row["issue_id"]),
    identifier: textOrNull(row["identifier"]),
    url: textOrNull(row["url"]),
    shown: text(row["shown"]),
    supersededBy: textOrNull(row["superseded_by"]),
  };
}

function escalationOf(row: Row): Escalation {
  return {
    escalationId: text(row["escalation_id"]),
    reviewId: text(row["review_id"]),
    sessionId: text(row["session_id"]),
    assembly: text(row["assembly"]),
    matter: text(row["matter"]),
    action: text(row["action"]),
    actionDigest: text(row["action_digest"]),
    issueId: text(row["issue_id"]),
    openedAt: whole(row["opened_at"]),
    decision: textOrNull(row["decision"]),
  };
}

function divergenceOf(row: Row): FollowedDivergence {
  return {
    divergenceId: text(row["divergence_id"]),
    beadId: textOrNull(row["bead_id"]),
    // The cast holds: the reducer writes nothing else.
    severity: text(row["severity"]) as KnownSeverity,
    detected: whole(row["detected"]) === 1,
    open: whole(row["open"]) === 1,
  };
}

function advisoryOf(row: Row): Advisory {
  return {
    advisoryId: text(row["advisory_id"]),
    kind: text(row["kind"]) === "note" ? "note" : "divergence",
    sessionId: text(row["session_id"]),
    assembly: text(row["assembly"]),
    beadId: textOrNull(row["bead_id"]),
    severity: text(row["severity"]),
    text: text(row["text"]),
    hypothesisId: textOrNull(row["hypothesis_id"]),
    queuedAt: whole(row["queued_at"]),
    carriedOver: whole(row["carried_over"]),
    lastPeriod: textOrNull(row["last_period"]),
  };
}
