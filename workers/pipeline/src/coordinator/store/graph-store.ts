/** How the run's graph has changed since its seed, as rows: amendments, which beads took whose place, and merge beads. */
import type { SqlPort } from "@factory/durable";
import type { BeadState, Priority } from "@factory/schemas";
import type { AmendableBead, GraphEdge } from "../graph-amendments.ts";
import { countOf, rowsOf } from "./rows.ts";

/** What is known of a bead that resolves a conflict. */
export type MergeRow = {
  /** Merge beads in a row that led to it, itself included. */
  readonly depth: number;
  /** True when a person has to agree to its result, because the agent whose change set is in it may not act alone. */
  readonly leaveRequired: boolean;
};

/** The tables of the graph's changes. */
export class GraphStore {
  readonly #sql: SqlPort;
  readonly #edgesChanged: () => void;

  /** @param edgesChanged - called when a dependency between beads that were there before comes or goes */
  constructor(sql: SqlPort, edgesChanged: () => void) {
    this.#sql = sql;
    this.#edgesChanged = edgesChanged;
  }

  /** How urgent the run's beads are that say nothing of it themselves. */
  priority(): Priority {
    // The cast holds: only `keepSeed` writes the column.
    return (rowsOf<{ priority: string }>(this.#sql, "SELECT priority FROM run")[0]?.priority ?? "normal") as Priority;
  }

  /** Notes how urgent the run is, and how many beads its seed has. */
  keepSeed(priority: Priority, beads: number): void {
    this.#sql.exec("UPDATE run SET priority = ?, seeded_beads = ?", priority, beads);
  }

  /** Every bead with what it waits for. Its cost grows with the run: only an amendment reads it. */
  amendable(): AmendableBead[] {
    const dependsOn = new Map<string, { readonly beadId: string; readonly required: boolean }[]>();
    for (const { child_id: child, parent_id: beadId, required } of rowsOf<{ child_id: string; parent_id: string; required: number }>(
      this.#sql,
      "SELECT child_id, parent_id, required FROM bead_edges",
    )) {
      const known = dependsOn.get(child);
      if (known === undefined) dependsOn.set(child, [{ beadId, required: required === 1 }]);
      else known.push({ beadId, required: required === 1 });
    }
    type Row = { bead_id: string; atom_id: string; molecule_id: string; outcome: number; state: string; claim_refs: string };
    return rowsOf<Row>(
      this.#sql,
      "SELECT bead_id, atom_id, molecule_id, outcome, state, body -> '$.claimRefs' AS claim_refs FROM beads JOIN directives USING (bead_id) ORDER BY position",
    ).map((row) => ({
      beadId: row.bead_id,
      atomId: row.atom_id,
      moleculeId: row.molecule_id,
      outcome: row.outcome === 1,
      // The casts hold: the table's CHECK lists the states, and directives were parsed before they were stored.
      state: row.state as BeadState,
      claimRefs: JSON.parse(row.claim_refs) as string[],
      dependsOn: dependsOn.get(row.bead_id) ?? [],
    }));
  }

  /** Digest of an amendment that was carried out, or null. */
  amendmentDigest(amendmentId: string): string | null {
    return rowsOf<{ digest: string }>(this.#sql, "SELECT digest FROM graph_amendments WHERE amendment_id = ?", amendmentId)[0]?.digest ?? null;
  }

  keepAmendment(amendmentId: string, digest: string): void {
    this.#sql.exec("INSERT INTO graph_amendments (amendment_id, digest) VALUES (?, ?)", amendmentId, digest);
  }

  /** The position behind the last bead. */
  nextPosition(): number {
    return countOf(this.#sql, "SELECT coalesce(max(position), -1) + 1 AS n FROM beads");
  }

  /** Beads that wait for a bead, or waited for it. */
  dependantsOf(beadId: string): Omit<GraphEdge, "parentId">[] {
    return rowsOf<{ child_id: string; required: number }>(
      this.#sql,
      "SELECT child_id, required FROM bead_edges WHERE parent_id = ? ORDER BY child_id",
      beadId,
    ).map((row) => ({ childId: row.child_id, required: row.required === 1 }));
  }

  removeEdge({ childId, parentId }: Omit<GraphEdge, "required">): void {
    this.#sql.exec("DELETE FROM bead_edges WHERE child_id = ? AND parent_id = ?", childId, parentId);
    this.#edgesChanged();
  }

  addEdge({ childId, parentId, required }: GraphEdge): void {
    this.#sql.exec("INSERT INTO bead_edges (child_id, parent_id, required) VALUES (?, ?, ?)", childId, parentId, required ? 1 : 0);
    this.#edgesChanged();
  }

  /** Notes that beads took another's place. */
  supersede(beadId: string, by: readonly string[]): void {
    for (const successorId of by) this.#sql.exec("INSERT INTO successors (bead_id, successor_id) VALUES (?, ?)", beadId, successorId);
  }

  /** The beads that are in the place of these now, each once and in seed order: themselves where nothing took their place. */
  standingFor(beadIds: readonly string[]): string[] {
    return rowsOf<{ bead_id: string }>(
      this.#sql,
      `WITH RECURSIVE line (bead_id) AS (
         SELECT value FROM json_each(?) UNION SELECT successor_id FROM successors JOIN line USING (bead_id)
       ) SELECT bead_id FROM beads JOIN line USING (bead_id)
         WHERE NOT EXISTS (SELECT 1 FROM successors s WHERE s.bead_id = line.bead_id) ORDER BY position`,
      JSON.stringify(beadIds),
    ).map((row) => row.bead_id);
  }

  /**
   * What a re-opening touches, in words of whoever compiled the run: the seeded beads in whose place the given ones are, in
   * seed order. Beads that were added beside them are re-opened with what they wait for.
   */
  seededFor(beadIds: readonly string[]): string[] {
    return rowsOf<{ bead_id: string }>(
      this.#sql,
      `WITH RECURSIVE line (bead_id) AS (
         SELECT value FROM json_each(?) UNION SELECT s.bead_id FROM successors s JOIN line ON s.successor_id = line.bead_id
       ) SELECT bead_id FROM beads JOIN line USING (bead_id)
         WHERE NOT EXISTS (SELECT 1 FROM successors s WHERE s.successor_id = line.bead_id)
           AND position < (SELECT seeded_beads FROM run) ORDER BY position`,
      JSON.stringify(beadIds),
    ).map((row) => row.bead_id);
  }

  keepMerge(beadId: string, { depth, leaveRequired }: MergeRow): void {
    this.#sql.exec("INSERT INTO merges (bead_id, depth, leave_required) VALUES (?, ?, ?)", beadId, depth, leaveRequired ? 1 : 0);
  }

  /** What is known of a merge bead; null for any other bead. */
  merge(beadId: string): MergeRow | null {
    const [row] = rowsOf<{ depth: number; leave_required: number }>(this.#sql, "SELECT depth, leave_required FROM merges WHERE bead_id = ?", beadId);
    return row === undefined ? null : { depth: row.depth, leaveRequired: row.leave_required === 1 };
  }
}
