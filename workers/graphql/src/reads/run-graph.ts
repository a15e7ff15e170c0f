/** The edges of a run's graph, as a page draws them: what waits for what, and what amendments did to it. */
import { and, sql } from "drizzle-orm";
import { amendments } from "../projections/schema.ts";
import type { OrgReads } from "./org-reads.ts";
import type { RunGraph } from "./run-reads.ts";

/** What an edge says. */
export type RunEdgeKind = "DEPENDENCY" | "SUCCESSION" | "AMENDMENT";

/** An edge between two beads. */
export type RunEdge = {
  readonly fromBeadId: string;
  readonly toBeadId: string;
  readonly kind: RunEdgeKind;
  /** True when `toBeadId` cannot begin without `fromBeadId`. */
  readonly required: boolean;
  /** True when it was not in the seed. */
  readonly added: boolean;
  readonly amendmentId: string | null;
};

/** An adopted amendment: the bead whose divergence it answers, and those that it re-opened. */
export type AdoptedAmendment = { readonly amendmentId: string; readonly divergedBeadId: string; readonly beadIds: readonly string[] };

/** The bead of the divergence that an amendment answers. */
const DIVERGED = sql<string | null>`(SELECT shown.bead_id FROM divergences AS shown
  WHERE shown.session_id = amendments.session_id AND shown.divergence_id = amendments.divergence_id AND +shown.org = amendments.org)`.as("diverged");

/** Adopted amendments of sessions, oldest first. */
export async function adoptedAmendments(reads: OrgReads, sessionIds: readonly string[]): Promise<AdoptedAmendment[][]> {
  const { sessionId, amendmentId, beadIds, state, seq } = amendments;
  const rows = await reads.pick(
    amendments,
    { sessionId, amendmentId, beadIds, DIVERGED },
    { ofSessions: sessionIds, where: and(sql`${state} = 'ADOPTED'`), orderBy: [sql`${seq}`] },
  );
  const bySession = Map.groupBy(rows, (row) => String(row["sessionId"]));
  return sessionIds.map((id) =>
    (bySession.get(id) ?? []).flatMap((row) => {
      const divergedBeadId = row["DIVERGED"];
      if (typeof divergedBeadId !== "string") return [];
      // The projection wrote the column from a list of ids.
      return [{ amendmentId: String(row["amendmentId"]), divergedBeadId, beadIds: JSON.parse(String(row["beadIds"])) as string[] }];
    }),
  );
}

/** The edges of a run's graph. */
export function edgesOf(graph: RunGraph, adopted: readonly AdoptedAmendment[]): RunEdge[] {
  const { dependencies, successions } = graph.view;
  return [
    ...dependencies.map(({ fromBeadId, toBeadId, required }) => ({
      fromBeadId,
      toBeadId,
      kind: "DEPENDENCY" as const,
      required,
      added: graph.wasAdded(fromBeadId) || graph.wasAdded(toBeadId),
      amendmentId: null,
    })),
    ...successions.map((edge) => ({ ...edge, kind: "SUCCESSION" as const, required: false, added: true, amendmentId: null })),
    ...adopted.flatMap(({ amendmentId, divergedBeadId, beadIds }) =>
      beadIds
        .filter((beadId) => beadId !== divergedBeadId)
        .map((toBeadId) => ({ fromBeadId: divergedBeadId, toBeadId, kind: "AMENDMENT" as const, required: false, added: true, amendmentId })),
    ),
  ];
}
