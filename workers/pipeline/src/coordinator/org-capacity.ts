/**
 * The run's share of its org's slots: what it has asked for, what it was granted, and when it asks again. Nothing of this is
 * on the way of a commit: the run asks beside its work, and works with what it was granted last.
 */
import type { SqlPort } from "@factory/durable";
import type { CapacityGrant } from "@factory/schemas/rpc";
import { Remembered } from "./store/remembered.ts";
import { rowsOf } from "./store/rows.ts";
import type { Run } from "./store/run-store.ts";

/** What the run may use while nobody has told it: it never stands still, and it never goes wide by itself. */
export const SLOTS_UNTOLD = 1;
/** Least time between two requests that others' wishes call for, in milliseconds: what is held changes with every bead. */
export const ASK_PAUSE_MS = 250;
/** A wish that has shrunk is told after this: the next beads are often ready by then. */
export const GIVE_BACK_AFTER_MS = 5_000;
/** A run that is short asks again after this, in case the poke was lost. */
export const SHORT_RETRY_MS = 15_000;
/** Longest wait after requests that nobody answered. */
const MAX_FAILURE_WAIT_MS = 30_000;

/** Slots the run could use, and those of them that hold beads. */
export type Wish = { readonly want: number; readonly held: number };

type State = {
  readonly want: number;
  readonly held: number;
  readonly slots: number;
  readonly until: number;
  readonly askedAt: number | null;
  readonly failures: number;
};

/** Nothing was asked for yet. */
const UNASKED: State = { want: 0, held: 0, slots: 0, until: 0, askedAt: null, failures: 0 };

/** The row of the run's share. */
export class OrgCapacity {
  readonly #sql: SqlPort;
  readonly #now: () => number;
  readonly #state: Remembered<State>;
  /** Not persisted: the org has said that shares have changed; a hint that is lost is made up for by the next request. */
  #poked = false;

  constructor(sql: SqlPort, now: () => number) {
    this.#sql = sql;
    this.#now = now;
    this.#state = new Remembered(() => this.#row());
  }

  /** Forgets what memory holds of the row; called when a transaction was undone. */
  forgetRows(): void {
    this.#state.forget();
  }

  /** How many slots of the run may hold beads at once now. A grant that has ended, or that nothing was asked for, is none. */
  allowed({ slots: most }: Pick<Run, "slots">): number {
    const { want, slots, until } = this.#state.get();
    return Math.min(most, want === 0 || until <= this.#now() ? SLOTS_UNTOLD : slots);
  }

  /** Shares have changed: the run asks again as soon as it may. */
  poked(): void {
    this.#poked = true;
  }

  /** When the run asks next, given what it could use now, in epoch milliseconds; null when it needs and has nothing. */
  dueAt(wish: Wish): number | null {
    const { askedAt, failures, want, held, slots, until } = this.#state.get();
    if (wish.want === 0 && wish.held === 0 && want === 0 && held === 0) return null;
    if (askedAt === null) return this.#now();
    // A wish grows to the width of the graph and shrinks with a pause only, so this is seldom.
    if (wish.want > want && failures === 0) return this.#now();
    if (failures > 0) return askedAt + Math.min(MAX_FAILURE_WAIT_MS, 1_000 * 2 ** Math.min(failures, 10));
    const renewal = askedAt + Math.max(ASK_PAUSE_MS, (until - askedAt) / 2);
    const moments = [renewal];
    // What it holds beyond its share is waited for by others.
    if (this.#poked || (held > slots && wish.held < held)) moments.push(askedAt + ASK_PAUSE_MS);
    if (wish.want < want) moments.push(askedAt + GIVE_BACK_AFTER_MS);
    if (slots < want) moments.push(askedAt + SHORT_RETRY_MS);
    return Math.min(...moments);
  }

  /** Whether a run that is over has something to give back; told once, since a grant that nobody renews ends by itself. */
  hasToGiveBack(): boolean {
    const { want, held, failures } = this.#state.get();
    return (want > 0 || held > 0) && failures === 0;
  }

  /** The request is on its way: the hint that led to it is used up. */
  asking(): void {
    this.#poked = false;
  }

  /** Stores an answer. */
  granted({ want, held }: Wish, { slots, until }: CapacityGrant): void {
    this.#write({ ...this.#state.get(), want, held, slots, until, askedAt: this.#now(), failures: 0 });
  }

  /** Nobody answered: what was granted holds until it ends. */
  unanswered(): void {
    const state = this.#state.get();
    this.#write({ ...state, askedAt: this.#now(), failures: state.failures + 1 });
  }

  #row(): State {
    const [row] = rowsOf<{ want: number; held: number; slots: number; until: number; asked_at: number | null; failures: number }>(
      this.#sql,
      "SELECT want, held, slots, until, asked_at, failures FROM org_capacity",
    );
    if (row === undefined) return UNASKED;
    const { asked_at: askedAt, ...state } = row;
    return { ...state, askedAt };
  }

  #write({ want, held, slots, until, askedAt, failures }: State): void {
    this.#sql.exec(
      `INSERT INTO org_capacity (id, want, held, slots, until, asked_at, failures) VALUES (1, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET want = excluded.want, held = excluded.held, slots = excluded.slots, until = excluded.until,
         asked_at = excluded.asked_at, failures = excluded.failures`,
      want,
      held,
      slots,
      until,
      askedAt,
      failures,
    );
    this.#state.forget();
  }
}
