/** The run's beads and the dependencies between them, as rows. */
import type { SqlPort, SqlValue } from "@factory/durable";
import type { AtomDirective, BeadState, Priority, Role } from "@factory/schemas";
import type { BeadSeed } from "@factory/schemas/rpc";
import { rankOf, waitedSince } from "../../rank.ts";
import { Remembered } from "./remembered.ts";
import { BoundedMemo } from "../report-memo.ts";
import { countOf, limitTo, rowsOf } from "./rows.ts";

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

/** Beads that are kept with their parsed directives: those that are at work, those they release, and the next ones. */
const MEMO_BEADS = 1_024;

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

const BEAD_COLUMNS = {
  directive: "directive",
  state: "state",
  pending: "pending",
  epoch: "epoch",
  attempts: "attempts",
  cycle: "cycle",
  faults: "faults",
  slot: "slot",
  claimedAt: "claimed_at",
  leaseUntil: "lease_until",
  notBefore: "not_before",
  reservedUsd: "reserved_usd",
  priority: "priority",
  rank: "rank",
  delayed: "delayed",
  feedback: "feedback",
  clarificationId: "clarification_id",
  question: "question",
  answer: "answer",
} as const satisfies Record<keyof BeadPatch, string>;

/** The tables of beads and their dependencies. */
export class BeadStore {
  readonly #sql: SqlPort;
  /** Not persisted: rows by bead, as this store has read or written them last. */
  readonly #known = new BoundedMemo<Bead>(MEMO_BEADS);
  /** When the first delayed bead may be claimed, in epoch milliseconds; null when none is delayed. */
  readonly #nextDelayed: Remembered<number | null>;
  /** Not persisted: by how much the beads in each state have become more since {@link BeadStore.writeCounts}, in the same transaction. */
  readonly #moved = new Map<BeadState, number>();

  constructor(sql: SqlPort) {
    this.#sql = sql;
    this.#nextDelayed = new Remembered(() => rowsOf<{ at: number | null }>(sql, "SELECT min(not_before) AS at FROM beads WHERE delayed = 1")[0]?.at ?? null);
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#known.clear();
    this.#nextDelayed.forget();
    this.#moved.clear();
  }

