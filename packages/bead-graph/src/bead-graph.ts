/** A bead graph over one object's SQLite: checked writes with their audit beads, heads, and retrieval. Pure over its storage port. */
import type { Log, StoragePort } from "@factory/durable";
import { messageOf } from "@factory/durable";
import { canonicalJson, contentId, FactoryError } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { KnowingState, KnowingStateBead } from "@factory/schemas/rpc";
import { referencesOf, subjectOf, typedContent } from "./bead-content.ts";
import type { BeadContent, BeadType, TypedContent } from "./bead-content.ts";
import { knowingStateOf, termOf } from "./knowing-state.ts";
import type { GoverningType, Head, LineBead } from "./knowing-state.ts";

/** What a graph needs. */
export interface BeadGraphDeps {
  readonly storage: StoragePort;
  /** The organisation; part of every id. */
  readonly org: string;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** What a write answers. */
export type Written = { readonly beadId: string; readonly auditBeadId: string };

/** Canonical content of one bead, in UTF-16 units; a row of the store holds 2 MB. */
export const MAX_CONTENT_CHARS = 256 * 1024;

const GOVERNING: ReadonlySet<BeadType> = new Set<GoverningType>(["policy", "trust", "consent"]);
/** Session of the beads that an organisation starts with. */
const BOOTSTRAP_SESSION = "bootstrap";

type BeadRow = {
  id: string;
  type: BeadType;
  subject: string;
  supersedes: string | null;
  written_by: string;
  written_at: number;
  parents: string;
  content: string;
};
const BEAD_COLUMNS = "id, type, subject, supersedes, written_by, written_at, parents, content";
type Statuses = BeadContent<"amendment">["status"];
/** What a status of an amendment may follow; null is the first bead of it. */
const AMENDMENT_AFTER: { readonly [S in Statuses]: Statuses | null } = { PROPOSED: null, ADOPTED: "PROPOSED", REJECTED: "PROPOSED", SUPERSEDED: "ADOPTED" };

/** One organisation's knowing-state. */
export class BeadGraph {
  readonly #deps: BeadGraphDeps;

  constructor(deps: BeadGraphDeps) {
    this.#deps = deps;
  }

  /**
   * Writes a bead, its edges and its audit bead, all or none. A known id is a no-op.
   *
   * @throws FactoryError INVALID_ARGUMENT for content that does not fit its type; INTEGRITY for a wrong id or a missing
   *   bead; STALE_TARGET when what it supersedes is not the head; TOO_LARGE.
   */
  write(bead: KnowingStateBead, actorId: string, sessionId: string): Written {
    if (bead.type === "audit") throw new FactoryError("INVALID_ARGUMENT", "Audit beads are written by the store alone.");
    if (actorId === "" || sessionId === "") throw new FactoryError("INVALID_ARGUMENT", "A write names its actor and its session.");
    const row = this.#checkedRow(bead);
    const typed = typedContent(bead.type, bead.content);
    return this.#deps.storage.transactionSync(() => {
      const known = this.#row(row.id);
      if (known !== undefined) return { beadId: row.id, auditBeadId: this.#repeated(known, row) };
      this.#checkReferences(row, typed);
      this.#checkSuccession(row, typed);
      this.#insert(row);
      this.#connect(row.id, parentsOf(row), "parent");
      this.#connect(row.id, row.supersedes === null ? [] : [row.supersedes], "supersedes");
      this.#connect(row.id, typed.type === "escalation" ? [typed.content.trigger_bead_id] : [], "escalates");
      return { beadId: row.id, auditBeadId: this.#audit(row, typed, actorId, sessionId) };
    });
  }

  /** The bead, or null. */
  get(id: string): KnowingStateBead | null {
    const row = this.#row(id);
    return row === undefined ? null : toBead(row);
  }

  /**
   * Writes those of the first beads whose subject has none yet, all or none.
   *
   * @returns beads written, audit beads not counted
   * @throws FactoryError INVALID_ARGUMENT for anything but policy, trust and consent; otherwise as {@link BeadGraph.write}
   */
  bootstrap(beads: readonly KnowingStateBead[]): number {
    const other = beads.find(({ type }) => !GOVERNING.has(type));
    if (other !== undefined) throw new FactoryError("INVALID_ARGUMENT", `An organisation starts with policy, trust and consent beads, not with ${other.type}.`);
    return this.#deps.storage.transactionSync(() => {
      const missing = beads.filter(({ type, content }) => this.#tip(type, subjectOf(typedContent(type, content))) === undefined);
      for (const bead of missing) this.write(bead, bead.writtenBy, BOOTSTRAP_SESSION);
      return missing.length;
    });
  }

