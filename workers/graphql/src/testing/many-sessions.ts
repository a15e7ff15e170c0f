/**
 * The read model of an org that has long been at work, as rows: sessions of several orgs and assemblies, most of them ended, a fixed number
 * still open whatever the total is, and one that is large. The same arguments give the same rows.
 */
import { BEAD_COUNTERS } from "../projections/facts.ts";
import { TABLE_SHAPES, type Cell, type Row, type RowContent, type TableName } from "../projections/read-model.ts";
import type { BeadState, SessionState } from "@factory/schemas";

/** How large it is. */
export type Size = {
  readonly sessions: number;
  /** Sessions that have not ended, old ones among them; their number does not follow from `sessions`. */
  readonly open: number;
  /** Beads of the largest session, and of those in {@link MIDDLING}. */
  readonly largest: number;
  readonly middling: number;
  /** When the newest session began, in epoch milliseconds. */
  readonly newestAt: number;
};

/** A table that rows are for: the read model's, their cursor's, or the session registry of commissioning. */
export type FilledTable = TableName | "projectionCursors" | "registry";
/** Rows of a table. */
export type Filled = readonly [table: FilledTable, rows: readonly Row[]];

/** The org that is asked about: seven of ten sessions are its. */
export const BUSY_ORG = "bench";
/** A text that the title of one session of {@link BUSY_ORG} has, and no other. */
export const RARE_TEXT = "zanzibar";
/** The largest session's place; it has ended. */
export const LARGEST = 1;
/** Places of sessions of a middling size; they have ended. */
export const MIDDLING: readonly number[] = Array.from({ length: 20 }, (_, index) => 10 * (index + 1));

/** A session a minute. */
const APART_MS = 60_000;
/** Between two events of a session. */
const STEP_MS = 200;
/** Columns of the session registry that a row has. */
const REGISTRY_COLUMNS = {
  sessionId: "session_id",
  org: "org",
  workOrderId: "work_order_id",
  assembly: "assembly",
  title: "title",
  state: "state",
  reviewMode: "review_mode",
  createdAt: "created_at",
  updatedAt: "updated_at",
  endedAt: "ended_at",
  version: "version",
} as const;
const CURSOR_COLUMNS = { sessionId: "session_id", org: "org", seq: "seq", tipSeq: "tip_seq", closed: "closed", updatedAt: "updated_at" } as const;

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const THINGS = ["invoice", "parser", "calendar", "ledger", "scheduler", "text tools", "price table", "route planner", "mailbox", "inventory"];
const DEEDS = ["Write", "Extend", "Repair", "Replace", "Measure", "Split", "Document"];
const ENDED: readonly SessionState[] = [
  "COMPLETED",
  "COMPLETED",
  "COMPLETED",
  "COMPLETED",
  "COMPLETED",
  "COMPLETED",
  "FAILED",
  "COMPLETED",
  "CANCELLED",
  "REJECTED",
];
const OPEN: readonly SessionState[] = ["EXECUTING", "AWAITING_APPROVAL", "EXECUTING", "COMPILING", "IN_REVIEW", "EXECUTING"];
const TEAMS = ["build", "verify", "docs"];
const PASSES = ["elicit", "specify", "decompose"];

