/** A bead graph over one object's SQLite: checked writes with their audit beads, heads, and retrieval. Pure over its storage port. */
import type { Log, StoragePort } from "@factory/durable";
import { canonicalJson, FactoryError } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { BeadLine, KnowingState, KnowingStateBead, KnowingStateSnapshot, RetrievalFence } from "@factory/schemas/rpc";
import { referencesOf, subjectOf, typedContent } from "./bead-content.ts";
import type { BeadContent, TypedContent } from "./bead-content.ts";
import { knowingStateBeadId } from "./bead-id.ts";
import { BeadRows, NO_POSITION, toBead } from "./bead-rows.ts";
import type { BeadRow, Edge, OpenType, PlacedRow } from "./bead-rows.ts";
import { headsContent, headsDigestOf, headsFor, knowingStateOf, snapshotOf, termOf } from "./knowing-state.ts";
import type { Heads } from "./knowing-state.ts";
import { Lines } from "./lines.ts";
import { auditAction, canBeOpen, checkExecution, checkLine, checkStep, isGoverning, MAX_SCHEDULED, openAbout, staleLine } from "./succession.ts";

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
/** Beads of one write: with their audit beads a transaction of some thousand rows. */
export const MAX_BEADS_PER_WRITE = 100;
/** Beads of one answer. */
export const MAX_PAGE_BEADS = 1_000;
/** Content of the beads of one answer, in UTF-16 units: at most a quarter of the 32 MiB of an RPC message. */
export const MAX_ANSWER_CHARS = 4 * 1024 * 1024;

/** Beads read by one statement: with the largest content that is 8 MiB. */
const READ_CHUNK = 16;
const DEFAULT_PAGE_BEADS = 100;
/** Digests of heads that are kept: those of about forty agents, under 100 KB. */
const KEPT_DIGESTS = 64;
/** Session of the beads that an organisation starts with. */
const BOOTSTRAP_SESSION = "bootstrap";

type Checked = { readonly row: BeadRow; readonly typed: TypedContent };

/** One organisation's knowing-state. */
export class BeadGraph {
  readonly #deps: BeadGraphDeps;
  readonly #rows: BeadRows;
  readonly #lines: Lines;
  /** Not persisted: digests of heads by what they are the digest of. */
  readonly #digests = new Map<string, string>();

  constructor(deps: BeadGraphDeps) {
    this.#deps = deps;
    this.#rows = new BeadRows(deps.storage.sql);
    this.#lines = new Lines({ rows: this.#rows, org: deps.org, log: deps.log });
  }

  /**
   * Writes a bead, its edges and its audit bead, all or none. A known id is a no-op, whatever the fence says.
   *
   * @param fence - the retrieval that the write rests on; its heads are compared inside the transaction
   * @throws FactoryError INVALID_ARGUMENT for content that does not fit its type; INTEGRITY for a wrong id or a missing
   *   bead; STALE_TARGET when what it supersedes is not the head, when an execution rests on what does not govern any more,
   *   or with `{ headsDigest }` when the heads of the fence have moved; GOVERNANCE_VIOLATION for an execution above what
   *   governs; FAILED_PRECONDITION for a step that its type does not have; TOO_LARGE.
   */
  write(bead: KnowingStateBead, actorId: string, sessionId: string, fence?: RetrievalFence): Written {
    const checked = this.#checked(bead, actorId, sessionId);
    return this.#deps.storage.transactionSync(() => this.#writeOne(checked, actorId, sessionId, fence));
  }

