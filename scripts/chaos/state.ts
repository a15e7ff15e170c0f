/** What is on disk in the platform's state folder, read with SQLite itself and never through the code under test. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A database that its owner is writing to is waited for so long, in milliseconds. */
const BUSY_MS = 10_000;

/** A row of any table. */
export type Row = { readonly [column: string]: unknown };

/** The database of one Durable Object. */
export class ObjectState {
  /** Class of the object, such as `CoordinatorDO`. */
  readonly className: string;
  readonly #path: string;

  constructor(className: string, path: string) {
    this.className = className;
    this.#path = path;
  }

  /** Rows of a query, or none when the object has no such table. */
  rows(table: string, query: string): Row[] {
    const database = new DatabaseSync(this.#path, { readOnly: true, timeout: BUSY_MS });
    try {
      const known = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
      return known === undefined
        ? []
        : database
            .prepare(query)
            .all()
            .map((row) => ({ ...row }));
    } finally {
      database.close();
    }
  }
}

/** Rows of a query on a table of the platform's D1 database. */
export function databaseRows(stateDirectory: string, table: string, query: string): Row[] {
  const root = join(stateDirectory, "d1", "miniflare-D1DatabaseObject");
  const files = existsSync(root) ? readdirSync(root).filter(isDatabase) : [];
  return files.flatMap((file) => new ObjectState("D1", join(root, file)).rows(table, query));
}

const isDatabase = (file: string): boolean => file.endsWith(".sqlite") && file !== "metadata.sqlite";

/** Every object that has stored something. */
export function objectsOf(stateDirectory: string): ObjectState[] {
  const root = join(stateDirectory, "do");
  if (!existsSync(root)) return [];
  return readdirSync(root).flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter(isDatabase)
      .map((file) => new ObjectState(folder.split("-").at(-1) ?? folder, join(root, folder, file))),
  );
}

/** Rows of one table over all objects of a class, or of every class. */
export function rowsOf(objects: readonly ObjectState[], className: string | null, table: string, query: string): Row[] {
  return objects
    .filter((object) => className === null || object.className === className)
    .flatMap((object) => object.rows(table, query).map((row) => ({ object: object.className, ...row })));
}

/** Effects that have not been acknowledged and deleted. */
export function outboxRows(objects: readonly ObjectState[]): Row[] {
  return rowsOf(objects, null, "outbox_effects", "SELECT effect_id, target, attempts, not_before, parked_reason FROM outbox_effects ORDER BY seq LIMIT 50");
}

/** Where a run and its neighbours stand, for the report of a run that does not end. */
export function standing(stateDirectory: string): object {
  const objects = objectsOf(stateDirectory);
  return {
    session: rowsOf(objects, "CommissioningAgentDO", "session", "SELECT session_id, state, mediation, run, sealing, stuck, parked FROM session"),
    openBeads: rowsOf(
      objects,
      "CoordinatorDO",
      "beads",
      "SELECT title, state, pending, epoch, attempts, faults, slot, lease_until, not_before FROM beads WHERE state <> 'DONE' ORDER BY position LIMIT 20",
    ),
    slots: rowsOf(objects, "CoordinatorDO", "slots", "SELECT * FROM slots"),
    timers: rowsOf(objects, null, "scheduler_timers", "SELECT * FROM scheduler_timers"),
    held: rowsOf(
      objects,
      "OperativeDO",
      "operative_beads",
      "SELECT bead_id, epoch, started_at, ran_at, outcome IS NOT NULL AS concluded FROM operative_beads ORDER BY seq DESC LIMIT 3",
    ),
    outbox: outboxRows(objects),
    now: Date.now(),
  };
}
