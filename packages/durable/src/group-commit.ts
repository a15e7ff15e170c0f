/**
 * Group commit: calls that arrive together are applied in one synchronous turn and one transaction, and answered after
 * it. The disk is asked once for all of them, and the output gate holds every answer until it has them.
 *
 * One item that throws does not undo its neighbours. Who can forget what memory holds of the rows has its items applied
 * without savepoints, whose copies of pages cost more than most items do: only when one throws are all undone and applied
 * again, each in a savepoint of its own. Without that, each has one from the start.
 */
import { runBestEffortSync } from "./best-effort.ts";
import { eventLoopTurn } from "./event-loop.ts";
import type { Log } from "./log.ts";
import { requireSynchronous } from "./sql.ts";
import type { StoragePort } from "./sql.ts";

/** What a group commit needs. */
export interface GroupCommitDeps<In, Out> {
  readonly storage: Pick<StoragePort, "transactionSync">;
  /** Applies one item; synchronous. What it throws goes to that item's caller and undoes that item only. */
  readonly apply: (item: In) => Out;
  /**
   * Called once in each commit, after its items, with the answers of those that were applied: what follows from all of them
   * together. What it throws fails the whole commit, and nothing of it is kept.
   */
  readonly beforeCommit?: (outs: readonly Out[]) => void;
  /**
   * Writes what items have left in memory: called at the end of every transaction, after {@link GroupCommitDeps.beforeCommit},
   * and at the end of each savepoint, so that a neighbour that is undone takes nothing of it along.
   */
  readonly write?: () => void;
  /** Called when rows that items wrote are undone: forgets what memory holds of them. An item may be applied again after it. */
  readonly onUndone?: () => void;
  /**
   * Called once after each commit with the answers of the items that were applied, before they are resolved: one
   * broadcast for all events of a turn. What it throws is logged; the commit stands.
   */
  readonly onCommitted?: (outs: readonly Out[]) => void;
  readonly log: Log;
  /**
   * Defers the commit until the calls that have already arrived are in. Unless it is given, the commit follows the first turn
   * of the event loop that brings no further call.
   */
  readonly defer?: (run: () => void) => void;
  /** Most items in one commit; the rest follow in the next. */
  readonly maxItems?: number;
}

/** Keeps one synchronous turn in the tens of milliseconds at about 20 µs an item. */
export const MAX_ITEMS_PER_COMMIT = 1_000;

/** Turns of the event loop that a commit waits for at most while each brings further calls: a few tenths of a millisecond. */
const MAX_TURNS = 16;

interface Waiting<In, Out> {
  readonly item: In;
  readonly resolve: (out: Out) => void;
  readonly reject: (err: unknown) => void;
}

type Applied<In, Out> = { readonly call: Waiting<In, Out> } & ({ readonly ok: true; readonly out: Out } | { readonly ok: false; readonly err: unknown });

/** Collects calls and commits them together. */
export class GroupCommit<In, Out> {
  readonly #deps: GroupCommitDeps<In, Out>;
  readonly #defer: (run: () => void) => void;
  readonly #maxItems: number;
  /** Not persisted: calls that have not been answered; their callers repeat them after a crash. */
  #waiting: Waiting<In, Out>[] = [];
  /** Not persisted: whether a commit is due. */
  #scheduled = false;

  constructor(deps: GroupCommitDeps<In, Out>) {
    this.#deps = deps;
    this.#defer = deps.defer ?? ((run) => void this.#whenAllAreIn().then(run));
    this.#maxItems = deps.maxItems ?? MAX_ITEMS_PER_COMMIT;
  }

  /**
   * Applies `item` with the next commit, in order of arrival.
   *
   * @throws what `apply` threw for this item, or what failed the whole commit, in which case nothing was kept.
   */
  submit(item: In): Promise<Out> {
    const { promise, resolve, reject } = Promise.withResolvers<Out>();
    this.#waiting.push({ item, resolve, reject });
    this.#schedule();
    return promise;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#defer(() => this.#commit());
  }

  async #whenAllAreIn(): Promise<void> {
    for (let turn = 0, seen = -1; turn < MAX_TURNS && seen < this.#waiting.length; turn++) {
      seen = this.#waiting.length;
      await eventLoopTurn();
    }
  }

  #commit(): void {
    this.#scheduled = false;
    const group = this.#waiting.splice(0, this.#maxItems);
    if (this.#waiting.length > 0) this.#schedule();
    let applied: readonly Applied<In, Out>[];
    try {
      applied = this.#applyTogether(group) ?? this.#commitOf(group, (call) => this.#applyApart(call));
    } catch (err) {
      this.#deps.onUndone?.();
      for (const call of group) call.reject(err);
      return;
    }
    this.#announce(applied);
    for (const result of applied) {
      if (result.ok) result.call.resolve(result.out);
      else result.call.reject(result.err);
    }
  }

  /** Every item without a savepoint; null when that cannot be, or when something threw and all is undone. */
  #applyTogether(group: readonly Waiting<In, Out>[]): readonly Applied<In, Out>[] | null {
    const { onUndone } = this.#deps;
    if (onUndone === undefined) return null;
    try {
      return this.#commitOf(group, (call) => ({ call, ok: true, out: this.#applyOne(call) }));
    } catch {
      // Whose fault it is shows when each is applied apart: it throws there again.
      onUndone();
      return null;
    }
  }

  #commitOf(group: readonly Waiting<In, Out>[], apply: (call: Waiting<In, Out>) => Applied<In, Out>): readonly Applied<In, Out>[] {
    return this.#deps.storage.transactionSync(() => {
      const applied = group.map(apply);
      this.#deps.beforeCommit?.(outsOf(applied));
      this.#deps.write?.();
      return applied;
    });
  }

  #applyApart(call: Waiting<In, Out>): Applied<In, Out> {
    try {
      const out = this.#deps.storage.transactionSync(() => {
        const applied = this.#applyOne(call);
        this.#deps.write?.();
        return applied;
      });
      return { call, ok: true, out };
    } catch (err) {
      this.#deps.onUndone?.();
      return { call, ok: false, err };
    }
  }

  #applyOne({ item }: Waiting<In, Out>): Out {
    return requireSynchronous(this.#deps.apply(item), "An item of a group commit");
  }

  #announce(applied: readonly Applied<In, Out>[]): void {
    const { onCommitted, log } = this.#deps;
    if (onCommitted === undefined) return;
    const outs = outsOf(applied);
    if (outs.length > 0) runBestEffortSync("group-commit.announce", () => onCommitted(outs), log);
  }
}

function outsOf<In, Out>(applied: readonly Applied<In, Out>[]): Out[] {
  return applied.flatMap((result) => (result.ok ? [result.out] : []));
}