  /**
   * Writes several beads in order, all or none; a later one may rest on an earlier one.
   *
   * @throws FactoryError as {@link BeadGraph.write}; TOO_LARGE for more than {@link MAX_BEADS_PER_WRITE}
   */
  writeAll(beads: readonly KnowingStateBead[], actorId: string, sessionId: string): readonly Written[] {
    if (beads.length > MAX_BEADS_PER_WRITE) {
      throw new FactoryError("TOO_LARGE", `One write has ${beads.length} beads; it may have ${MAX_BEADS_PER_WRITE}.`, { limit: MAX_BEADS_PER_WRITE });
    }
    const checked = beads.map((bead) => this.#checked(bead, actorId, sessionId));
    return this.#deps.storage.transactionSync(() => checked.map((one) => this.#writeOne(one, actorId, sessionId)));
  }

  /** The bead, or null. @throws FactoryError INTEGRITY when what is stored is not what was written. */
  get(id: string): KnowingStateBead | null {
    return this.#beadOrNull(this.#rows.byId(id));
  }

  /** The last bead of a line, in force or not, or null. @throws FactoryError INTEGRITY as {@link BeadGraph.get}. */
  tip(line: BeadLine): KnowingStateBead | null {
    return this.#beadOrNull(this.#rows.tip(line));
  }

  /**
   * The beads of a line, newest first, strictly before `beforeId`; fewer than `limit` when they are large.
   *
   * @param limit - 1 to {@link MAX_PAGE_BEADS}
   * @throws FactoryError INVALID_ARGUMENT for the limit, NOT_FOUND for a `beforeId` that is not in the line, INTEGRITY
   */
  history(line: BeadLine, limit: number = DEFAULT_PAGE_BEADS, beforeId?: string): KnowingStateBead[] {
    return this.#page(limit, this.#positionIn(line, beforeId), (position, count) => this.#rows.before(line, position, count));
  }

  /** Amendments that are PROPOSED and that nothing supersedes, newest first. @throws FactoryError as {@link BeadGraph.history}. */
  openAmendments(targetId?: string, limit: number = DEFAULT_PAGE_BEADS): KnowingStateBead[] {
    return this.#open("amendment", targetId, limit);
  }

  /** Escalations that are not resolved and that nothing supersedes, newest first. @throws FactoryError as {@link BeadGraph.history}. */
  openEscalations(limit: number = DEFAULT_PAGE_BEADS): KnowingStateBead[] {
    return this.#open("escalation", undefined, limit);
  }

  /**
   * Writes those of the first beads whose subject has none yet, all or none.
   *
   * @returns beads written, audit beads not counted
   * @throws FactoryError INVALID_ARGUMENT for anything but policy, trust and consent; otherwise as {@link BeadGraph.write}
   */
  bootstrap(beads: readonly KnowingStateBead[]): number {
    const other = beads.find(({ type }) => !isGoverning(type));
    if (other !== undefined) throw new FactoryError("INVALID_ARGUMENT", `An organisation starts with policy, trust and consent beads, not with ${other.type}.`);
    return this.#deps.storage.transactionSync(() => {
      const missing = beads.filter(({ type, content }) => this.#rows.tip({ type, subject: subjectOf(typedContent(type, content)) }) === undefined);
      for (const bead of missing) this.write(bead, bead.writtenBy, BOOTSTRAP_SESSION);
      return missing.length;
    });
  }

  /** Digest of the heads that govern an agent in a role now; the same as that of {@link BeadGraph.snapshot}. */
  heads(role: string, subjectId: string): string {
    return this.#digestOf(this.#heads(role, subjectId));
  }