  /** What governs an agent in a role now. What cannot be read is logged and counts as missing, so it never throws for it. */
  retrieve(role: string, subjectId: string, sessionAutonomy: Autonomy): KnowingState {
    const { org, now } = this.#deps;
    const at = now();
    return knowingStateOf({ org, role, subjectId, sessionAutonomy, now: at }, (type, subject) => this.#head(type, subject, at));
  }

  #checkedRow(bead: KnowingStateBead): BeadRow {
    const expected = contentId("KSB", { kind: bead.type, org: this.#deps.org, content: bead.content, parents: bead.parents });
    const { subject, content } = checkedContent(bead);
    if (bead.id !== expected) throw new FactoryError("INTEGRITY", `The ${bead.type} bead ${bead.id} has content with the id ${expected}.`, { id: bead.id });
    return {
      id: bead.id,
      type: bead.type,
      subject,
      supersedes: bead.supersedes ?? null,
      written_by: bead.writtenBy,
      written_at: bead.writtenAt,
      // Sorted and each once, as they are in the hash.
      parents: JSON.stringify([...new Set(bead.parents)].sort()),
      content,
    };
  }

  #repeated(known: BeadRow, row: BeadRow): string {
    if (known.supersedes !== row.supersedes) {
      throw new FactoryError("INTEGRITY", `Bead ${row.id} is there and supersedes ${known.supersedes ?? "nothing"}.`, { id: row.id });
    }
    const audit = this.#deps.storage.sql.exec<{ child: string }>("SELECT child FROM bead_edges WHERE parent = ? AND rel = 'audits'", row.id).toArray()[0];
    if (audit === undefined) throw new FactoryError("INTEGRITY", `Bead ${row.id} has no audit bead.`);
    return audit.child;
  }

  #checkReferences(row: BeadRow, typed: TypedContent): void {
    const references = referencesOf(typed);
    const needed = [...parentsOf(row), ...references.map(({ id }) => id)];
    const rows = this.#deps.storage.sql
      .exec<{ id: string; type: string }>("SELECT id, type FROM beads WHERE id IN (SELECT value FROM json_each(?))", JSON.stringify(needed))
      .toArray();
    const types = new Map(rows.map(({ id, type }) => [id, type]));
    const missing = needed.find((id) => !types.has(id));
    if (missing !== undefined) throw new FactoryError("INTEGRITY", `Bead ${missing}, which ${row.id} refers to, does not exist.`, { missing });
    const wrong = references.find(({ id, type }) => type !== null && types.get(id) !== type);
    if (wrong !== undefined)
      throw new FactoryError("INTEGRITY", `Bead ${wrong.id} is a ${types.get(wrong.id)} bead, not a ${wrong.type} bead.`, { id: wrong.id });
  }

  /** A line of succession has one head, and only the head is superseded. */
  #checkSuccession(row: BeadRow, typed: TypedContent): void {
    const target = row.supersedes === null ? undefined : this.#row(row.supersedes);
    if (target !== undefined && (target.type !== row.type || target.subject !== row.subject)) {
      throw new FactoryError("INVALID_ARGUMENT", `A ${row.type} bead for ${row.subject} cannot supersede a ${target.type} bead for ${target.subject}.`);
    }
    if (target !== undefined && this.#successorOf(target.id) !== undefined) throw stale(row, this.#successorOf(target.id));
    if (target === undefined && GOVERNING.has(row.type)) {
      const tip = this.#tip(row.type, row.subject);
      if (tip !== undefined) throw stale(row, tip.id);
    }
    if (typed.type === "consent" && typed.content.revokes !== undefined && typed.content.revokes !== row.supersedes) {
      throw new FactoryError("INVALID_ARGUMENT", "`revokes` names another bead than `supersedes`.");
    }
    if (typed.type === "amendment") checkAmendmentStep(typed.content.status, target);
  }

