/** Why somebody should look at a session: names, thresholds and the conditions in SQL. */
import { sql, type SQL } from "drizzle-orm";

/** Worst first for whoever watches: these are asked of a person before the platform can go on. */
export const SESSION_PROBLEMS = ["NEEDS_PERSON", "OVER_BUDGET", "FLAPPING", "STUCK"] as const;
export type SessionProblem = (typeof SESSION_PROBLEMS)[number];

/** A session in which nothing has happened for so long is stuck: ten times the longest pause between a slow model's events. */
export const STUCK_AFTER_MS = 10 * 60_000;
/** A bead that was handed out so often and is not done flaps: the retries of two cycles. */
export const FLAPPING_EPOCHS = 6;
/** A bead that was re-opened so often and is not done flaps: one more cycle raises a consultation request. */
export const FLAPPING_CYCLES = 2;

// In the words of the index of such sessions, so that it is used.
const OPEN = sql.raw("session_views.outcome IS NULL");
// The plus before an org keeps SQLite to the key of the session: the org is checked there and not searched by.
const ASKED = sql.raw(`(session_views.state IN ('AWAITING_APPROVAL', 'IN_REVIEW') OR EXISTS (
  SELECT 1 FROM reviews AS open WHERE open.session_id = session_views.session_id AND +open.org = session_views.org AND open.decision IS NULL))`);
const SPENT = sql.raw(`EXISTS (
  SELECT 1 FROM budget_exhaustions AS spent WHERE spent.session_id = session_views.session_id AND +spent.org = session_views.org AND spent.seq > coalesce((
    SELECT max(answer.seq) FROM session_transitions AS answer
    WHERE answer.session_id = session_views.session_id AND +answer.org = session_views.org AND answer.kind = 'REVIEW_RESOLVED'), 0))`);
const FLAPS = sql.raw(`EXISTS (
  SELECT 1 FROM beads AS flapping WHERE flapping.session_id = session_views.session_id AND +flapping.org = session_views.org
  AND flapping.state NOT IN ('DONE', 'CANCELLED') AND (flapping.epoch >= ${FLAPPING_EPOCHS} OR flapping.cycle >= ${FLAPPING_CYCLES}))`);

/**
 * The condition that a session has a problem, over rows of `session_views`. Sessions that have ended have none.
 *
 * @param now - epoch milliseconds
 */
export function hasProblem(problem: SessionProblem, now: number): SQL {
  return sql`(${OPEN} AND ${conditionOf(problem, now)})`;
}

/** The condition that a session has one of the problems. */
export function hasAnyProblem(problems: readonly SessionProblem[], now: number): SQL {
  return sql`(${OPEN} AND (${sql.join(
    problems.map((problem) => conditionOf(problem, now)),
    sql.raw(" OR "),
  )}))`;
}

function conditionOf(problem: SessionProblem, now: number): SQL {
  switch (problem) {
    case "NEEDS_PERSON":
      return ASKED;
    case "OVER_BUDGET":
      return SPENT;
    case "FLAPPING":
      return FLAPS;
    case "STUCK":
      return sql`(session_views.updated_at < ${now - STUCK_AFTER_MS} AND NOT ${ASKED})`;
    default:
      return problem satisfies never;
  }
}
