/** Checks that the platform ran on what beads brought: they are in the execution traces that the log told of. */
import { and, sql } from "drizzle-orm";
import { z } from "zod";
import { artifacts } from "../projections/schema.ts";
import type { OrgReads } from "./org-reads.ts";

const check = z.object({
  checkId: z.string(),
  kind: z.string(),
  command: z.string(),
  ok: z.boolean(),
  holdout: z.boolean(),
  claimId: z.string().optional(),
  summary: z.string(),
  reportDigest: z.string(),
});

/** What of an execution trace is shown. A trace of another shape, such as a newer one's, shows no checks. */
const trace = z.object({ beadId: z.string(), attempt: z.int(), cycle: z.int(), checks: z.array(check) });

/** One check of one execution of a bead. */
export type CheckResult = z.infer<typeof check> & { readonly traceId: string; readonly attempt: number; readonly cycle: number; readonly occurredAt: number };

/** Most traces of one answer: those of all attempts of a page of beads. */
const MAX_TRACES = 2_000;

const BEAD = sql`json_extract(${artifacts.metadata}, '$.beadId')`;

/** Checks of beads, oldest first. */
export async function checksOfBeads(reads: OrgReads, keys: readonly { readonly sessionId?: string; readonly id: string }[]): Promise<CheckResult[][]> {
  const sessions = keys.flatMap(({ sessionId }) => (sessionId === undefined ? [] : [sessionId]));
  const ids = JSON.stringify(keys.map(({ id }) => id));
  const rows = await reads.rows(artifacts, {
    ofSessions: sessions,
    where: and(sql`${artifacts.artifactType} = 'ExecutionTrace'`, sql`${BEAD} IN (SELECT value FROM json_each(${ids}))`),
    orderBy: [sql`${artifacts.createdAt}`, sql`${artifacts.artifactId}`],
    limit: MAX_TRACES,
  });
  const byBead = new Map<string, CheckResult[]>();
  for (const { sessionId, artifactId, metadata, createdAt } of rows) {
    const read = trace.safeParse(JSON.parse(metadata ?? "null")).data;
    if (read === undefined) continue;
    const { attempt, cycle } = read;
    const key = `${sessionId}\n${read.beadId}`;
    const known = byBead.get(key) ?? [];
    byBead.set(key, known);
    known.push(...read.checks.map((each) => ({ ...each, traceId: artifactId, attempt, cycle, occurredAt: createdAt })));
  }
  return keys.map(({ sessionId, id }) => byBead.get(`${sessionId ?? ""}\n${id}`) ?? []);
}
