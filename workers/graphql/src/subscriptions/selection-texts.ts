/**
 * What operations select of events, one row a distinct text: an attachment has room for its key only, and thousands of sockets have
 * few texts between them.
 */
import type { Migration, StoragePort } from "@factory/durable";
import type { Selection } from "../subscription-protocol.ts";

/** Tables of a shard, after those of its live cursors. */
export const SELECTION_MIGRATIONS: readonly Migration[] = [
  {
    id: "0002-selections",
    statements: ["CREATE TABLE selections (key TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID"],
  },
];

/** The selections of one shard's operations. */
export class SelectionTexts {
  readonly #storage: StoragePort;
  /** Not persisted: the rows, which only this object writes, with the operations that hold each; read back from the attachments. */
  readonly #held = new Map<string, { readonly text: string; holders: number }>();

  constructor(storage: StoragePort) {
    this.#storage = storage;
    const rows = storage.sql.exec<{ key: string; text: string }>("SELECT key, text FROM selections").toArray();
    for (const { key, text } of rows) this.#held.set(key, { text, holders: 0 });
  }

  /** Undefined for a key that no operation holds, or held before the last {@link prune}. */
  text(key: string): string | undefined {
    return this.#held.get(key)?.text;
  }

  /** Keeps a text for one more operation; it is on disk before the attachment that names it. */
  retain({ key, text }: Selection): void {
    const held = this.#held.get(key);
    if (held !== undefined) held.holders += 1;
    else {
      this.#held.set(key, { text, holders: 1 });
      this.#storage.sql.exec("INSERT INTO selections (key, text) VALUES (?, ?)", key, text);
    }
  }

  /** Gives up one operation's hold; the last one takes the row with it. */
  release({ key }: Selection): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    held.holders -= 1;
    if (held.holders === 0) this.#delete(key);
  }

  /** Deletes what no operation holds: their sockets are gone. */
  prune(): void {
    for (const [key, { holders }] of this.#held) if (holders === 0) this.#delete(key);
  }

  #delete(key: string): void {
    this.#held.delete(key);
    this.#storage.sql.exec("DELETE FROM selections WHERE key = ?", key);
  }
}
