/** What the database says of an org's operations: dead letters, how often leases were taken back, which objects were used. */
import { FactoryError } from "@factory/schemas";
import { MAX_DEAD_LETTERS } from "@factory/schemas/rpc";
import type { DeadLetter, OperationsFacts, RescueRate, UsedByOrg, UsedObjects } from "@factory/schemas/rpc";
import { z } from "zod";
import type { LogOwner } from "../projections/project-events.ts";
import type { ProjectorDeps, StatementResult } from "../projections/projector.ts";
import type { Statement } from "../projections/statements.ts";

type Row = StatementResult["rows"][number];

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
/** What rescues are counted over, in seconds. */
const WINDOWS_S = [HOUR_S, DAY_S] as const;

const BY_QUEUE = `SELECT queue, count(*) AS count, count(*) FILTER (WHERE died_at >= ?2) AS recent FROM dead_letters WHERE org = ?1 GROUP BY queue ORDER BY queue`;
const UNATTRIBUTED = "SELECT count(*) AS count FROM dead_letters WHERE org IS NULL";
const NEWEST = `SELECT queue, message_id, body_digest, ids, reason, died_at FROM dead_letters WHERE org = ?1
  ORDER BY died_at DESC, queue, message_id LIMIT ?2`;

// The kinds are written out: each count is read from the partial index of its kind.
const CLAIMS = "SELECT count(*) AS count FROM bead_transitions WHERE kind = 'BEAD_CLAIMED' AND org = ?1 AND occurred_at >= ?2";
const RESCUES = "SELECT count(*) AS count FROM bead_transitions WHERE kind = 'BEAD_RESCUED' AND org = ?1 AND occurred_at >= ?2";

const AGENTS = "SELECT DISTINCT agent_id FROM bead_transitions WHERE session_id = ?2 AND org = ?1 AND agent_id IS NOT NULL";
const USED = `SELECT EXISTS (SELECT 1 FROM amendments WHERE org = ?1 AND state = 'ADOPTED') AS source_graph,
  EXISTS (SELECT 1 FROM bead_transitions WHERE kind = 'BEAD_CLAIMED' AND org = ?1) AS capacity`;

/** Who holds a bead, as `agentId` of a bead's events has it: `operative:<slot>`, or the coordinator itself. */
const OPERATIVE = /^operative:(\d+)$/;

const letterRow = z
  .object({
    queue: z.string(),
    message_id: z.string(),
    body_digest: z.string(),
    ids: z
      .string()
      .transform((text): unknown => JSON.parse(text))
      .pipe(z.record(z.string(), z.string())),
    reason: z.string(),
    died_at: z.number(),
  })
  .transform(({ queue, message_id: key, body_digest: bodyDigest, ids, reason, died_at: diedAt }): DeadLetter => ({
    queue,
    key,
    bodyDigest,
    ids,
    reason,
    diedAt,
  }));

/**
 * Dead letters and rescues of an org.
 *
 * @throws FactoryError INVALID_ARGUMENT for a number of letters that is none
 */
export async function operationsOf({ sql, now }: Pick<ProjectorDeps, "sql" | "now">, org: string, letters: number): Promise<OperationsFacts> {
  if (!Number.isInteger(letters) || letters < 1 || letters > MAX_DEAD_LETTERS) {
    throw new FactoryError("INVALID_ARGUMENT", `A number of dead letters is from 1 to ${MAX_DEAD_LETTERS}.`);
  }
  const at = now();
  const since = (seconds: number): number => at - seconds * 1_000;
  const [byQueue, unattributed, newest, used, ...counts] = await sql.batch([
    { sql: BY_QUEUE, params: [org, since(DAY_S)] },
    { sql: UNATTRIBUTED, params: [] },
    { sql: NEWEST, params: [org, letters] },
    { sql: USED, params: [org] },
    ...WINDOWS_S.flatMap((seconds): Statement[] => [
      { sql: CLAIMS, params: [org, since(seconds)] },
      { sql: RESCUES, params: [org, since(seconds)] },
    ]),
  ]);
  const queues = (byQueue?.rows ?? []).map((row) => ({ queue: String(row["queue"]), count: Number(row["count"]), recent: Number(row["recent"]) }));
  return {
    deadLetters: {
      count: queues.reduce((sum, { count }) => sum + count, 0),
      lastDay: queues.reduce((sum, { recent }) => sum + recent, 0),
      unattributed: countOf(unattributed?.rows),
      byQueue: queues.map(({ queue, count }) => ({ queue, count })),
      letters: z.array(letterRow).parse(newest?.rows),
    },
    rescueRates: WINDOWS_S.map((windowSeconds, index): RescueRate => ({
      windowSeconds,
      claims: countOf(counts[2 * index]?.rows),
      rescues: countOf(counts[2 * index + 1]?.rows),
    })),
    used: usedOf(used?.rows),
  };
}

/** Objects that the rows of a session show to have been used. */
export async function usedObjects({ sql }: Pick<ProjectorDeps, "sql">, { org, sessionId }: LogOwner): Promise<UsedObjects> {
  const [agents, used] = await sql.batch([
    { sql: AGENTS, params: [org, sessionId] },
    { sql: USED, params: [org] },
  ]);
  const slots = (agents?.rows ?? []).flatMap((row) => {
    const slot = OPERATIVE.exec(String(row["agent_id"]))?.[1];
    return slot === undefined ? [] : [Number(slot)];
  });
  return { slots: slots.sort((a, b) => a - b), ...usedOf(used?.rows) };
}

function usedOf(rows: readonly Row[] | undefined): UsedByOrg {
  const [row] = rows ?? [];
  return { sourceGraph: row?.["source_graph"] === 1, capacity: row?.["capacity"] === 1 };
}

function countOf(rows: readonly Row[] | undefined): number {
  return z.number().parse(rows?.[0]?.["count"]);
}
