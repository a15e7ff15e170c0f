/**
 * The receiving side of an outbox: an effect that arrives again is answered from the record. Delivery is at least once;
 * with an inbox its effect is exactly once.
 */
import { TerminalError } from "./errors.ts";
import { migrate } from "./migrations.ts";
import type { Migration } from "./migrations.ts";
import { requireSynchronous } from "./sql.ts";
import type { StoragePort } from "./sql.ts";

/** What an inbox needs. */
export interface InboxDeps {
  readonly storage: StoragePort;
  /**
   * Answers kept per source at the least. It has to exceed what one source may send again: its acknowledged but not
   * yet deleted rows and what it holds in flight.
   */
  readonly keepPerSource?: number;
}

/** Insertions between two prunings: pruning reads the whole table, so its cost is spread over them. */
export const PRUNE_EVERY = 1_000;
/** Ten prunings' worth: a sender deletes its acknowledged rows within a timer run, long before 10 000 further effects. */
export const KEEP_PER_SOURCE = 10 * PRUNE_EVERY;
/** Largest recorded answer in UTF-16 units; a row of Durable Object SQLite holds 2 MB. */
export const MAX_ANSWER_CHARS = 500_000;

const INBOX_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-inbox",
    statements: [
      `CREATE TABLE inbox_effects (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        source TEXT NOT NULL,
        effect_id TEXT NOT NULL UNIQUE,
        answer TEXT
      ) STRICT`,
    ],
  },
];

/** Remembers effects and their answers. */
export class Inbox {
  readonly #storage: StoragePort;
  readonly #keepPerSource: number;

  constructor(deps: InboxDeps) {
    this.#storage = deps.storage;
    this.#keepPerSource = deps.keepPerSource ?? KEEP_PER_SOURCE;
    migrate(this.#storage, INBOX_MIGRATIONS, "inbox");
  }

  /**
   * Runs `fn` for an effect id that is new and records its answer in the same transaction; answers a repeat from the
   * record without running it. First and later answers are the same JSON value.
   *
   * What `fn` throws undoes its writes and is not recorded, so the effect may be tried again; a refusal that is meant
   * to stay is an answer.
   *
   * @param source - whose effects are pruned together: a busy sender does not push out the record of a quiet one
   * @throws TypeError when `fn` returns a promise, TerminalError when the answer is too large to record.
   */
  once<T>(effectId: string, fn: () => T, source = ""): T {
    return this.#storage.transactionSync(() => {
      const recorded = this.#recorded(effectId);
      if (recorded !== undefined) return fromRecord<T>(recorded);
      const answer = toRecord(requireSynchronous(fn(), "The handler of an effect"));
      const [row] = this.#storage.sql
        .exec<{ seq: number }>("INSERT INTO inbox_effects (source, effect_id, answer) VALUES (?, ?, ?) RETURNING seq", source, effectId, answer)
        .toArray();
      if (row !== undefined && row.seq % PRUNE_EVERY === 0) this.prune();
      return fromRecord<T>(answer);
    });
  }

  /** Whether the effect has been answered and the answer is still kept. */
  has(effectId: string): boolean {
    return this.#recorded(effectId) !== undefined;
  }

  /** Drops the oldest answers of each source beyond the number kept; runs by itself every {@link PRUNE_EVERY} effects. */
  prune(): void {
    this.#storage.sql.exec(
      `DELETE FROM inbox_effects WHERE seq IN (
         SELECT seq FROM (SELECT seq, row_number() OVER (PARTITION BY source ORDER BY seq DESC) AS age FROM inbox_effects)
         WHERE age > ?)`,
      this.#keepPerSource,
    );
  }

  #recorded(effectId: string): string | null | undefined {
    return this.#storage.sql.exec<{ answer: string | null }>("SELECT answer FROM inbox_effects WHERE effect_id = ?", effectId).toArray()[0]?.answer;
  }
}

function toRecord(answer: unknown): string | null {
  const text = answer === undefined ? null : (JSON.stringify(answer) ?? null);
  if (text !== null && text.length > MAX_ANSWER_CHARS) {
    throw new TerminalError(`The answer to an effect has ${text.length} characters; ${MAX_ANSWER_CHARS} can be recorded.`);
  }
  return text;
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the record is opened at the type it was made from.
function fromRecord<T>(record: string | null): T {
  // The cast holds for JSON answers: the record was made from a T by the same handler.
  return (record === null ? undefined : JSON.parse(record)) as T;
}
