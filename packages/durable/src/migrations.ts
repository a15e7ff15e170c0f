/**
 * Schema changes of one object's database: an append-only list, applied in one transaction. What was applied is kept
 * with its digest, so that an edited, moved or unknown entry is found before it does harm.
 *
 * The record is a table because Durable Object SQLite has no `PRAGMA user_version`. Statements come as arrays and are
 * never split: a trigger contains semicolons.
 */
import { digestOf } from "@factory/schemas";
import { TerminalError } from "./errors.ts";
import type { StoragePort } from "./sql.ts";

/** One step of a schema. Once released it never changes. */
export interface Migration {
  /** Unique in its list, for example `0001-beads`. */
  readonly id: string;
  /** SQL statements in order, one each. */
  readonly statements: readonly string[];
}

/** Why a database and a list of migrations do not fit. */
export type MigrationFault = "INVALID_LIST" | "CHANGED" | "REORDERED" | "NEWER_DATABASE";

/** The database cannot be brought to the given list; nothing was applied. */
export class MigrationError extends TerminalError {
  override readonly name = "MigrationError";
  readonly fault: MigrationFault;

  constructor(fault: MigrationFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** The list that an object keeps for its own tables; the parts of this package keep theirs under their own names. */
export const OBJECT_COMPONENT = "object";

const RECORD_TABLE = `CREATE TABLE IF NOT EXISTS durable_migrations (
  component TEXT NOT NULL,
  position INTEGER NOT NULL,
  id TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (component, position)
) STRICT`;

/**
 * Brings the database to the end of `migrations`: all pending entries or none. The caller is the constructor, inside
 * `blockConcurrencyWhile`.
 *
 * @param component - whose list this is; each component has its own append-only order
 * @returns the ids that were applied now, in order
 * @throws MigrationError when an applied entry was changed or moved, when the database knows entries that the list does
 *   not, or when the list itself is not valid. The database keeps its state.
 */
export function migrate(storage: StoragePort, migrations: readonly Migration[], component: string = OBJECT_COMPONENT): readonly string[] {
  checkList(migrations, component);
  return storage.transactionSync(() => {
    storage.sql.exec(RECORD_TABLE);
    const applied = storage.sql
      .exec<{ id: string; digest: string }>("SELECT id, digest FROM durable_migrations WHERE component = ? ORDER BY position", component)
      .toArray();
    checkApplied(applied, migrations, component);
    return migrations.slice(applied.length).map((migration, offset) => {
      for (const statement of migration.statements) storage.sql.exec(statement);
      storage.sql.exec(
        "INSERT INTO durable_migrations (component, position, id, digest) VALUES (?, ?, ?, ?)",
        component,
        applied.length + offset,
        migration.id,
        digestOf(migration.statements),
      );
      return migration.id;
    });
  });
}

function checkList(migrations: readonly Migration[], component: string): void {
  const ids = new Set<string>();
  for (const { id, statements } of migrations) {
    if (id === "" || statements.length === 0) {
      throw new MigrationError("INVALID_LIST", `A migration of "${component}" has no id or no statements: "${id}".`);
    }
    if (ids.has(id)) throw new MigrationError("INVALID_LIST", `Two migrations of "${component}" are called "${id}".`);
    ids.add(id);
  }
}

function checkApplied(applied: readonly { readonly id: string; readonly digest: string }[], migrations: readonly Migration[], component: string): void {
  const known = new Set(migrations.map(({ id }) => id));
  for (const [position, { id, digest }] of applied.entries()) {
    if (!known.has(id)) {
      throw new MigrationError(
        "NEWER_DATABASE",
        `The database has migration "${id}" of "${component}", which this code does not know. It was written by newer code, or the entry was removed; entries are only ever appended.`,
      );
    }
    const expected = migrations[position];
    if (expected?.id !== id) {
      throw new MigrationError(
        "REORDERED",
        `Migration "${id}" of "${component}" was applied at position ${position}, where the code now has "${expected?.id ?? "nothing"}". Entries keep their order; append new ones at the end.`,
      );
    }
    if (digestOf(expected.statements) !== digest) {
      throw new MigrationError("CHANGED", `Migration "${id}" of "${component}" was changed after it was applied. Restore it and append a new entry.`);
    }
  }
}
