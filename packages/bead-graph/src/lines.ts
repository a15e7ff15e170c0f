/**
 * Lines of succession as they stand at a moment. A bead counts only when what is stored still has the bead's id: a row
 * that was changed is not readable, whatever it says.
 */
import { messageOf } from "@factory/durable";
import type { Log } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import { subjectOf, typedContent } from "./bead-content.ts";
import type { BeadContent } from "./bead-content.ts";
import { toBead } from "./bead-rows.ts";
import type { BeadRow, BeadRows } from "./bead-rows.ts";
import { termOf } from "./knowing-state.ts";
import type { GoverningContent, GoverningType, Head, LineBead, Term } from "./knowing-state.ts";

/** What reading lines needs. */
export interface LinesDeps {
  readonly rows: BeadRows;
  readonly org: string;
  readonly log: Log;
}

type Read = { readonly row: BeadRow; readonly typed: GoverningContent; readonly term: Term };

/** Heads that are kept parsed: those of about forty roles. */
const KEPT = 128;
/** Longer content is parsed each time, so that what is kept stays under 2 MiB. */
const KEPT_CONTENT_CHARS = 8 * 1024;

/** Reads lines. */
export class Lines {
  readonly #deps: LinesDeps;
  /** Not persisted: governing beads as parsed, by id; used only while the stored row is the same to the letter. */
  readonly #kept = new Map<string, Read>();

  constructor(deps: LinesDeps) {
    this.#deps = deps;
  }

  /** The head of a line; what cannot be read is logged and said, never thrown and never passed over. */
  head<T extends GoverningType>(type: T, subject: string, now: number): Head<T> {
    let tip: string | null = null;
    try {
      const last = this.#deps.rows.tip({ type, subject });
      tip = last?.id ?? null;
      const active = this.#activeIn<T>(last, now);
      return { type, subject, tip, active, standing: tip === null ? "missing" : active === null ? "inactive" : "active" };
    } catch (err) {
      this.#deps.log.event({
        op: "knowing-state.head",
        outcome: "failed",
        durationMs: 0,
        ids: { org: this.#deps.org, type, subject },
        fields: { error: messageOf(err) },
      });
      return { type, subject, tip, active: null, standing: "unreadable" };
    }
  }

  /**
   * How many beads from this one back have not taken effect yet.
   *
   * @throws FactoryError INTEGRITY when one of them cannot be read.
   */
  scheduledFrom(last: BeadRow, now: number): number {
    let scheduled = 0;
    for (let row: BeadRow | undefined = last; row !== undefined && this.#read(row).term.from > now; row = this.#superseded(row)) scheduled += 1;
    return scheduled;
  }

  /** The bead in force: the last one that has taken effect, unless its status or expiry says otherwise. */
  #activeIn<T extends GoverningType>(last: BeadRow | undefined, now: number): LineBead<T> | null {
    for (let row = last; row !== undefined; row = this.#superseded(row)) {
      const { typed, term } = this.#read(row);
      // Until it takes effect, what it supersedes counts. Nothing falls back to a predecessor for any other reason.
      if (term.from > now) continue;
      // The cast narrows to the type by which the line was selected.
      return term.granted && term.until > now ? { id: row.id, content: typed.content as BeadContent<T> } : null;
    }
    return null;
  }

  #superseded(row: BeadRow): BeadRow | undefined {
    return row.supersedes === null ? undefined : this.#deps.rows.byId(row.supersedes);
  }

  #read(row: BeadRow): Read {
    const kept = this.#kept.get(row.id);
    if (kept !== undefined && isSame(kept.row, row)) return kept;
    const { type, content } = toBead(row, this.#deps.org);
    const typed = typedContent(type, content);
    if (subjectOf(typed) !== row.subject) throw new FactoryError("INTEGRITY", `Bead ${row.id} is stored in the line of ${row.subject}.`);
    // The cast holds: lines are read for governing types alone, and a line holds beads of its type.
    const read = { row, typed: typed as GoverningContent, term: termOf(typed as GoverningContent) };
    if (row.content.length <= KEPT_CONTENT_CHARS) this.#keep(read);
    return read;
  }

  #keep(read: Read): void {
    const oldest = this.#kept.size < KEPT ? undefined : this.#kept.keys().next().value;
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(read.row.id, read);
  }
}

function isSame(kept: BeadRow, row: BeadRow): boolean {
  return (
    kept.type === row.type && kept.subject === row.subject && kept.supersedes === row.supersedes && kept.parents === row.parents && kept.content === row.content
  );
}
