/**
 * Group commit: calls that arrive together are applied in one synchronous turn and one transaction, and answered after
 * it. The disk is asked once for all of them, and the output gate holds every answer until it has them.
 *
 * Each item is a savepoint of its own, so one that throws does not undo its neighbours.
 */
import { runBestEffortSync } from "./best-effort.ts";
import type { Log } from "./log.ts";
import { requireSynchronous } from "./sql.ts";
import type { StoragePort } from "./sql.ts";

/** What a group commit needs. */
export interface GroupCommitDeps<In, Out> {
  readonly storage: Pick<StoragePort, "transactionSync">;
  /** Applies one item; synchronous. What it throws goes to that item's caller and undoes that item only. */
  readonly apply: (item: In) => Out;
  /**
   * Called once in each commit, after its items: what follows from all of them together. What it throws fails the whole
   * commit, and nothing of it is kept.
   */
  readonly beforeCommit?: () => void;
  /**
   * Called once after each commit with the answers of the items that were applied, before they are resolved: one
   * broadcast for all events of a turn. What it throws is logged; the commit stands.
   */
  readonly onCommitted?: (outs: readonly Out[]) => void;
  readonly log: Log;
  /** Defers the commit until the calls that have already arrived are in; `setTimeout(run, 0)` unless given. */
  readonly defer?: (run: () => void) => void;
  /** Most items in one commit; the rest follow in the next. */
  readonly maxItems?: number;
}

/** Keeps one synchronous turn in the tens of milliseconds at about 20 µs an item. */
export const MAX_ITEMS_PER_COMMIT = 1_000;

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
    this.#defer = deps.defer ?? ((run) => void setTimeout(run, 0));
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

  #commit(): void {
    this.#scheduled = false;
    const group = this.#waiting.splice(0, this.#maxItems);
    if (this.#waiting.length > 0) this.#schedule();
    let applied: Applied<In, Out>[];
    try {
      applied = this.#deps.storage.transactionSync(() => {
        const results = group.map((call) => this.#applyOne(call));
        this.#deps.beforeCommit?.();
        return results;
      });
    } catch (err) {
      for (const call of group) call.reject(err);
      return;
    }
    this.#announce(applied);
    for (const result of applied) {
      if (result.ok) result.call.resolve(result.out);
      else result.call.reject(result.err);
    }
  }

  #applyOne(call: Waiting<In, Out>): Applied<In, Out> {
    try {
      const out = this.#deps.storage.transactionSync(() => requireSynchronous(this.#deps.apply(call.item), "An item of a group commit"));
      return { call, ok: true, out };
    } catch (err) {
      return { call, ok: false, err };
    }
  }

  #announce(applied: readonly Applied<In, Out>[]): void {
    const { onCommitted, log } = this.#deps;
    if (onCommitted === undefined) return;
    const outs = applied.flatMap((result) => (result.ok ? [result.out] : []));
    if (outs.length > 0) runBestEffortSync("group-commit.announce", () => onCommitted(outs), log);
  }
}
