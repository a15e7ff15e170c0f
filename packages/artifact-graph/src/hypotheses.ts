/**
 * Hypotheses and what became of them. Being shown to a person in a cycle is a fact of its own, written beside the
 * hypothesis, which never changes.
 */
import type { SqlPort, SqlValue } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import { HYPOTHESIS_STATUSES } from "@factory/schemas/rpc";
import type { HypothesisQuery, HypothesisStatus } from "@factory/schemas/rpc";

/** Characters of a cycle's name and of whom it was surfaced to. */
export const MAX_SURFACING_TEXT = 200;

/** A hypothesis and what followed from it, without its content. */
export type HypothesisStanding = { hypothesis: string; status: HypothesisStatus; cycles: number };

/**
 * The hypotheses of a namespace that fit, newest first.
 *
 * @throws FactoryError INVALID_ARGUMENT for a filter that is none, NOT_FOUND for an unknown `beforeId`
 */
export function findHypotheses(sql: SqlPort, namespace: string, query: HypothesisQuery, limit: number): HypothesisStanding[] {
  const conditions: [text: string, ...bindings: SqlValue[]][] = [["namespace = ?", namespace]];
  if (query.status !== undefined) conditions.push(["status = ?", checkedStatus(query.status)]);
  if (query.severity !== undefined) conditions.push(["severity = ?", query.severity]);
  if (query.surfaced !== undefined) conditions.push([query.surfaced ? "cycles > 0" : "cycles = 0"]);
  if (query.carriedOver !== undefined) conditions.push(["status = 'open'"], ["cycles >= ?", checkedCycles(query.carriedOver)]);
  if (query.beforeId !== undefined) conditions.push(["position < ?", positionOf(sql, namespace, query.beforeId)]);
  return sql
    .exec<HypothesisStanding>(
      `SELECT hypothesis, status, cycles FROM hypothesis_standings WHERE ${conditions.map(([text]) => text).join(" AND ")}
       ORDER BY position DESC LIMIT ?`,
      ...conditions.flatMap(([, ...bindings]) => bindings),
      limit,
    )
    .toArray();
}

/**
 * Notes, inside the caller's transaction, that a hypothesis was shown to a person in a cycle; the same again changes nothing.
 *
 * @returns in how many cycles it has been shown
 * @throws FactoryError NOT_FOUND for a hypothesis that is not there, INVALID_ARGUMENT for an empty or too long text
 */
export function recordSurfacing(sql: SqlPort, namespace: string, surfacing: { id: string; cycle: string; surfacedTo: string; at: number }): number {
  const { id, cycle, surfacedTo, at } = surfacing;
  for (const text of [cycle, surfacedTo]) {
    if (text === "" || text.length > MAX_SURFACING_TEXT) {
      throw new FactoryError("INVALID_ARGUMENT", `A cycle and whom it was shown to have 1 to ${MAX_SURFACING_TEXT} characters.`);
    }
  }
  positionOf(sql, namespace, id);
  sql.exec("INSERT INTO surfacings (hypothesis, cycle, surfaced_to, surfaced_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", id, cycle, surfacedTo, at);
  const [counted] = sql.exec<{ cycles: number }>("SELECT count(DISTINCT cycle) AS cycles FROM surfacings WHERE hypothesis = ?", id).toArray();
  const cycles = counted?.cycles ?? 0;
  sql.exec("UPDATE hypothesis_standings SET cycles = ?1 WHERE hypothesis = ?2 AND cycles <> ?1", cycles, id);
  return cycles;
}

function positionOf(sql: SqlPort, namespace: string, id: string): number {
  const [row] = sql.exec<{ position: number }>("SELECT position FROM hypothesis_standings WHERE hypothesis = ? AND namespace = ?", id, namespace).toArray();
  if (row === undefined) throw new FactoryError("NOT_FOUND", `There is no hypothesis ${id}.`);
  return row.position;
}

function checkedStatus(status: HypothesisStatus): HypothesisStatus {
  if (HYPOTHESIS_STATUSES.includes(status)) return status;
  throw new FactoryError("INVALID_ARGUMENT", `"${status}" is no status of a hypothesis; there are ${HYPOTHESIS_STATUSES.join(", ")}.`);
}

function checkedCycles(cycles: number): number {
  if (Number.isSafeInteger(cycles) && cycles >= 0) return cycles;
  throw new FactoryError("INVALID_ARGUMENT", "A number of cycles is a whole number from 0 on.");
}
