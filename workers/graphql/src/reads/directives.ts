/** The directive that a bead's atom was dispatched as, from the relations that its session told of. */
import { and, sql } from "drizzle-orm";
import { z } from "zod";
import { artifactEdges } from "../projections/schema.ts";
import { among, type OrgReads } from "./org-reads.ts";

/** A parent of a bead, by its atom. */
export type BeadDependency = { readonly atomId: string; readonly required: boolean };

const directive = z.object({ dependsOn: z.array(z.object({ atomId: z.string(), required: z.boolean() })) });

/** Ids of the newest directives of atoms within their sessions; null for an atom without one. */
export async function directivesOf(reads: OrgReads, keys: readonly { readonly sessionId?: string; readonly id: string }[]): Promise<(string | null)[]> {
  const { sessionId, source, rel, target, createdAt } = artifactEdges;
  const sessions = keys.flatMap((key) => (key.sessionId === undefined ? [] : [key.sessionId]));
  const atoms = keys.map(({ id }) => id);
  const rows = await reads.rowsOfEach(artifactEdges, {
    by: [sessionId, source],
    ofSessions: sessions,
    where: and(among(source, atoms), sql`${rel} = 'dispatched_as'`),
    orderBy: [sql`${createdAt} DESC`, sql`${target}`],
    limit: 1,
  });
  const byAtom = new Map(rows.map((row) => [`${row.sessionId}\n${row.source}`, row.target]));
  return keys.map((key) => byAtom.get(`${key.sessionId ?? ""}\n${key.id}`) ?? null);
}

/** What a directive waits for; nothing for content that is no directive. */
export function dependenciesOf(data: unknown): BeadDependency[] {
  return directive.safeParse(data).data?.dependsOn ?? [];
}
