/** Rows of a bead graph, as the tables hold them, and the statements over them. Every one of them is led by an index. */
import type { SqlPort } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import type { BeadLine, KnowingStateBead } from "@factory/schemas/rpc";
import type { BeadType } from "./bead-content.ts";
import { knowingStateBeadId } from "./bead-id.ts";

/** A stored bead. */
export type BeadRow = {
  id: string;
  type: BeadType;
  subject: string;
  supersedes: string | null;
  written_by: string;
  written_at: number;
  /** JSON array, sorted, each once. */
  parents: string;
  /** Canonical JSON. */
  content: string;
};

/** A stored bead at its place in the order of writing. */
export type PlacedRow = BeadRow & { position: number };

/** A relation between two beads: the later one, the earlier one, and what the later one is to it. */
export type Edge = readonly [child: string, parent: string, rel: "parent" | "supersedes" | "audits" | "escalates"];

/** Types whose beads are open until another supersedes them. */
export type OpenType = "amendment" | "escalation";

/** Before every bead that will ever be there. */
export const NO_POSITION = Number.MAX_SAFE_INTEGER;

const COLUMNS = "id, type, subject, supersedes, written_by, written_at, parents, content";
const PLACED = `position, ${COLUMNS}`;
/** Every bead's columns from the join with the open ones, which lead. */
const OPEN = `SELECT ${PLACED.split(", ")
  .map((column) => `b.${column}`)
  .join(", ")} FROM open_beads AS o CROSS JOIN beads AS b ON b.position = o.position`;

/** The statements of one graph. */
export class BeadRows {
  readonly #sql: SqlPort;

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  /** The bead of an id. */
  byId(id: string): PlacedRow | undefined {
    return this.#sql.exec<PlacedRow>(`SELECT ${PLACED} FROM beads WHERE id = ?`, id).toArray()[0];
  }

  /** The last bead of a line. */
  tip({ type, subject }: BeadLine): PlacedRow | undefined {
    return this.before({ type, subject }, NO_POSITION, 1)[0];
  }

  /** Beads of a line that were written before a position, newest first. */
  before({ type, subject }: BeadLine, position: number, limit: number): PlacedRow[] {
    return this.#sql
      .exec<PlacedRow>(
        `SELECT ${PLACED} FROM beads WHERE type = ? AND subject = ? AND position < ? ORDER BY position DESC LIMIT ?`,
        type,
        subject,
        position,
        limit,
      )
      .toArray();
  }

  /** Open beads of a type that were written before a position, newest first; of one thing they are about when it is given. */
  openBefore(type: OpenType, about: string | undefined, position: number, limit: number): PlacedRow[] {
    const rest = "AND o.position < ? ORDER BY o.position DESC LIMIT ?";
    if (about === undefined) return this.#sql.exec<PlacedRow>(`${OPEN} WHERE o.type = ? ${rest}`, type, position, limit).toArray();
    return this.#sql.exec<PlacedRow>(`${OPEN} WHERE o.type = ? AND o.about = ? ${rest}`, type, about, position, limit).toArray();
  }

  /** Id of the bead that supersedes another. */
  successorOf(id: string): string | undefined {
    return this.#sql.exec<{ id: string }>("SELECT id FROM beads WHERE supersedes = ?", id).toArray()[0]?.id;
  }

  /** Id of a bead's audit bead. */
  auditOf(id: string): string | undefined {
    return this.#sql.exec<{ child: string }>("SELECT child FROM bead_edges WHERE parent = ? AND rel = 'audits'", id).toArray()[0]?.child;
  }

  /** Types of the beads among the ids that exist. */
  typesOf(ids: readonly string[]): ReadonlyMap<string, BeadType> {
    const rows = this.#sql
      .exec<{ id: string; type: BeadType }>("SELECT id, type FROM beads WHERE id IN (SELECT value FROM json_each(?))", JSON.stringify(ids))
      .toArray();
    return new Map(rows.map(({ id, type }) => [id, type]));
  }

  /** Adds beads in order, then the edges between them and others. */
  insert(rows: readonly BeadRow[], edges: readonly Edge[]): void {
    for (const row of rows) {
      // One a statement: in an insert of several rows SQLite looks every new bead up as a parent that was waited for.
      this.#sql.exec(
        `INSERT INTO beads (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        row.id,
        row.type,
        row.subject,
        row.supersedes,
        row.written_by,
        row.written_at,
        row.parents,
        row.content,
      );
    }
    this.#sql.exec("INSERT INTO bead_edges (child, parent, rel) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)", JSON.stringify(edges));
  }

  /** Puts a bead among the open ones. */
  open(id: string, about: string): void {
    this.#sql.exec("INSERT INTO open_beads (position, type, about) SELECT position, type, ? FROM beads WHERE id = ?", about, id);
  }

  /** Takes a bead from the open ones; nothing happens when it is not among them. */
  close(position: number): void {
    this.#sql.exec("DELETE FROM open_beads WHERE position = ?", position);
  }
}

/**
 * A row as the bead that it is.
 *
 * @param org - the organisation; part of the id
 * @throws FactoryError INTEGRITY when the stored text does not have the bead's id: it is not what was written.
 */
export function toBead(row: BeadRow, org: string): KnowingStateBead {
  const { content, parents } = contentOf(row);
  if (knowingStateBeadId(org, row.type, content, parents) !== row.id || (row.supersedes !== null && !parents.includes(row.supersedes))) {
    throw new FactoryError("INTEGRITY", `What is stored as ${row.type} bead ${row.id} is not what was written.`, { id: row.id });
  }
  return {
    id: row.id,
    type: row.type,
    content,
    parents,
    ...(row.supersedes === null ? {} : { supersedes: row.supersedes }),
    writtenBy: row.written_by,
    writtenAt: row.written_at,
  };
}

function contentOf(row: BeadRow): Pick<KnowingStateBead, "content" | "parents"> {
  try {
    // The casts hold for what `insert` was given; anything else has another id, and that is what the caller checks.
    return { content: JSON.parse(row.content) as KnowingStateBead["content"], parents: JSON.parse(row.parents) as string[] };
  } catch (err) {
    throw new FactoryError("INTEGRITY", `What is stored as ${row.type} bead ${row.id} cannot be read: ${String(err)}`, { id: row.id });
  }
}