  /** Writes how many beads are in each state; every piece of work that moves beads ends with it, in its own savepoint. */
  writeCounts(): void {
    for (const [state, change] of this.#moved) if (change !== 0) this.#sql.exec("UPDATE state_counts SET beads = beads + ? WHERE state = ?", change, state);
    this.#moved.clear();
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
      this.#sql.exec(
        "INSERT INTO beads (bead_id, position, atom_id, molecule_id, role, title, outcome, directive, state, pending, priority, rank) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        bead.beadId,
        firstPosition + index,
        bead.atomId,
        bead.moleculeId,
        bead.role,
        bead.title,
        bead.outcome ? 1 : 0,
        JSON.stringify(bead.directive),
        state,
        bead.dependsOn.length,
        bead.priority ?? priority,
        rankOf(now, bead.priority ?? priority),
      );
    }
    for (const bead of beads) {
      for (const { beadId, required } of bead.dependsOn) {
        this.#sql.exec("INSERT INTO bead_edges (child_id, parent_id, required) VALUES (?, ?, ?)", bead.beadId, beadId, required ? 1 : 0);
      }
    }
  }

  get(beadId: string): Bead | null {
    const known = this.#known.get(beadId);
    if (known !== undefined) return known;
    const [row] = rowsOf<BeadSqlRow>(this.#sql, "SELECT * FROM beads WHERE bead_id = ?", beadId);
    if (row === undefined) return null;
    return this.#kept(row);
  }

  /** Whether there is such a bead. */
  has(beadId: string): boolean {
    return this.get(beadId) !== null;
  }

  /** Every bead in seed order. */
  all(): Bead[] {
    return rowsOf<BeadSqlRow>(this.#sql, "SELECT * FROM beads ORDER BY position").map(beadOf);
  }

  /** The READY beads for operatives, by rank. {@link releaseDue} goes before. */
  ready(limit: number): Bead[] {
    return this.#found(`SELECT bead_id FROM beads WHERE ${FOR_OPERATIVES} ORDER BY rank, position ${limitTo(limit)}`);
  }

  /** How many READY beads there are for operatives, counted up to `limit`. {@link releaseDue} goes before. */
  countReady(limit: number): number {
    return countOf(this.#sql, `SELECT count(*) AS n FROM (SELECT 1 FROM beads WHERE ${FOR_OPERATIVES} ${limitTo(limit)})`);
  }

  /** Takes the delayed beads whose time has come into the order of those that may be claimed. */
  releaseDue(now: number): void {
    const next = this.#nextDelayed.get();
    if (next === null || next > now) return;
    this.#nextDelayed.forget();
    for (const { bead_id: beadId } of rowsOf<{ bead_id: string }>(
      this.#sql,
      "UPDATE beads SET delayed = 0 WHERE delayed = 1 AND not_before <= ? RETURNING bead_id",
      now,
    ))
      this.#note(beadId, { delayed: false });
  }

  /** Gives a bead another priority, and with it another place in the order. */
  reorder(beadId: string, priority: Priority): void {
    const bead = this.get(beadId);
    if (bead === null) return;
    this.patch(beadId, { priority, rank: rankOf(waitedSince(bead.rank, bead.priority), priority) });
  }

  /** Beads a slot holds whose outcome has not arrived. */
  heldBy(slot: number): Bead[] {
    return this.#found(
      `SELECT bead_id FROM beads b WHERE state = 'LEASED' AND slot = ?
         AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.bead_id = b.bead_id AND o.epoch = b.epoch AND o.verdict IS NULL) ORDER BY position`,
      slot,
    );
  }

  /** Beads whose lease has ended, read from the rows: what a lease is taken back by is never what memory holds. */
  expired(now: number): Bead[] {
    const rows = rowsOf<BeadSqlRow>(this.#sql, "SELECT * FROM beads WHERE state = 'LEASED' AND lease_until <= ? ORDER BY position", now);
    return rows.map((row) => this.#kept(row));
  }

  patch(beadId: string, patch: BeadPatch): void {
    const entries = Object.entries(patch) as [keyof BeadPatch, BeadPatch[keyof BeadPatch]][];
    if (entries.length === 0) return;
    const assignments = entries.map(([field]) => `${BEAD_COLUMNS[field]} = ?`).join(", ");
    const values = entries.map(([, value]) => sqlValueOf(value));
    const before = this.get(beadId);
    this.#sql.exec(`UPDATE beads SET ${assignments} WHERE bead_id = ?`, ...values, beadId);
    if (before === null) return;
    this.#count(before.state, -1);
    this.#count(patch.state ?? before.state, 1);
    if (before.delayed || patch.delayed === true) this.#nextDelayed.forget();
    this.#note(beadId, patch);
  }

  /** Parents of a bead. */
  parentsOf(beadId: string): { readonly beadId: string; readonly required: boolean }[] {
    return rowsOf<{ parent_id: string; required: number }>(
      this.#sql,
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
  childrenOf(parentId: string, edges: "all" | "optional"): string[] {
    const which = edges === "all" ? "" : "AND required = 0";
    return rowsOf<{ child_id: string }>(this.#sql, `SELECT child_id FROM bead_edges WHERE parent_id = ? ${which} ORDER BY child_id`, parentId).map(
      (row) => row.child_id,
    );
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
    const rows = rowsOf<{ state: string; beads: number }>(this.#sql, "SELECT state, beads FROM state_counts") as { state: BeadState; beads: number }[];
    const counts = rows.map(({ state, beads }) => [state, beads + (this.#moved.get(state) ?? 0)] as const);
    return Object.fromEntries(counts.filter(([, beads]) => beads > 0));
  }

  /** When the next lease expires or the next bead may be claimed again; null when nothing is to come. */
  nextMoment(): number | null {
    const [row] = rowsOf<{ lease: number | null }>(this.#sql, "SELECT min(lease_until) AS lease FROM beads WHERE state = 'LEASED'");
    const moments = [row?.lease, this.#nextDelayed.get()].filter((moment) => typeof moment === "number");
    return moments.length === 0 ? null : Math.min(...moments);
  }

  #kept(row: BeadSqlRow): Bead {
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
  }

  /** Takes over what was just written to a row that memory holds. */
  #note(beadId: string, patch: BeadPatch): void {
    const known = this.#known.get(beadId);
    if (known !== undefined) this.#known.set(beadId, { ...known, ...patch });
  }
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
