/** What the dispatch gate compares of a run's beads, as rows that a bead's own steps never change: their teams, and which of them only read. */
import { isResearch } from "@factory/schemas";
import type { AtomDirective } from "@factory/schemas";
import { uncontractedTools } from "../dispatch-gate.ts";
import type { ResearchBead } from "../dispatch-gate.ts";
import type { HeldWrites } from "./held-writes.ts";
import { Remembered } from "./remembered.ts";
import { countOf, rowsOf } from "./rows.ts";

/** What is looked at of a bead. */
type WatchedBead = { readonly beadId: string; readonly outcome: boolean; readonly directive: AtomDirective };

/** The tables of teams and research, written when a bead is new or is given another directive. */
export class WatchedBeads {
  readonly #sql: HeldWrites;
  readonly #teams: Remembered<ReadonlySet<string>>;
  /** Beads that only read, cancelled ones left out. */
  readonly #research: Remembered<readonly ResearchBead[]>;

  constructor(sql: HeldWrites) {
    this.#sql = sql;
    this.#teams = new Remembered(() => new Set(rowsOf<{ team: string }>(sql.past, "SELECT team FROM bead_teams").map(({ team }) => team)));
    this.#research = new Remembered(() => this.#readResearch());
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#teams.forget();
    this.#research.forget();
  }

  /** Teams that beads of the run have or had: a clearance names one also when its last bead was superseded. */
  teams(): ReadonlySet<string> {
    return this.#teams.get();
  }

  /** Beads that only read, in seed order. */
  research(): readonly ResearchBead[] {
    return this.#research.get();
  }

  /** Looks at beads that are new to the run, or have another directive. Their rows are there. */
  note(beads: readonly WatchedBead[]): void {
    const known = this.#teams.get();
    const teams = new Set(beads.map(({ directive }) => directive.team).filter((team) => !known.has(team)));
    for (const team of teams) this.#sql.past.exec("INSERT INTO bead_teams (team) VALUES (?)", team);
    if (teams.size > 0) this.#teams.forget();
    for (const bead of beads) this.#noteResearch(bead);
  }

  /** A bead is cancelled, or is one of the run again. */
  noteCancelled(beadId: string): void {
    if (this.#isResearch(beadId)) this.#research.forget();
  }

  #noteResearch({ beadId, outcome, directive }: WatchedBead): void {
    if (isResearch({ outcome, directive })) {
      const tools = JSON.stringify(uncontractedTools(directive));
      this.#sql.past.exec(
        "INSERT INTO research_beads (bead_id, uncontracted) VALUES (?, ?) ON CONFLICT (bead_id) DO UPDATE SET uncontracted = excluded.uncontracted",
        beadId,
        tools,
      );
    } else if (this.#isResearch(beadId)) this.#sql.past.exec("DELETE FROM research_beads WHERE bead_id = ?", beadId);
    else return;
    this.#research.forget();
  }

  /** In most runs no bead is, and no row is asked for. */
  #isResearch(beadId: string): boolean {
    if (this.#research.get().length === 0) return false;
    return countOf(this.#sql.past, "SELECT count(*) AS n FROM research_beads WHERE bead_id = ?", beadId) > 0;
  }

  #readResearch(): readonly ResearchBead[] {
    const rows = rowsOf<{ bead_id: string; uncontracted: string }>(
      this.#sql,
      "SELECT r.bead_id, r.uncontracted FROM research_beads r JOIN beads b USING (bead_id) WHERE b.state <> 'CANCELLED' ORDER BY b.position",
    );
    // The cast holds: only `note` and the table's migration write the column.
    return rows.map((row) => ({ beadId: row.bead_id, uncontracted: JSON.parse(row.uncontracted) as string[] }));
  }
}
