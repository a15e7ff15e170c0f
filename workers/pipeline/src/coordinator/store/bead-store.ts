/** The run's beads and the dependencies between them, as rows. */
import type { SqlValue } from "@factory/durable";
import type { AtomDirective, BeadState, Priority, Role } from "@factory/schemas";
import type { BeadSeed } from "@factory/schemas/rpc";
import { rankOf, waitedSince } from "../../rank.ts";
import { Remembered } from "./remembered.ts";
import { BoundedMemo } from "../report-memo.ts";
import type { HeldWrites } from "./held-writes.ts";
import { ReadyWindow } from "./ready-window.ts";
import type { Ranked } from "./ready-window.ts";
import { countOf, limitTo, rowsOf } from "./rows.ts";
import { WatchedBeads } from "./watched-beads.ts";

/** The slot number of work that the coordinator does itself: outcome beads, and change sets that a person has approved. */
export const COORDINATOR_SLOT = -1;

/** A bead as it is now. `attempts` counts those that were used up. */
export type Bead = {
  readonly beadId: string;
  readonly position: number;
  readonly atomId: string;
  readonly moleculeId: string;
  readonly role: Role;
  readonly title: string;
  readonly outcome: boolean;
  readonly directive: AtomDirective;
  readonly state: BeadState;
  readonly pending: number;
  readonly epoch: number;
  readonly attempts: number;
  readonly cycle: number;
  /** Infrastructure and provider failures since the last attempt that counted. */
  readonly faults: number;
  readonly slot: number | null;
  readonly claimedAt: number | null;
  readonly leaseUntil: number | null;
  readonly notBefore: number;
  /** What of the run's budget is set aside for the epoch that is at work, in US dollars. */
  readonly reservedUsd: number;
  readonly priority: Priority;
  /** Its place among the beads that may be claimed, the smallest first; see {@link rankOf}. */
  readonly rank: number;
  /** Whether it is READY and may not be claimed before `notBefore`. */
  readonly delayed: boolean;
  readonly feedback: readonly string[];
  readonly clarificationId: string | null;
  readonly question: string | null;
  readonly answer: string | null;
};

/** What of a bead changes. */
export type BeadPatch = Partial<Omit<Bead, "beadId" | "position" | "atomId" | "moleculeId" | "role" | "title" | "outcome">>;

/** Beads that are kept with their parsed directives: those that are at work, those they release, and the next ones. A few kB each. */
const MEMO_BEADS = 4_096;
/** Dependencies that are kept by parent; a graph with more of them is asked for each parent. */
const MEMO_EDGES = 16_384;

/** READY beads that an operative may be given: an approved change set is applied by the coordinator, with no further attempt. */
const FOR_OPERATIVES = `state = 'READY' AND outcome = 0 AND delayed = 0
  AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.bead_id = beads.bead_id AND a.stage = 'apply' AND a.closed = 0)`;

type BeadSqlRow = {
  bead_id: string;
  position: number;
  atom_id: string;
  molecule_id: string;
  role: string;
  title: string;
  outcome: number;
  directive: string;
  state: string;
  pending: number;
  epoch: number;
  attempts: number;
  cycle: number;
  faults: number;
  slot: number | null;
  claimed_at: number | null;
  lease_until: number | null;
  not_before: number;
  reserved_usd: number;
  priority: string;
  rank: number;
  delayed: number;
  feedback: string;
  clarification_id: string | null;
  question: string | null;
  answer: string | null;
};

/** What a bead's directive is kept apart for: the row is rewritten with every step of the bead, the directive hardly ever. */
const BEADS = "SELECT b.*, d.body AS directive FROM beads b JOIN directives d USING (bead_id)";

/** Fields that are written together when one of them has changed: those of every step, and those of a conversation. */
const STEP_FIELDS = [
  "state",
  "pending",
  "epoch",
  "attempts",
  "faults",
  "slot",
  "claimedAt",
  "leaseUntil",
  "notBefore",
  "reservedUsd",
  "rank",
  "delayed",
] as const;
const TALK_FIELDS = ["cycle", "priority", "feedback", "clarificationId", "question", "answer"] as const;
/** Steps of many beads in one statement, as rows of their position and {@link STEP_FIELDS}: what a statement costs beside its rows is more than they do. */
const WRITE_STEPS = `UPDATE beads SET state = step.value ->> 1, pending = step.value ->> 2, epoch = step.value ->> 3, attempts = step.value ->> 4,
  faults = step.value ->> 5, slot = step.value ->> 6, claimed_at = step.value ->> 7, lease_until = step.value ->> 8, not_before = step.value ->> 9,
  reserved_usd = step.value ->> 10, rank = step.value ->> 11, delayed = step.value ->> 12
  FROM json_each(?) AS step WHERE position = step.value ->> 0`;
