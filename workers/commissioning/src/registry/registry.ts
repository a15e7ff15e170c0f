/** Reads and writes of the session registry. */
import { and, asc, eq, gt, isNull, sql, type SQL } from "drizzle-orm";
import type { BaseSQLiteDatabase } from "drizzle-orm/sqlite-core";
import type { Log } from "@factory/durable";
import { FactoryError, SESSION_STATES } from "@factory/schemas";
import type { Assemblies, OpenSession } from "@factory/schemas/rpc";
import { z } from "zod";
import type { RegistryEntry } from "../ledger.ts";
import { sessions } from "./schema.ts";

/** The registry's database, in D1 or in a test's SQLite. */
export type RegistryDatabase = BaseSQLiteDatabase<"async", unknown>;

/** Most assemblies of one answer. */
const MAX_ASSEMBLIES = 1_000;
/** Most sessions of one answer. */
const MAX_SESSIONS = 1_000;

/** A row that this does not fit was written by nobody of this house: it is passed over, and the others are served. */
const openRow = z.object({ org: z.string().min(1), sessionId: z.string().startsWith("SES-"), state: z.enum(SESSION_STATES) });

/** Brings a session's row up to `entry`. A repeat changes nothing, and an older entry never overwrites a newer one. */
export async function upsertSession(db: RegistryDatabase, entry: RegistryEntry): Promise<void> {
  const { sessionId: _key, ...values } = entry;
  await db
    .insert(sessions)
    .values(entry)
    .onConflictDoUpdate({ target: sessions.sessionId, set: values, setWhere: sql`excluded.version > ${sessions.version}` });
}

/**
 * Assemblies of an org, the one of the newest session first. Each assembly costs two steps in the index, whatever the
 * number of its sessions.
 *
 * @throws FactoryError INVALID_ARGUMENT for a limit that is none
 */
export async function assembliesOf(db: RegistryDatabase, org: string, limit: number): Promise<Assemblies> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_ASSEMBLIES) {
    throw new FactoryError("INVALID_ARGUMENT", `A limit of assemblies is a number from 1 to ${MAX_ASSEMBLIES}.`);
  }
  const next = (after: SQL): SQL => sql`(SELECT min(assembly) FROM sessions WHERE org = ${org} AND assembly > ${after})`;
  const found = sql`(
    WITH RECURSIVE found (assembly) AS (
      SELECT ${next(sql`''`)}
      UNION ALL SELECT ${next(sql`found.assembly`)} FROM found WHERE found.assembly IS NOT NULL
      LIMIT ${MAX_ASSEMBLIES}
    )
    SELECT assembly, (SELECT max(created_at) FROM sessions WHERE org = ${org} AND assembly = found.assembly) AS newest
    FROM found WHERE assembly IS NOT NULL
  )`;
  const rows = await db
    .select({ assembly: sql<string>`assembly` })
    .from(found)
    .orderBy(sql`newest DESC, assembly`)
    .limit(limit + 1);
  return { assemblies: rows.slice(0, limit).map(({ assembly }) => assembly), more: rows.length > limit };
}

/** Whether an org has had a session in an assembly. */
export async function hasAssembly(db: RegistryDatabase, org: string, assembly: string): Promise<boolean> {
  const rows = await db
    .select({ found: sql<number>`1` })
    .from(sessions)
    .where(and(eq(sessions.org, org), eq(sessions.assembly, assembly)))
    .limit(1);
  return rows.length > 0;
}

/** The assembly of an org's session; null when there is no such session. */
export async function assemblyOf(db: RegistryDatabase, org: string, sessionId: string): Promise<string | null> {
  const rows = await db
    .select({ assembly: sessions.assembly })
    .from(sessions)
    .where(and(eq(sessions.sessionId, sessionId), eq(sessions.org, org)))
    .limit(1);
  return rows[0]?.assembly ?? null;
}

/**
 * Sessions of an org, or of one of its assemblies, that have not ended, by id, strictly after `after`.
 *
 * @throws FactoryError INVALID_ARGUMENT for a limit that is none
 */
export async function openSessionsOf(
  db: RegistryDatabase,
  org: string,
  assembly: string | null,
  limit: number,
  after = "",
): Promise<{ readonly sessionIds: readonly string[]; readonly more: boolean }> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_SESSIONS) {
    throw new FactoryError("INVALID_ARGUMENT", `A limit of sessions is a number from 1 to ${MAX_SESSIONS}.`);
  }
  const rows = await db
    .select({ sessionId: sessions.sessionId })
    .from(sessions)
    .where(and(isNull(sessions.endedAt), gt(sessions.sessionId, after), eq(sessions.org, org), assembly === null ? undefined : eq(sessions.assembly, assembly)))
    .orderBy(asc(sessions.sessionId))
    .limit(limit + 1);
  return { sessionIds: rows.slice(0, limit).map(({ sessionId }) => sessionId), more: rows.length > limit };
}

/**
 * Sessions that have not ended, by id, strictly after `after`. A row that cannot be read is logged and passed over.
 *
 * @throws FactoryError INVALID_ARGUMENT for a limit that is none
 */
export async function openSessions(
  db: RegistryDatabase,
  log: Log,
  limit: number,
  after?: OpenSession,
): Promise<{ readonly sessions: readonly OpenSession[]; readonly more: boolean }> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_SESSIONS) {
    throw new FactoryError("INVALID_ARGUMENT", `A limit of sessions is a number from 1 to ${MAX_SESSIONS}.`);
  }
  const found: OpenSession[] = [];
  let last = after?.sessionId ?? "";
  // Rows that are passed over leave room for further ones, so that an answer without sessions means that there are none.
  for (;;) {
    const rows = await db
      .select({ org: sessions.org, sessionId: sessions.sessionId, state: sessions.state })
      .from(sessions)
      .where(and(isNull(sessions.endedAt), gt(sessions.sessionId, last)))
      .orderBy(asc(sessions.sessionId))
      .limit(limit + 1 - found.length);
    for (const row of rows) found.push(...readOpen(row, log));
    if (found.length > limit) return { sessions: found.slice(0, limit), more: true };
    const end = rows.at(-1);
    if (end === undefined) return { sessions: found, more: false };
    last = end.sessionId;
  }
}

function readOpen(row: { readonly sessionId: unknown }, log: Log): OpenSession[] {
  const parsed = openRow.safeParse(row);
  if (parsed.success) return [{ org: parsed.data.org, sessionId: parsed.data.sessionId }];
  log.event({
    op: "registry.quarantine",
    outcome: "failed",
    durationMs: 0,
    ids: { session: String(row.sessionId) },
    fields: { problem: z.prettifyError(parsed.error) },
  });
  return [];
}
