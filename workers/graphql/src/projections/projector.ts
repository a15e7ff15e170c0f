/**
 * Carries a session's log into the read model. It goes on from its own cursor, whatever a message says: order, repetition
 * and loss of messages change when rows move and never what they become.
 */
import { FactoryError } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import type { SessionLogRpc } from "@factory/schemas/rpc";
import { projectEvents, type LogOwner } from "./project-events.ts";
import { eraseSession, writePage, type Statement } from "./statements.ts";

/** What one statement did. */
export type StatementResult = { readonly changes: number; readonly rows: readonly { readonly [column: string]: unknown }[] };

/** The read model's database: all statements of a call are one transaction. */
export interface ReadModelSql {
  batch(statements: readonly Statement[]): Promise<readonly StatementResult[]>;
}

/** What the projector needs. */
export interface ProjectorDeps {
  readonly sql: ReadModelSql;
  log(org: string, sessionId: string): Pick<SessionLogRpc, "read" | "tip">;
  /** Epoch milliseconds. */
  now(): number;
}

/** Where a session's rows are after a call. */
export type Progress = { readonly seq: number; readonly tipSeq: number; readonly quarantined: number; readonly pages: number };

/**
 * Brings a session's rows up to the end of its log, or on by `maxPages`.
 *
 * @throws FactoryError INTEGRITY for a log that is shorter than the rows, has a gap, or is another org's.
 */
export async function projectSession(deps: ProjectorDeps, owner: LogOwner, maxPages: number): Promise<Progress> {
  const log = deps.log(owner.org, owner.sessionId);
  let { seq } = await cursorOf(deps.sql, owner);
  let tipSeq = seq;
  let quarantined = 0;
  for (let pages = 0; pages < maxPages; pages++) {
    const { events, tip } = await log.read(seq, LOG_LIMITS.pageEvents);
    tipSeq = tip.lastSeq;
    if (events.length === 0) {
      if (tipSeq !== seq) throw new FactoryError("INTEGRITY", `The log of ${owner.sessionId} ends at ${tipSeq}, its rows at ${seq}.`);
      return { seq, tipSeq, quarantined, pages };
    }
    const page = projectEvents(owner, seq, events);
    const results = await deps.sql.batch(writePage(page, tipSeq, deps.now()));
    // The page was not the next one any more: another delivery has written it.
    const moved = results.at(-1)?.changes === 1;
    seq = moved ? page.lastSeq : (await cursorOf(deps.sql, owner)).seq;
    if (moved) quarantined += page.quarantined;
    if (seq >= tipSeq) return { seq, tipSeq, quarantined, pages: pages + 1 };
  }
  return { seq, tipSeq, quarantined, pages: maxPages };
}

/**
 * Takes a session's rows away and makes them again from its log.
 *
 * @throws FactoryError NOT_FOUND for a log without events, INTEGRITY for one that ends before the rows do; both leave the
 *   rows as they are, since they could not be made again.
 */
export async function reprojectSession(deps: ProjectorDeps, owner: LogOwner): Promise<Progress> {
  const [{ seq }, tip] = await Promise.all([cursorOf(deps.sql, owner), deps.log(owner.org, owner.sessionId).tip()]);
  if (tip.lastSeq === 0) throw new FactoryError("NOT_FOUND", `The log of ${owner.sessionId} has no events.`);
  if (tip.lastSeq < seq) throw new FactoryError("INTEGRITY", `The log of ${owner.sessionId} ends at ${tip.lastSeq}, its rows at ${seq}.`);
  await deps.sql.batch([eraseSession(owner)]);
  return projectSession(deps, owner, Number.POSITIVE_INFINITY);
}

async function cursorOf(sql: ReadModelSql, { org, sessionId }: LogOwner): Promise<{ seq: number }> {
  const [found] = await sql.batch([{ sql: "SELECT seq, org FROM projection_cursors WHERE session_id = ?1", params: [sessionId] }]);
  const row = found?.rows[0];
  if (row === undefined) return { seq: 0 };
  if (row["org"] !== org) throw new FactoryError("INTEGRITY", `${sessionId} is a session of another org.`);
  return { seq: Number(row["seq"]) };
}