  #successorOf(id: string): string | undefined {
    return this.#deps.storage.sql.exec<{ id: string }>("SELECT id FROM beads WHERE supersedes = ?", id).toArray()[0]?.id;
  }

  #insert(row: BeadRow): void {
    this.#deps.storage.sql.exec(
      `INSERT INTO beads (${BEAD_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
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

  #connect(child: string, parents: readonly string[], rel: "parent" | "supersedes" | "audits" | "escalates"): void {
    for (const parent of parents) this.#deps.storage.sql.exec("INSERT INTO bead_edges (child, parent, rel) VALUES (?, ?, ?)", child, parent, rel);
  }

  #audit(row: BeadRow, typed: TypedContent, actorId: string, sessionId: string): string {
    const content: BeadContent<"audit"> = {
      audited_bead_id: row.id as BeadContent<"audit">["audited_bead_id"],
      audited_type: row.type,
      action: auditAction(typed, row.supersedes !== null),
      actor_id: actorId,
      session_id: sessionId,
    };
    const id = contentId("KSB", { kind: "audit", org: this.#deps.org, content, parents: [row.id] });
    const written = { written_by: actorId, written_at: this.#deps.now() };
    this.#insert({ id, type: "audit", subject: row.id, supersedes: null, ...written, parents: JSON.stringify([row.id]), content: canonicalJson(content) });
    this.#connect(id, [row.id], "parent");
    this.#connect(id, [row.id], "audits");
    return id;
  }

  #row(id: string): BeadRow | undefined {
    return this.#deps.storage.sql.exec<BeadRow>(`SELECT ${BEAD_COLUMNS} FROM beads WHERE id = ?`, id).toArray()[0];
  }

  #tip(type: BeadType, subject: string): BeadRow | undefined {
    return this.#deps.storage.sql
      .exec<BeadRow>(`SELECT ${BEAD_COLUMNS} FROM beads WHERE type = ? AND subject = ? ORDER BY position DESC LIMIT 1`, type, subject)
      .toArray()[0];
  }

  #head<T extends GoverningType>(type: T, subject: string, now: number): Head<T> {
    let tip: string | null = null;
    try {
      const last = this.#tip(type, subject);
      tip = last?.id ?? null;
      return { type, subject, tip, active: this.#activeIn(type, last, now), unreadable: false };
    } catch (err) {
      this.#deps.log.event({
        op: "knowing-state.head",
        outcome: "failed",
        durationMs: 0,
        ids: { org: this.#deps.org, type, subject },
        fields: { error: messageOf(err) },
      });
      return { type, subject, tip, active: null, unreadable: true };
    }
  }

  /** The bead in force: the last one that has taken effect, unless its status or expiry says otherwise. */
  #activeIn<T extends GoverningType>(type: T, last: BeadRow | undefined, now: number): LineBead<T> | null {
    for (let row = last; row !== undefined; row = row.supersedes === null ? undefined : this.#row(row.supersedes)) {
      // The cast narrows to the type that was asked for, by which the row was selected.
      const typed = typedContent(type, JSON.parse(row.content)) as Extract<TypedContent, { type: GoverningType }>;
      const { from, until, granted } = termOf(typed);
      // Until it takes effect, what it supersedes counts. Nothing falls back to a predecessor for any other reason.
      if (from > now) continue;
      return granted && until > now ? { id: row.id, content: typed.content as BeadContent<T> } : null;
    }
    return null;
  }
}

function checkedContent(bead: KnowingStateBead): { readonly subject: string; readonly content: string } {
  const subject = subjectOf(typedContent(bead.type, bead.content));
  const content = canonicalJson(bead.content);
  if (content.length > MAX_CONTENT_CHARS) {
    throw new FactoryError("TOO_LARGE", `Bead ${bead.id} has ${content.length} characters of content; it may have ${MAX_CONTENT_CHARS}.`, {
      limit: MAX_CONTENT_CHARS,
    });
  }
  if (bead.writtenBy === "" || !Number.isSafeInteger(bead.writtenAt))
    throw new FactoryError("INVALID_ARGUMENT", "A bead says who wrote it and when, in epoch milliseconds.");
  if (bead.supersedes !== undefined && !bead.parents.includes(bead.supersedes)) {
    // Otherwise the same content, approved again after a suspension, would have the id of the first approval.
    throw new FactoryError("INVALID_ARGUMENT", "A bead has what it supersedes among its parents.");
  }
  return { subject, content };
}

function stale(row: BeadRow, head: string | undefined): FactoryError {
  return new FactoryError("STALE_TARGET", `The ${row.type} bead for ${row.subject} is now ${head ?? "another one"}; supersede that one.`, {
    head: head ?? null,
  });
}

function checkAmendmentStep(status: Statuses, target: BeadRow | undefined): void {
  // The cast holds: the stored content was parsed as an amendment's when it was written.
  const before = target === undefined ? null : (JSON.parse(target.content) as BeadContent<"amendment">).status;
  if (AMENDMENT_AFTER[status] === before) return;
  throw new FactoryError("FAILED_PRECONDITION", `An amendment cannot go from ${before ?? "nothing"} to ${status}.`);
}

function auditAction({ type, content }: TypedContent, supersedes: boolean): BeadContent<"audit">["action"] {
  if (type === "consent") return content.status === "ACTIVE" ? "CONSENT_GRANT" : "CONSENT_REVOKE";
  if (type === "escalation") return "ESCALATE";
  return supersedes ? "SUPERSEDE" : "CREATE";
}

function parentsOf(row: BeadRow): string[] {
  // The cast holds: `#checkedRow` wrote the text.
  return JSON.parse(row.parents) as string[];
}

function toBead(row: BeadRow): KnowingStateBead {
  return {
    id: row.id,
    type: row.type,
    // The cast holds: only `write` stores content, and it is an object.
    content: JSON.parse(row.content) as KnowingStateBead["content"],
    parents: parentsOf(row),
    ...(row.supersedes === null ? {} : { supersedes: row.supersedes }),
    writtenBy: row.written_by,
    writtenAt: row.written_at,
  };
}
