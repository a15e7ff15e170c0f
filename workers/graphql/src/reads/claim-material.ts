/** What the read model says of a session's claims: which artifacts they are, and which reports may be on them. */
import { and, sql } from "drizzle-orm";
import { artifacts, verifications } from "../projections/schema.ts";
import type { OrgReads } from "./org-reads.ts";

/** A verification report with what it is on. */
export type NamedReport = { readonly reportId: string; readonly subjectId: string; readonly failedCriteria: readonly string[] };

/** The artifacts that the claims of a session are made from. */
export type ClaimMaterial = {
  /** The current one: that which was written last. */
  readonly specificationId: string;
  readonly claimIds: readonly string[];
  readonly workGraphId: string | null;
  readonly runVerdictId: string | null;
  /** Oldest first. */
  readonly reports: readonly NamedReport[];
};

const TYPES = ["Specification", "Claim", "WorkGraph", "RunVerdict"] as const;

/** The material of sessions; null for one whose order was not compiled. Two statements, however many sessions. */
export async function claimMaterial(reads: OrgReads, sessionIds: readonly string[]): Promise<(ClaimMaterial | null)[]> {
  const [written, reported] = await Promise.all([artifactsOf(reads, sessionIds), reportsOf(reads, sessionIds)]);
  return sessionIds.map((id) => {
    const own = written.get(id) ?? [];
    const last = (type: (typeof TYPES)[number]): string | null => own.findLast((artifact) => artifact.type === type)?.artifactId ?? null;
    const specificationId = last("Specification");
    if (specificationId === null) return null;
    // A claim's id begins with its specification's.
    const claimIds = own.filter(({ type, artifactId }) => type === "Claim" && artifactId.startsWith(`${specificationId}.`)).map(({ artifactId }) => artifactId);
    return { specificationId, claimIds, workGraphId: last("WorkGraph"), runVerdictId: last("RunVerdict"), reports: reported.get(id) ?? [] };
  });
}

type Written = { readonly artifactId: string; readonly type: string };

async function artifactsOf(reads: OrgReads, sessionIds: readonly string[]): Promise<ReadonlyMap<string, Written[]>> {
  const { sessionId, artifactId, artifactType, seq } = artifacts;
  const rows = await reads.pick(
    artifacts,
    { sessionId, artifactId, artifactType },
    {
      ofSessions: sessionIds,
      where: sql`${artifactType} IN (SELECT value FROM json_each(${JSON.stringify(TYPES)}))`,
      orderBy: [sql`${seq}`, sql`${artifactId}`],
    },
  );
  const told = rows.map((row) => ({ sessionId: String(row["sessionId"]), artifactId: String(row["artifactId"]), type: String(row["artifactType"]) }));
  return Map.groupBy(told, (row) => row.sessionId);
}

async function reportsOf(reads: OrgReads, sessionIds: readonly string[]): Promise<ReadonlyMap<string, NamedReport[]>> {
  const { sessionId, verificationId, subjectId, failedCriteria, verificationType, occurredAt } = verifications;
  const rows = await reads.pick(
    verifications,
    { sessionId, verificationId, subjectId, failedCriteria },
    {
      ofSessions: sessionIds,
      where: and(sql`${verificationType} IN ('FIDELITY', 'ACCEPTANCE')`),
      orderBy: [sql`${occurredAt}`, sql`${verificationId}`],
    },
  );
  const told = rows.map((row) => ({
    sessionId: String(row["sessionId"]),
    reportId: String(row["verificationId"]),
    subjectId: String(row["subjectId"]),
    // The projection wrote the column from a list of texts.
    failedCriteria: JSON.parse(String(row["failedCriteria"])) as string[],
  }));
  return Map.groupBy(told, (row) => row.sessionId);
}
