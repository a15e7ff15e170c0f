/**
 * The journal of bridge points: what was decided, under a key, before the first write. After a crash the same decision
 * is carried out again; nothing is decided twice, so a model's second answer cannot disagree with its first.
 */
import type { Migration, StoragePort } from "@factory/durable";

/** Synchronous, durable memory of decisions. Values are JSON. */
export interface BridgeJournal {
  read(key: string): unknown;
  write(key: string, value: unknown): void;
}

/** The journal's table; the object appends it to its own migrations. */
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
