/**
 * The journal of bridge points: what was decided, under a key, before the first write. After a crash the same decision
 * is carried out again; nothing is decided twice, so a model's second answer cannot disagree with its first.
 */
import type { Migration, StoragePort } from "@factory/durable";

/** Synchronous, durable memory of decisions. Values are JSON. */
export interface BridgeJournal {
  read(key: string): unknown;
  /** Keeps a value under a key that has none yet. */
  write(key: string, value: unknown): void;
}

/** The journal's table; the object applies it as a component of its own beside its tables. */
export const BRIDGE_JOURNAL_MIGRATION: Migration = {
  id: "0001-bridge-journal",
  statements: ["CREATE TABLE bridge_journal (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT"],
};

/** A journal in an object's own database. */
export function sqlJournal(storage: StoragePort): BridgeJournal {
  return {
    read(key) {
      const [row] = storage.sql.exec<{ value: string }>("SELECT value FROM bridge_journal WHERE key = ?", key).toArray();
      return row === undefined ? undefined : JSON.parse(row.value);
    },
    write(key, value) {
      storage.sql.exec("INSERT INTO bridge_journal (key, value) VALUES (?, ?)", key, JSON.stringify(value));
    },
  };
}

/**
 * What was decided under a key, or what `decide` says now, which is kept before it is answered. Of two calls that decide at
 * once the first one counts for both.
 */
export async function decidedOnce<T>(journal: BridgeJournal, key: string, decide: () => Promise<T>): Promise<T> {
  const known = recall<T>(journal, key);
  if (known !== undefined) return known;
  const made = await decide();
  const meanwhile = recall<T>(journal, key);
  if (meanwhile !== undefined) return meanwhile;
  journal.write(key, made);
  return made;
}

/** Keeps a value under a key unless one is kept already. */
export function keepOnce(journal: BridgeJournal, key: string, value: unknown): void {
  if (journal.read(key) === undefined) journal.write(key, value);
}

/** What is kept under a key. */
export function recall<T>(journal: BridgeJournal, key: string): T | undefined {
  // The cast holds: each bridge point has keys of its own and keeps one kind of value under each.
  return journal.read(key) as T | undefined;
}