const WRITE_TALK = "UPDATE beads SET cycle = ?, priority = ?, feedback = ?, clarification_id = ?, question = ?, answer = ? WHERE bead_id = ?";

/** Beads by the slot that holds them, each with when its lease ends in epoch milliseconds. */
type Leased = Map<number, Map<string, number>>;

type EdgeSqlRow = { parent_id: string; child_id: string; required: number };
type Child = { readonly childId: string; readonly required: boolean };
type Children = ReadonlyMap<string, readonly Child[]>;

/** A bead whose row is behind memory, and in what. */
type Held = { bead: Bead; step: boolean; talk: boolean; directive: boolean };

/** READY beads whose order memory holds: at first, and once these were not enough. */
const WINDOW_BEADS = 128;
const MAX_WINDOW_BEADS = 1_024;

/** The tables of beads and their dependencies. Changes are held back and written once a transaction; see {@link HeldWrites}. */
export class BeadStore {
  /** What the dispatch gate compares of beads. */
  readonly watched: WatchedBeads;
  readonly #sql: HeldWrites;
  /** Not persisted: rows by bead, as this store has read or written them last. */
  readonly #known = new BoundedMemo<Bead>(MEMO_BEADS);
  /** When the first delayed bead may be claimed, in epoch milliseconds; null when none is delayed. */
  readonly #nextDelayed: Remembered<number | null>;
  /** Whether the run has asked for a person's leave: then the order is read from rows, since what is to be applied is not in it. */
  readonly #anyApprovals: Remembered<boolean>;
  /** The first of the beads that operatives may be given. */
  readonly #ready: Remembered<ReadyWindow>;
  /** Not persisted: how many beads the window is read for. */
  #windowBeads = WINDOW_BEADS;
  /** The beads each slot holds. */
  readonly #leased: Remembered<Leased>;
  /** What waits for each bead; null where the graph is too large to be kept. */
  readonly #children: Remembered<Children | null>;
  /** How many beads are not CANCELLED. */
  readonly #live: Remembered<number>;
  /** Not persisted: beads whose rows are behind memory. */
  readonly #held = new Map<string, Held>();
  /** Not persisted: by how much the beads in each state have become more since the counts were written. */
  readonly #moved = new Map<BeadState, number>();

