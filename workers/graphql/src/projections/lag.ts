/** How far the read model is behind the logs. */
import { messageOf, type Log } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import { MAX_LAG_SESSIONS } from "@factory/schemas/rpc";
import type { ProjectionLag } from "@factory/schemas/rpc";
import type { LogOwner } from "./project-events.ts";
import type { ProjectorDeps, StatementResult } from "./projector.ts";

/** What a look at the lag needs. */
export type LagDeps = Pick<ProjectorDeps, "sql" | "log"> & { readonly journal: Log };

const COLUMNS = `coalesce(cursor.seq, 0) AS seq, coalesce(cursor.closed, 0) AS closed, cursor.updated_at AS updated_at,
  (SELECT count(*) FROM quarantined_events WHERE quarantined_events.session_id = asked.session_id) AS quarantined`;

/** The registry knows sessions of which no message has arrived. */
const OPEN = `SELECT asked.session_id AS session_id, ${COLUMNS} FROM sessions AS asked
  LEFT JOIN projection_cursors AS cursor ON cursor.session_id = asked.session_id
  WHERE asked.org = ?1 AND coalesce(cursor.closed, 0) = 0 ORDER BY asked.created_at DESC, asked.session_id LIMIT ?2`;

const ONE = `SELECT asked.session_id AS session_id, ${COLUMNS} FROM (SELECT ?2 AS session_id) AS asked
  LEFT JOIN projection_cursors AS cursor ON cursor.session_id = asked.session_id AND cursor.org = ?1`;

/**
 * Sessions of an org whose terminal event is not in the rows, newest first.
 *
 * @throws FactoryError INVALID_ARGUMENT for a limit that is none
 */
export async function openLags(deps: LagDeps, org: string, limit: number): Promise<{ sessions: ProjectionLag[]; more: boolean }> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LAG_SESSIONS) {
    throw new FactoryError("INVALID_ARGUMENT", `A limit of sessions is a number from 1 to ${MAX_LAG_SESSIONS}.`);
  }
  const [found] = await deps.sql.batch([{ sql: OPEN, params: [org, limit + 1] }]);
  const rows = found?.rows ?? [];
  return { sessions: await Promise.all(rows.slice(0, limit).map((row) => lagOfRow(deps, org, row))), more: rows.length > limit };
}

/** The lag of one session, whatever its state. */
export async function lagOf(deps: LagDeps, { org, sessionId }: LogOwner): Promise<ProjectionLag> {
  const [found] = await deps.sql.batch([{ sql: ONE, params: [org, sessionId] }]);
  return lagOfRow(deps, org, found?.rows[0] ?? { session_id: sessionId, seq: 0, closed: 0, quarantined: 0, updated_at: null });
}

async function lagOfRow(deps: LagDeps, org: string, row: StatementResult["rows"][number]): Promise<ProjectionLag> {
  const sessionId = String(row["session_id"]);
  const updatedAt = row["updated_at"];
  return {
    sessionId,
    seq: Number(row["seq"]),
    tipSeq: await tipOf(deps, { org, sessionId }),
    closed: row["closed"] === 1,
    quarantined: Number(row["quarantined"]),
    updatedAt: typeof updatedAt === "number" ? updatedAt : null,
  };
}

/** Null for a log that does not answer: one of them does not hide the others. */
async function tipOf({ log, journal }: LagDeps, { org, sessionId }: LogOwner): Promise<number | null> {
  try {
    return (await log(org, sessionId).tip()).lastSeq;
  } catch (err) {
    journal.event({ op: "projections.tip", outcome: "failed", durationMs: 0, ids: { org, session: sessionId }, fields: { error: messageOf(err) } });
    return null;
  }
}