  /** What governs an agent in a role now, whoever asks. What cannot be read is logged and said, so it never throws for it. */
  snapshot(role: string, subjectId: string): KnowingStateSnapshot {
    const heads = this.#heads(role, subjectId);
    return snapshotOf(role, subjectId, heads, this.#digestOf(heads));
  }

  /** What governs an agent in a role and a session now. */
  retrieve(role: string, subjectId: string, sessionAutonomy: Autonomy): KnowingState {
    return knowingStateOf(this.snapshot(role, subjectId), sessionAutonomy, this.#deps.org, this.#deps.now());
  }

  #heads(role: string, subjectId: string): Heads {
    const now = this.#deps.now();
    return headsFor(role, subjectId, (type, subject) => this.#lines.head(type, subject, now));
  }

  /** The digest of heads; the same heads are asked for with each tool call of each agent. */
  #digestOf(heads: Heads): string {
    const text = JSON.stringify(headsContent(heads));
    const known = this.#digests.get(text);
    if (known !== undefined) return known;
    const digest = headsDigestOf(heads);
    const oldest = this.#digests.size < KEPT_DIGESTS ? undefined : this.#digests.keys().next().value;
    if (oldest !== undefined) this.#digests.delete(oldest);
    this.#digests.set(text, digest);
    return digest;
  }

  #checked(bead: KnowingStateBead, actorId: string, sessionId: string): Checked {
    if (bead.type === "audit") throw new FactoryError("INVALID_ARGUMENT", "Audit beads are written by the store alone.");
    if (actorId === "" || sessionId === "") throw new FactoryError("INVALID_ARGUMENT", "A write names its actor and its session.");
    const typed = typedContent(bead.type, bead.content);
    const content = checkedContent(bead);
    const expected = knowingStateBeadId(this.#deps.org, bead.type, bead.content, bead.parents);
    if (bead.id !== expected) throw new FactoryError("INTEGRITY", `The ${bead.type} bead ${bead.id} has content with the id ${expected}.`, { id: bead.id });
    // Sorted and each once, as they are in the hash.
    const parents = JSON.stringify([...new Set(bead.parents)].sort());
    const row = { id: bead.id, type: bead.type, subject: subjectOf(typed), supersedes: bead.supersedes ?? null, parents, content };
    return { typed, row: { ...row, written_by: bead.writtenBy, written_at: bead.writtenAt } };
  }

  #writeOne({ row, typed }: Checked, actorId: string, sessionId: string, fence?: RetrievalFence): Written {
    const known = this.#rows.byId(row.id);
    if (known !== undefined) return { beadId: row.id, auditBeadId: this.#repeated(known, row) };
    const heads = fence === undefined ? null : this.#fencedHeads(fence);
    this.#checkReferences(row, typed);
    const target = this.#checkSuccession(row, typed);
    if (typed.type === "execution") this.#checkGround(typed.content, fence, heads);
    const audit = this.#audit(row, typed, actorId, sessionId);
    this.#rows.insert([row, audit], [...edgesOf(row, typed), [audit.id, row.id, "parent"], [audit.id, row.id, "audits"]]);
    if (canBeOpen(row.type)) this.#keepOpen(row, typed, target);
    return { beadId: row.id, auditBeadId: audit.id };
  }

  #fencedHeads({ role, subjectId, headsDigest }: RetrievalFence): Heads {
    const heads = this.#heads(role, subjectId);
    const now = this.#digestOf(heads);
    if (now === headsDigest) return heads;
    throw new FactoryError("STALE_TARGET", `What governs ${subjectId} as ${role} has changed since it was retrieved.`, { headsDigest: now });
  }