  constructor(sql: HeldWrites) {
    this.#sql = sql;
    sql.register(() => this.#write());
    this.#nextDelayed = new Remembered(() => rowsOf<{ at: number | null }>(sql, "SELECT min(not_before) AS at FROM beads WHERE delayed = 1")[0]?.at ?? null);
    this.#anyApprovals = new Remembered(() => countOf(sql, "SELECT EXISTS (SELECT 1 FROM approvals) AS n") > 0);
    this.#ready = new Remembered(() => this.#readWindow());
    this.#leased = new Remembered(() => this.#readLeased());
    this.#children = new Remembered(() => this.#readEdges());
    this.#live = new Remembered(() => this.#countLive());
    this.watched = new WatchedBeads(sql);
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#known.clear();
    this.#held.clear();
    this.#moved.clear();
    this.#nextDelayed.forget();
    this.#leased.forget();
    this.#live.forget();
    this.watched.forgetRows();
    this.forgetEdges();
    this.forgetOrder();
  }

  /** Forgets what waits for what; called when the graph changes otherwise than by new beads. */
  forgetEdges(): void {
    this.#children.forget();
  }

  /** Forgets the order of READY beads; called when it changes otherwise than by a bead's own step, as by a person's leave. */
  forgetOrder(): void {
    this.#anyApprovals.forget();
    this.#ready.forget();
  }

  /**
   * Stores beads from that position on, and then what they wait for. Those with parents are BLOCKED, the others READY.
   *
   * @param priority - of the beads that name none
   * @param now - when they became READY, in epoch milliseconds
   */
  insert(beads: readonly BeadSeed[], firstPosition: number, priority: Priority, now: number): void {
    for (const [index, bead] of beads.entries()) {
      const state = bead.dependsOn.length === 0 ? "READY" : "BLOCKED";
      this.#count(state, 1);
      this.#sql.past.exec(
        "INSERT INTO beads (bead_id, position, atom_id, molecule_id, role, title, outcome, state, pending, priority, rank) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        bead.beadId,
        firstPosition + index,
        bead.atomId,
        bead.moleculeId,
        bead.role,
        bead.title,
        bead.outcome ? 1 : 0,
        state,
        bead.dependsOn.length,
        bead.priority ?? priority,
        rankOf(now, bead.priority ?? priority),
      );
      this.#sql.past.exec("INSERT INTO directives (bead_id, body) VALUES (?, ?)", bead.beadId, JSON.stringify(bead.directive));
      if (this.#known.size < MEMO_BEADS) this.#known.set(bead.beadId, seededBead(bead, firstPosition + index, priority, now));
    }
    for (const bead of beads) {
      for (const { beadId, required } of bead.dependsOn) {
        this.#sql.past.exec("INSERT INTO bead_edges (child_id, parent_id, required) VALUES (?, ?, ?)", bead.beadId, beadId, required ? 1 : 0);
      }
    }
    this.#ready.forget();
    this.#live.forget();
    this.watched.note(beads);
    this.forgetEdges();
  }

  get(beadId: string): Bead | null {
    const known = this.#inMemory(beadId);
    if (known !== undefined) return known;
    const [row] = rowsOf<BeadSqlRow>(this.#sql.past, `${BEADS} WHERE b.bead_id = ?`, beadId);
    return row === undefined ? null : this.#kept(row);
  }

  /** Whether there is such a bead. */
  has(beadId: string): boolean {
    return this.get(beadId) !== null;
  }

  /** Every bead in seed order. */
  all(): Bead[] {
    return rowsOf<BeadSqlRow>(this.#sql, `${BEADS} ORDER BY b.position`).map(beadOf);
  }

  /** The READY beads for operatives, by rank. {@link releaseDue} goes before. */
  ready(limit: number): Bead[] {
    const first = this.#window(limit).first(limit);
    const ids =
      first ??
      rowsOf<{ bead_id: string }>(this.#sql, `SELECT bead_id FROM beads WHERE ${FOR_OPERATIVES} ORDER BY rank, position ${limitTo(limit)}`).map(
        (row) => row.bead_id,
      );
    return ids.flatMap((beadId) => this.get(beadId) ?? []);
  }

  /** How many READY beads there are for operatives, counted up to `limit`. {@link releaseDue} goes before. */
  countReady(limit: number): number {
    const first = this.#window(limit).count(limit);
    return first ?? countOf(this.#sql, `SELECT count(*) AS n FROM (SELECT 1 FROM beads WHERE ${FOR_OPERATIVES} ${limitTo(limit)})`);
  }

  /** Takes the delayed beads whose time has come into the order of those that may be claimed. */
  releaseDue(now: number): void {
    const next = this.#nextDelayed.get();
    if (next === null || next > now) return;
    this.#nextDelayed.forget();
    this.#ready.forget();
    for (const { bead_id: beadId } of rowsOf<{ bead_id: string }>(
      this.#sql,
      "UPDATE beads SET delayed = 0 WHERE delayed = 1 AND not_before <= ? RETURNING bead_id",
      now,
    )) {
      const known = this.#known.get(beadId);
      if (known !== undefined) this.#known.set(beadId, { ...known, delayed: false });
    }
  }

  /** Gives a bead another priority, and with it another place in the order. */
  reorder(beadId: string, priority: Priority): void {
    const bead = this.get(beadId);
    if (bead === null) return;
    this.patch(beadId, { priority, rank: rankOf(waitedSince(bead.rank, bead.priority), priority) });
  }

  /** Beads a slot holds whose outcome has not arrived. */
  heldBy(slot: number): Bead[] {
    // Who brings an outcome and asks for more holds nothing any longer: no row is asked for that.
    if (!this.holds(slot)) return [];
    return this.#found(
      `SELECT bead_id FROM beads b INDEXED BY beads_leased WHERE state = 'LEASED' AND slot = ?
         AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.bead_id = b.bead_id AND o.epoch = b.epoch AND o.verdict IS NULL) ORDER BY position`,
      slot,
    );
  }

  /** Whether a slot holds beads. */
  holds(slot: number): boolean {
    return (this.#leased.get().get(slot)?.size ?? 0) > 0;
  }

  /** How many slots of operatives hold beads. */
  busySlots(): number {
    let busy = 0;
    for (const [slot, beads] of this.#leased.get()) if (slot >= 0 && beads.size > 0) busy += 1;
    return busy;
  }

  /** Beads whose lease has ended, read from the rows: what a lease is taken back by is never what memory holds. */
  expired(now: number): Bead[] {
    const rows = rowsOf<BeadSqlRow>(this.#sql, `${BEADS} WHERE b.state = 'LEASED' AND b.lease_until <= ? ORDER BY b.position`, now);
    return rows.map((row) => this.#kept(row));
  }

  /**
   * Changes a bead. Its row follows with what is held back, once however often it changes before.
   *
   * @returns the bead as it is then
   * @throws Error for a bead the run does not have: the caller has read it.
   */
  patch(beadId: string, patch: BeadPatch): Bead {
    const before = this.get(beadId);
    if (before === null) throw new Error(`${beadId} is not in the run.`);
    const bead: Bead = { ...before, ...patch };
    let held = this.#held.get(beadId);
    if (held === undefined) {
      held = { bead, step: false, talk: false, directive: false };
      this.#held.set(beadId, held);
    }
    held.bead = bead;
    held.step ||= STEP_FIELDS.some((field) => bead[field] !== before[field]);
    held.talk ||= TALK_FIELDS.some((field) => !isSame(bead[field], before[field]));
    held.directive ||= bead.directive !== before.directive;
    this.#known.set(beadId, bead);
    this.#sql.hold();
    if (bead.state !== before.state) {
      this.#count(before.state, -1);
      this.#count(bead.state, 1);
    }
    if (before.delayed || bead.delayed) this.#nextDelayed.forget();
    this.#noteOrder(before, bead);
    this.#noteLease(before, bead);
    if (bead.state !== before.state && (bead.state === "CANCELLED" || before.state === "CANCELLED")) {
      this.#live.forget();
      this.watched.noteCancelled(beadId);
    }
    if (bead.directive !== before.directive) this.watched.note([bead]);
    return bead;
  }

  /** Parents of a bead. */
  parentsOf(beadId: string): { readonly beadId: string; readonly required: boolean }[] {
    return rowsOf<{ parent_id: string; required: number }>(
      this.#sql.past,
      "SELECT parent_id, required FROM bead_edges WHERE child_id = ? ORDER BY parent_id",
      beadId,
    ).map((row) => ({ beadId: row.parent_id, required: row.required === 1 }));
  }

  /** All dependencies, by child. */
  dependencies(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const { child_id: child, parent_id: parent } of rowsOf<{ child_id: string; parent_id: string }>(
      this.#sql,
      "SELECT child_id, parent_id FROM bead_edges ORDER BY child_id, parent_id",
    )) {
      found.set(child, [...(found.get(child) ?? []), parent]);
    }
    return found;
  }

  /** The beads and everything that depends on them, in seed order. */
  withDependants(beadIds: readonly string[]): string[] {
    return rowsOf<{ bead_id: string }>(
      this.#sql,
      `WITH RECURSIVE affected (bead_id) AS (
         SELECT value FROM json_each(?) UNION SELECT child_id FROM bead_edges JOIN affected ON parent_id = affected.bead_id
       ) SELECT b.bead_id FROM beads b JOIN affected USING (bead_id) ORDER BY b.position`,
      JSON.stringify(beadIds),
    ).map((row) => row.bead_id);
  }

  /** The children of a parent, by one kind of dependency or by both. */
  childrenOf(parentId: string, edges: "all" | "optional"): Bead[] {
    const all = this.#children.get();
    const children = all === null ? this.#readChildren(parentId) : (all.get(parentId) ?? []);
    return children.flatMap(({ childId, required }) => (edges === "all" || !required ? (this.get(childId) ?? []) : []));
  }

  /** Parents a bead still waits for: required ones that are not DONE, optional ones that have not ended. */
  countPending(beadId: string): number {
    return countOf(
      this.#sql,
      `SELECT count(*) AS n FROM bead_edges e JOIN beads p ON p.bead_id = e.parent_id
       WHERE e.child_id = ? AND p.state <> 'DONE' AND (e.required = 1 OR p.state NOT IN ('FAILED', 'CANCELLED'))`,
      beadId,
    );
  }

  /** How many beads are in each state; states without beads are absent. */
  stateCounts(): Partial<Record<BeadState, number>> {
    // The cast holds: the migration wrote the states.
    const rows = rowsOf<{ state: string; beads: number }>(this.#sql.past, "SELECT state, beads FROM state_counts") as { state: BeadState; beads: number }[];
    const counts = rows.map(({ state, beads }) => [state, beads + (this.#moved.get(state) ?? 0)] as const);
    return Object.fromEntries(counts.filter(([, beads]) => beads > 0));
  }

  /** How many beads the run has, those that are cancelled left out. */
  countLive(): number {
    return this.#live.get();
  }

  /** The first of these ids that is no bead of the run; null when all of them are. */
  firstStranger(beadIds: readonly string[]): string | null {
    const [row] = rowsOf<{ stranger: string }>(
      this.#sql.past,
      "SELECT value AS stranger FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM beads WHERE bead_id = value) LIMIT 1",
      JSON.stringify(beadIds),
    );
    return row?.stranger ?? null;
  }

  /** When the next lease expires or the next bead may be claimed again; null when nothing is to come. */
  nextMoment(): number | null {
    let earliest = this.#nextDelayed.get() ?? Number.POSITIVE_INFINITY;
    for (const beads of this.#leased.get().values()) for (const until of beads.values()) if (until < earliest) earliest = until;
    return Number.isFinite(earliest) ? earliest : null;
  }

  #countLive(): number {
    return Object.entries(this.stateCounts()).reduce((sum, [state, beads]) => (state === "CANCELLED" ? sum : sum + beads), 0);
  }

  #inMemory(beadId: string): Bead | undefined {
    return this.#held.get(beadId)?.bead ?? this.#known.get(beadId);
  }

  /** A row that was just read, unless memory is ahead of it. */
  #kept(row: BeadSqlRow): Bead {
    const held = this.#held.get(row.bead_id);
    if (held !== undefined) return held.bead;
    const bead = beadOf(row);
    this.#known.set(bead.beadId, bead);
    return bead;
  }

  /** The beads that a query names. */
  #found(query: string, ...bindings: SqlValue[]): Bead[] {
    return rowsOf<{ bead_id: string }>(this.#sql, query, ...bindings).flatMap(({ bead_id: beadId }) => this.get(beadId) ?? []);
  }

  #count(state: BeadState, change: number): void {
    this.#moved.set(state, (this.#moved.get(state) ?? 0) + change);
    this.#sql.hold();
  }

  #write(): void {
    const sql = this.#sql.past;
    const steps = [...this.#held.values()].flatMap(({ bead, step }) => (step ? [[bead.position, ...STEP_FIELDS.map((field) => sqlValueOf(bead[field]))]] : []));
    if (steps.length > 0) sql.exec(WRITE_STEPS, JSON.stringify(steps));
    for (const { bead, talk, directive } of this.#held.values()) {
      if (talk) sql.exec(WRITE_TALK, ...TALK_FIELDS.map((field) => sqlValueOf(bead[field])), bead.beadId);
      if (directive) sql.exec("UPDATE directives SET body = ? WHERE bead_id = ?", JSON.stringify(bead.directive), bead.beadId);
    }
    this.#held.clear();
    for (const [state, change] of this.#moved) if (change !== 0) sql.exec("UPDATE state_counts SET beads = beads + ? WHERE state = ?", change, state);
    this.#moved.clear();
  }

  /** The window, read again where what it holds says nothing of so many beads. */
  #window(limit: number): ReadyWindow {
    const window = this.#ready.get();
    if (window.count(limit) !== null || limit > MAX_WINDOW_BEADS) return window;
    this.#windowBeads = MAX_WINDOW_BEADS;
    this.#ready.forget();
    return this.#ready.get();
  }

  #readWindow(): ReadyWindow {
    const query = `SELECT bead_id AS beadId, rank, position FROM beads WHERE ${FOR_OPERATIVES} ORDER BY rank, position ${limitTo(this.#windowBeads)}`;
    return new ReadyWindow(rowsOf<Ranked>(this.#sql, query), this.#windowBeads);
  }

  #readLeased(): Leased {
    const leased: Leased = new Map();
    const rows = rowsOf<{ slot: number; bead_id: string; lease_until: number }>(
      this.#sql,
      "SELECT slot, bead_id, lease_until FROM beads WHERE state = 'LEASED'",
    );
    for (const row of rows) setLease(leased, row.slot, row.bead_id, row.lease_until);
    return leased;
  }

  #readEdges(): Children | null {
    const rows = rowsOf<EdgeSqlRow>(this.#sql, `SELECT parent_id, child_id, required FROM bead_edges ORDER BY child_id LIMIT ${MEMO_EDGES + 1}`);
    return rows.length > MEMO_EDGES ? null : childrenByParent(rows);
  }

  #readChildren(parentId: string): readonly Child[] {
    const query = "SELECT parent_id, child_id, required FROM bead_edges WHERE parent_id = ? ORDER BY child_id";
    return childrenByParent(rowsOf<EdgeSqlRow>(this.#sql.past, query, parentId)).get(parentId) ?? [];
  }

  #noteOrder(before: Bead, bead: Bead): void {
    const [was, is] = [mayBeGiven(before), mayBeGiven(bead)];
    const window = this.#ready.known();
    if (window === undefined || (!was && !is)) return;
    if (this.#anyApprovals.get()) {
      this.#ready.forget();
      return;
    }
    if (was) window.remove(before);
    if (is) window.add(bead);
  }

  #noteLease(before: Bead, bead: Bead): void {
    const leased = this.#leased.known();
    if (leased === undefined || (before.slot === bead.slot && before.leaseUntil === bead.leaseUntil)) return;
    if (before.slot !== null) leased.get(before.slot)?.delete(before.beadId);
    if (bead.slot !== null && bead.leaseUntil !== null) setLease(leased, bead.slot, bead.beadId, bead.leaseUntil);
  }
}

/** Whether a value is what the row has: lists are made anew each time, and are mostly empty. */
function isSame(one: Bead[(typeof TALK_FIELDS)[number]], other: Bead[(typeof TALK_FIELDS)[number]]): boolean {
  return one === other || (Array.isArray(one) && Array.isArray(other) && one.length === 0 && other.length === 0);
}

function mayBeGiven({ state, outcome, delayed }: Bead): boolean {
  return state === "READY" && !outcome && !delayed;
}

function setLease(leased: Leased, slot: number, beadId: string, until: number): void {
  const beads = leased.get(slot);
  if (beads === undefined) leased.set(slot, new Map([[beadId, until]]));
  else beads.set(beadId, until);
}

function childrenByParent(rows: readonly EdgeSqlRow[]): Children {
  const children = new Map<string, Child[]>();
  for (const { parent_id: parentId, child_id: childId, required } of rows) {
    const child = { childId, required: required === 1 };
    const known = children.get(parentId);
    if (known === undefined) children.set(parentId, [child]);
    else known.push(child);
  }
  return children;
}

/** What the rows of a new bead say. */
function seededBead(
  { beadId, atomId, moleculeId, role, title, outcome, directive, dependsOn, priority }: BeadSeed,
  position: number,
  usual: Priority,
  now: number,
): Bead {
  const state = dependsOn.length === 0 ? "READY" : "BLOCKED";
  const [pending, rank] = [dependsOn.length, rankOf(now, priority ?? usual)];
  const identity = { beadId, position, atomId, moleculeId, role, title, outcome, directive };
  const untouched = { epoch: 0, attempts: 0, cycle: 0, faults: 0, slot: null, claimedAt: null, leaseUntil: null, notBefore: 0, reservedUsd: 0, delayed: false };
  const silent = { feedback: [], clarificationId: null, question: null, answer: null };
  return { ...identity, ...untouched, ...silent, state, pending, priority: priority ?? usual, rank };
}

function beadOf(row: BeadSqlRow): Bead {
  return {
    beadId: row.bead_id,
    position: row.position,
    atomId: row.atom_id,
    moleculeId: row.molecule_id,
    // The casts hold: the seed wrote parsed values, and the table's CHECK lists the states.
    role: row.role as Role,
    title: row.title,
    outcome: row.outcome === 1,
    directive: JSON.parse(row.directive) as AtomDirective,
    state: row.state as BeadState,
    pending: row.pending,
    epoch: row.epoch,
    attempts: row.attempts,
    cycle: row.cycle,
    faults: row.faults,
    slot: row.slot,
    claimedAt: row.claimed_at,
    leaseUntil: row.lease_until,
    notBefore: row.not_before,
    reservedUsd: row.reserved_usd,
    priority: row.priority as Priority,
    rank: row.rank,
    delayed: row.delayed === 1,
    feedback: JSON.parse(row.feedback) as string[],
    clarificationId: row.clarification_id,
    question: row.question,
    answer: row.answer,
  };
}

function sqlValueOf(value: BeadPatch[keyof BeadPatch]): string | number | null {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : (value ?? null);
}
