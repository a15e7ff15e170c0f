/**
 * One org's operative slots. A run asks for what it can use and is granted a share until a moment; it asks again before
 * that. What a run holds stays counted against the bound until it says that the beads have ended, so the grants and the
 * work under way never exceed the bound together.
 */
import { migrate } from "@factory/durable";
import type { StoragePort } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import type { CapacityGrant, CapacityRequest } from "@factory/schemas/rpc";
import { CAPACITY_MIGRATIONS, CapacityStore } from "./capacity-store.ts";
import type { DemandRow } from "./capacity-store.ts";
import { byRank, sharesOf } from "./shares.ts";

/** How long a grant lasts: a run renews at half of it, so one renewal may be lost. */
export const GRANT_TTL_MS = 90_000;
/** How long a run keeps its turn while others have none, in milliseconds: about a bead's work. */
export const TURN_MS = 60_000;
/** Between two pokes of the same run, in milliseconds: one that does not answer is not called again and again. */
export const POKE_PAUSE_MS = 2_000;

/** What the capacity of an org needs. */
export interface CapacityDeps {
  readonly storage: StoragePort;
  /** Slots of the org. */
  readonly bound: number;
  /** Tells a run that its share has changed; nobody waits for it, and one that is lost costs time only. */
  readonly poke: (runId: string) => void;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** Slots that are a run's: those it was granted, and those it holds beyond a share that has shrunk since. */
const occupied = ({ slots, held }: Pick<DemandRow, "slots" | "held">): number => Math.max(slots, held);

/** Shares one org's slots. */
export class Capacity {
  readonly #deps: CapacityDeps;
  readonly #store: CapacityStore;
  /** Not persisted: when a run was poked last. */
  readonly #pokedAt = new Map<string, number>();

  constructor(deps: CapacityDeps) {
    this.#deps = deps;
    migrate(deps.storage, CAPACITY_MIGRATIONS);
    this.#store = new CapacityStore(deps.storage.sql);
  }

  /**
   * Sets what a run wants and answers its share. Runs whose share has changed by it are poked.
   *
   * @throws FactoryError INVALID_ARGUMENT for a number of slots that is none
   */
  request(request: CapacityRequest): CapacityGrant {
    requireSlots(request.want, "wanted");
    requireSlots(request.held, "held");
    const { storage, now } = this.#deps;
    const at = now();
    const { grant, poke } = storage.transactionSync(() => this.#grant(request, at));
    for (const runId of poke) this.#poke(runId, at);
    return grant;
  }

  #grant({ runId, want, held, priority }: CapacityRequest, now: number): { readonly grant: CapacityGrant; readonly poke: readonly string[] } {
    this.#store.expire(now);
    const known = this.#store.all();
    const others = known.filter((row) => row.runId !== runId);
    const before = known.find((row) => row.runId === runId);
    if (want === 0 && held === 0) this.#store.remove(runId);
    const asked: DemandRow = {
      ...turnOf(before, others, now),
      runId,
      want,
      held,
      priority,
      slots: 0,
      until: now + GRANT_TTL_MS,
    };
    const shares = sharesOf([...others, asked], this.#deps.bound);
    const taken = others.reduce((sum, row) => sum + occupied(row), 0);
    const free = Math.max(0, this.#deps.bound - taken);
    const slots = Math.min(shares.get(runId) ?? 0, free);
    const row = { ...asked, slots, servedAt: slots > 0 ? (asked.servedAt ?? now) : null };
    if (want > 0 || held > 0) this.#store.put(row);
    return { grant: { slots, until: row.until }, poke: this.#changed(others, shares, free - occupied(row)) };
  }

  /**
   * Runs to poke, the first in rank first: those that have more than their share while somebody is short, and those that
   * are short while slots are free.
   */
  #changed(others: readonly DemandRow[], shares: ReadonlyMap<string, number>, free: number): string[] {
    const shareOf = (row: DemandRow): number => shares.get(row.runId) ?? 0;
    const over = others.filter((row) => row.slots > shareOf(row));
    const short = others.filter((row) => row.slots < shareOf(row)).toSorted(byRank);
    return [...over, ...short.slice(0, Math.max(0, free))].map(({ runId }) => runId);
  }

  #poke(runId: string, now: number): void {
    for (const [known, at] of this.#pokedAt) if (now - at >= POKE_PAUSE_MS) this.#pokedAt.delete(known);
    if (this.#pokedAt.has(runId)) return;
    this.#pokedAt.set(runId, now);
    this.#deps.poke(runId);
  }
}

/**
 * Where a run stands: it keeps its place while it waits, and its turn for a while once it has slots. A turn that is over
 * while somebody has nothing sends it to the end of the queue.
 */
function turnOf(before: DemandRow | undefined, others: readonly DemandRow[], now: number): Pick<DemandRow, "since" | "servedAt"> {
  if (before === undefined || (before.want === 0 && before.slots === 0)) return { since: now, servedAt: null };
  const { since, servedAt } = before;
  const over = servedAt !== null && now - servedAt >= TURN_MS && others.some(({ want, slots }) => want > 0 && slots === 0);
  return over ? { since: now, servedAt: null } : { since, servedAt };
}

function requireSlots(count: number, what: string): void {
  if (!Number.isSafeInteger(count) || count < 0) throw new FactoryError("INVALID_ARGUMENT", `${count} is no number of ${what} slots.`);
}