  #repeated(known: BeadRow, row: BeadRow): string {
    if (known.supersedes !== row.supersedes) {
      throw new FactoryError("INTEGRITY", `Bead ${row.id} is there and supersedes ${known.supersedes ?? "nothing"}.`, { id: row.id });
    }
    const audit = this.#rows.auditOf(row.id);
    if (audit === undefined) throw new FactoryError("INTEGRITY", `Bead ${row.id} has no audit bead.`);
    return audit;
  }

  #checkReferences(row: BeadRow, typed: TypedContent): void {
    const references = referencesOf(typed);
    const needed = [...parentsOf(row), ...references.map(({ id }) => id)];
    if (needed.length === 0) return;
    const types = this.#rows.typesOf(needed);
    const missing = needed.find((id) => !types.has(id));
    if (missing !== undefined) throw new FactoryError("INTEGRITY", `Bead ${missing}, which ${row.id} refers to, does not exist.`, { missing });
    const wrong = references.find(({ id, type }) => type !== null && types.get(id) !== type);
    if (wrong === undefined) return;
    throw new FactoryError("INTEGRITY", `Bead ${wrong.id} is a ${types.get(wrong.id)} bead, not a ${wrong.type} bead.`, { id: wrong.id });
  }

  /** A line of succession has one head, and only the head is superseded. Answers what is superseded. */
  #checkSuccession(row: BeadRow, typed: TypedContent): PlacedRow | undefined {
    const target = row.supersedes === null ? undefined : this.#rows.byId(row.supersedes);
    checkLine(row, typed, target);
    const successor = target === undefined ? undefined : this.#rows.successorOf(target.id);
    if (successor !== undefined) throw staleLine(row, successor);
    if (target === undefined && isGoverning(row.type)) {
      const tip = this.#rows.tip(row);
      if (tip !== undefined) throw staleLine(row, tip.id);
    }
    if (canBeOpen(row.type)) checkStep(typed, target === undefined ? null : typedContent(target.type, toBead(target, this.#deps.org).content));
    if (typed.type === "policy" && target !== undefined) this.#checkSchedule(typed, target);
    return target;
  }

  #checkSchedule(typed: Extract<TypedContent, { type: "policy" }>, target: BeadRow): void {
    const now = this.#deps.now();
    if (termOf(typed).from <= now || this.#lines.scheduledFrom(target, now) < MAX_SCHEDULED) return;
    throw new FactoryError(
      "FAILED_PRECONDITION",
      `The scope ${typed.content.scope} has ${MAX_SCHEDULED} policies that have not taken effect; write one that takes effect now first.`,
    );
  }

  #checkGround(content: BeadContent<"execution">, fence: RetrievalFence | undefined, heads: Heads | null): void {
    if (fence !== undefined && fence.subjectId !== content.subject_id) {
      throw new FactoryError("INVALID_ARGUMENT", `The execution is ${content.subject_id}'s and the retrieval ${fence.subjectId}'s.`);
    }
    if (heads !== null) return checkExecution(content, { policies: heads.consulted, trust: heads.trust, consent: heads.consent });
    const now = this.#deps.now();
    const scope = this.#rows.byId(content.policy_bead_id)?.subject ?? "";
    const policies = [this.#lines.head("policy", scope, now)];
    return checkExecution(content, { policies, trust: this.#lines.head("trust", content.subject_id, now), consent: null });
  }

  #keepOpen(row: BeadRow, typed: TypedContent, target: PlacedRow | undefined): void {
    if (target !== undefined) this.#rows.close(target.position);
    const about = openAbout(typed);
    if (about !== null) this.#rows.open(row.id, about);
  }

  #audit(row: BeadRow, typed: TypedContent, actorId: string, sessionId: string): BeadRow {
    const content: BeadContent<"audit"> = {
      audited_bead_id: row.id as BeadContent<"audit">["audited_bead_id"],
      audited_type: row.type,
      action: auditAction(typed, row.supersedes !== null),
      actor_id: actorId,
      session_id: sessionId,
    };
    const id = knowingStateBeadId(this.#deps.org, "audit", content, [row.id]);
    const written = { written_by: actorId, written_at: this.#deps.now() };
    return { id, type: "audit", subject: row.id, supersedes: null, ...written, parents: JSON.stringify([row.id]), content: canonicalJson(content) };
  }

  #beadOrNull(row: BeadRow | undefined): KnowingStateBead | null {
    return row === undefined ? null : toBead(row, this.#deps.org);
  }

  #positionIn({ type, subject }: BeadLine, beforeId: string | undefined): number {
    if (beforeId === undefined) return NO_POSITION;
    const row = this.#rows.byId(beforeId);
    if (row === undefined || row.type !== type || row.subject !== subject) {
      throw new FactoryError("NOT_FOUND", `There is no bead ${beforeId} in the ${type} line of ${subject}.`);
    }
    return row.position;
  }

  #open(type: OpenType, about: string | undefined, limit: number): KnowingStateBead[] {
    return this.#page(limit, NO_POSITION, (position, count) => this.#rows.openBefore(type, about, position, count));
  }

  /** Reads a page in chunks, so that a page of large beads neither fills the memory nor the answer. */
  #page(limit: number, start: number, read: (position: number, count: number) => readonly PlacedRow[]): KnowingStateBead[] {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_BEADS) {
      throw new FactoryError("INVALID_ARGUMENT", `A page has 1 to ${MAX_PAGE_BEADS} beads.`, { limit });
    }
    const beads: KnowingStateBead[] = [];
    let [chars, position] = [0, start];
    while (beads.length < limit) {
      const rows = read(position, Math.min(READ_CHUNK, limit - beads.length));
      for (const row of rows) {
        chars += row.content.length;
        if (beads.length > 0 && chars > MAX_ANSWER_CHARS) return beads;
        beads.push(toBead(row, this.#deps.org));
        position = row.position;
      }
      if (rows.length < READ_CHUNK) return beads;
    }
    return beads;
  }
}

function checkedContent(bead: KnowingStateBead): string {
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
  return content;
}

function edgesOf(row: BeadRow, typed: TypedContent): Edge[] {
  const edges = parentsOf(row).map((parent): Edge => [row.id, parent, "parent"]);
  if (row.supersedes !== null) edges.push([row.id, row.supersedes, "supersedes"]);
  if (typed.type === "escalation" && openAbout(typed) !== null) edges.push([row.id, typed.content.trigger_bead_id, "escalates"]);
  return edges;
}

function parentsOf(row: BeadRow): string[] {
  // The cast holds: `#checked` wrote the text.
  return JSON.parse(row.parents) as string[];
}