/** Scatters whole numbers: as content ids are, neighbours are far apart. */
function scattered(seed: number): number {
  let value = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

function idOf(prefix: string, seed: number): string {
  let text = "";
  for (let part = 0; text.length < 26; part++) {
    let bits = scattered(seed * 5 + part);
    for (let char = 0; char < 6; char++, bits >>>= 5) text += ALPHABET.charAt(bits & 31);
  }
  return `${prefix}-${text.slice(0, 26)}`;
}

// The remainder is a place in the list, and no list here is empty.
const pick = <T>(values: readonly T[], seed: number): T => values[scattered(seed) % values.length] as T;

/** Id of the session of a place; places count from the newest on. */
export const sessionIdAt = (place: number): string => idOf("SES", place);
/** Org of the session of a place. */
export const orgAt = (place: number): string => (place % 10 < 7 ? BUSY_ORG : `org-${place % 10}`);
/** Assembly of the session of a place. */
export const assemblyAt = (place: number): string => `shop-${scattered(place) % 12}`;

function titleAt(place: number): string {
  if (place === 100) return `Move the ${RARE_TEXT} office`;
  return `${pick(DEEDS, place * 3)} the ${pick(THINGS, place * 7)} of ${pick(["acme", "globex", "initech", "umbrella"], place * 11)} no. ${place}`;
}

function beadsAt(place: number, { largest, middling }: Size): number {
  if (place === LARGEST) return largest;
  if (MIDDLING.includes(place)) return middling;
  if (place % 20 === 7) return 8;
  return place % 5 === 3 ? 2 : 0;
}

/** The newest are at work, and some older ones still wait for somebody. */
function isOpen(place: number, { sessions, open }: Size): boolean {
  if (place === LARGEST || MIDDLING.includes(place)) return false;
  const waiting = Math.floor(open / 4);
  const every = Math.max(1, Math.floor(sessions / waiting));
  return place < open - waiting || (place % every === 2 && place / every < waiting);
}

/** Every session's rows, the newest session first. */
export function* manySessions(size: Size): Generator<readonly Filled[]> {
  for (let place = 0; place < size.sessions; place++) yield new Session(place, size).rows();
}

/** Rows of one session. */
class Session {
  readonly #size: Size;
  readonly #place: number;
  readonly #owner: { readonly sessionId: string; readonly org: string };
  readonly #runId: string;
  readonly #assemblyId: string;
  readonly #startedAt: number;
  readonly #tables = new Map<FilledTable, Row[]>();
  #seq = 0;

  constructor(place: number, size: Size) {
    this.#size = size;
    this.#place = place;
    this.#owner = { sessionId: sessionIdAt(place), org: orgAt(place) };
    this.#runId = idOf("RUN", place);
    this.#assemblyId = assemblyAt(place);
    this.#startedAt = size.newestAt - place * APART_MS;
  }

  rows(): Filled[] {
    const open = isOpen(this.#place, this.#size);
    const state = pick(open ? OPEN : ENDED, this.#place);
    const beads = beadsAt(this.#place, this.#size);
    this.#commissioned(beads);
    // Some ended before anybody answered.
    this.#reviewed((open && (state === "AWAITING_APPROVAL" || state === "IN_REVIEW")) || state === "CANCELLED");
    for (let index = 0; index < beads; index++) this.#bead(index, open);
    if (beads > 100) this.#diverged(beads / 50);
    this.#stepTo(state, open ? state : `SESSION_${state}`);
    this.#standing(state, open, beads);
    // Its cursor comes first, since every other row refers to it.
    return [...this.#tables].toSorted(([a], [b]) => Number(b === "projectionCursors") - Number(a === "projectionCursors"));
  }

  get #now(): number {
    return this.#startedAt + this.#seq * STEP_MS;
  }

  #put<T extends TableName>(table: T, row: RowContent<T> & Row): void {
    this.#add(table, { ...this.#owner, seq: this.#seq, ...row });
  }

  #add(table: FilledTable, row: Row): void {
    const rows = this.#tables.get(table) ?? [];
    this.#tables.set(table, rows);
    rows.push(row);
  }

  #stepTo(toState: SessionState, kind: string): void {
    this.#seq += 1;
    this.#put("sessionTransitions", { kind, fromState: null, toState, reason: null, code: null, occurredAt: this.#now });
  }

  #commissioned(beads: number): void {
    this.#stepTo("SUBMITTED", "SESSION_SUBMITTED");
    this.#stepTo("COMMISSIONING", "COMPILATION_STARTED");
    for (const pass of beads > 0 ? PASSES : PASSES.slice(0, 1)) {
      this.#seq += 1;
      const artifactId = idOf("IS", this.#place * 100_003 + this.#seq);
      this.#put("passes", { pass, artifactId, artifactType: "IntentSpecification", modelCalls: 1, repaired: 0, durationMs: 850, occurredAt: this.#now });
    }
    if (beads > 0) this.#stepTo("EXECUTING", "COMPILATION_COMPLETE");
  }

  /** Each third session has asked. */
  #reviewed(waits: boolean): void {
    if (!waits && this.#place % 3 !== 0) return;
    this.#seq += 1;
    const decided = waits ? null : this.#now + 60_000;
    this.#put("reviews", {
      reviewId: idOf("REV", this.#place),
      reviewType: "APPROVAL_REQUIRED",
      action: "compile",
      actionDigest: idOf("D", this.#place),
      promptText: "Shall this be built as it is specified?",
      alternatives: '["approved","rejected"]',
      deadlineUnixSec: null,
      context: '{"claims":7}',
      requestedAt: this.#now,
      decision: waits ? null : "approved",
      note: waits ? null : "",
      decidedBy: waits ? null : "ann",
      decidedAt: decided,
      approvalId: null,
    });
  }

  #bead(index: number, open: boolean): void {
    const seed = this.#place * 100_003 + index;
    const beadId = idOf("BEAD", seed);
    const state: BeadState = open && index % 2 === 0 ? "LEASED" : "DONE";
    const held = { beadId, runId: this.#runId, epoch: 1, attempt: 1, cycle: 0, agentId: `coder-${index % 8}`, errorCode: null, reason: null };
    const steps = [
      ["BEAD_STATE_CHANGED", "BLOCKED", "READY"],
      ["BEAD_CLAIMED", "READY", "LEASED"],
      ...(state === "DONE" ? [["BEAD_RELEASED", "LEASED", "DONE"] as const] : []),
    ] as const;
    const createdAt = this.#now;
    for (const [kind, fromState, toState] of steps) {
      this.#seq += 1;
      this.#put("beadTransitions", { ...held, kind, fromState, toState, durationMs: toState === "DONE" ? 1_200 : null, occurredAt: this.#now });
    }
    const atomId = idOf("ATOM", seed);
    const worked = { atomId, title: `${pick(DEEDS, seed)} part ${index}`, team: pick(TEAMS, seed), role: "coder", state };
    this.#put("beads", { ...held, ...worked, createdAt, updatedAt: this.#now });
    this.#brought(seed, beadId, atomId);
  }

  /** What came of a bead: a model call, a trace and a report. */
  #brought(seed: number, beadId: string, atomId: string): void {
    this.#seq += 1;
    const call = { alias: "factory/coder", provider: "offline", modelId: `m-${seed % 3}`, purpose: pick(["code", "repair", "judge"], seed), promptHash: "h" };
    const spent = { inputTokens: 1_800, outputTokens: 240, costUsd: seed % 7 === 0 ? null : 0.0042, durationMs: 900, outcome: "ok", occurredAt: this.#now };
    this.#put("modelCosts", { runId: this.#runId, beadId, ...call, ...spent });
    this.#seq += 1;
    const artifactId = idOf("ET", seed);
    const check = { checkId: idOf("CHK", seed), kind: "examples", command: "examples:C-1", ok: true, holdout: false, summary: "4 passed", reportDigest: "r" };
    const metadata = JSON.stringify({ beadId, attempt: 1, cycle: 0, checks: [check] });
    const kept = { assemblyId: this.#assemblyId, artifactType: "ExecutionTrace", contentHash: artifactId, storageRef: null };
    this.#put("artifacts", { artifactId, ...kept, metadata, createdAt: this.#now });
    this.#put("artifactEdges", { source: atomId, rel: "dispatched_as", target: idOf("DIR", seed), createdAt: this.#now });
    this.#seq += 1;
    const checked = { checksPassed: 4, checksFailed: 0, holdoutsPassed: 1, holdoutsFailed: 0, evidenceRootHash: null, failedCriteria: "[]", details: null };
    const judged = { verificationType: "FIDELITY", outcome: "PASS", score: 1, subjectId: beadId, summary: "All criteria hold." };
    this.#put("verifications", { verificationId: idOf("VR", seed), runId: this.#runId, ...judged, ...checked, occurredAt: this.#now });
  }

  #diverged(count: number): void {
    for (let index = 0; index < count; index++) {
      this.#seq += 1;
      this.#put("divergences", {
        divergenceId: idOf("DIV", this.#place * 1_009 + index),
        runId: this.#runId,
        divergenceType: "atom-failure",
        beadId: idOf("BEAD", this.#place * 100_003 + index),
        atomId: null,
        claimRefs: '["C-1"]',
        observed: "2",
        expected: "3",
        reason: "An example does not hold.",
        occurredAt: this.#now,
      });
    }
  }

  #standing(state: SessionState, open: boolean, beads: number): void {
    const workOrderId = `WO-${this.#place}`;
    const [updatedAt, endedAt] = [this.#now, open ? null : this.#now];
    const counters = Object.fromEntries(Object.values(BEAD_COUNTERS).map((counter) => [counter, 0]));
    const leased = open ? Math.ceil(beads / 2) : 0;
    const view: Row = {
      workOrderId,
      assemblyId: this.#assemblyId,
      state,
      runId: beads > 0 ? this.#runId : null,
      outcome: open ? null : state,
      reason: open ? null : "It ended.",
      startedAt: this.#startedAt,
      updatedAt,
      endedAt,
      rootHash: idOf("H", this.#place),
      ...counters,
      beadsLeased: leased,
      beadsDone: beads - leased,
    };
    this.#add("sessionViews", { ...this.#owner, seq: this.#seq, ...view });
    this.#add("projectionCursors", { ...this.#owner, seq: this.#seq, tipSeq: this.#seq, closed: open ? 0 : 1, updatedAt });
    const { title, times } = { title: titleAt(this.#place), times: { createdAt: this.#startedAt, updatedAt, endedAt } };
    this.#add("registry", { ...this.#owner, workOrderId, assembly: this.#assemblyId, title, state, reviewMode: "human", version: this.#seq, ...times });
  }
}

/** A statement that enters one row of a table, and the row's cells for it. */
export function insertOf(table: FilledTable): { readonly sql: string; readonly columns: readonly string[]; cells(row: Row): Cell[] } {
  const columns = columnsOf(table);
  const names = columns.map(({ column }) => column);
  const target = table === "registry" ? "sessions" : table.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return {
    sql: `INSERT INTO ${target} (${names.join(", ")})`,
    columns: names,
    cells: (row) => columns.map(({ field }) => row[field] ?? null),
  };
}

function columnsOf(table: FilledTable): readonly { readonly field: string; readonly column: string }[] {
  const named = (columns: { readonly [field: string]: string }) => Object.entries(columns).map(([field, column]) => ({ field, column }));
  if (table === "registry") return named(REGISTRY_COLUMNS);
  return table === "projectionCursors" ? named(CURSOR_COLUMNS) : TABLE_SHAPES[table].columns;
}
