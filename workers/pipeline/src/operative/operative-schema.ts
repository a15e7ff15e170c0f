/** Tables of an operative's object; entries are only ever appended. */
import { migrate } from "@factory/durable";
import type { Migration, StoragePort } from "@factory/durable";
import { KSP_SESSIONS_COMPONENT, KSP_SESSIONS_MIGRATIONS } from "@factory/ksp-sdk";
import { BRIDGE_JOURNAL_MIGRATION } from "@factory/loop-closure";
import { migrateWorkspace } from "@factory/workspace";

/** The name under which the bridge's journal keeps its migrations. */
const JOURNAL_COMPONENT = "bridge-journal";

/** Brings an operative's database up to date, the parts of other packages under their own names. */
export function migrateOperative(storage: StoragePort): void {
  migrate(storage, OPERATIVE_MIGRATIONS);
  migrateWorkspace(storage);
  migrate(storage, KSP_SESSIONS_MIGRATIONS, KSP_SESSIONS_COMPONENT);
  migrate(storage, [BRIDGE_JOURNAL_MIGRATION], JOURNAL_COMPONENT);
}

/** The operative's own tables. */
export const OPERATIVE_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-operative",
    statements: [
      "CREATE TABLE operative_identity (one INTEGER PRIMARY KEY CHECK (one = 1), org TEXT NOT NULL, run_id TEXT NOT NULL, slot INTEGER NOT NULL) STRICT",
      // One row a lease. `execution_id` is set when work begins, `outcome` when it ends; the row goes with the verdict.
      `CREATE TABLE operative_beads (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        bead_id TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        execution_id TEXT UNIQUE,
        started_at INTEGER,
        knowing_state_id TEXT NOT NULL DEFAULT '',
        heads_digest TEXT NOT NULL DEFAULT '',
        execution_bead_id TEXT,
        outcome TEXT,
        UNIQUE (bead_id, epoch)
      ) STRICT`,
      // A claim carries the directive, the tree and the examples, which may be more than a row holds.
      `CREATE TABLE operative_claim_parts (
        bead_seq INTEGER NOT NULL REFERENCES operative_beads (seq) ON DELETE CASCADE,
        part INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (bead_seq, part)
      ) STRICT`,
      `CREATE TABLE operative_model_calls (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        execution_id TEXT NOT NULL,
        call TEXT NOT NULL
      ) STRICT`,
      "CREATE INDEX operative_model_calls_by_execution ON operative_model_calls (execution_id, seq)",
      `CREATE TABLE operative_consents (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        execution_id TEXT NOT NULL,
        record TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('granted', 'denied')),
        digest TEXT NOT NULL,
        recorded_at INTEGER NOT NULL
      ) STRICT`,
      "CREATE INDEX operative_consents_by_execution ON operative_consents (execution_id, seq)",
    ],
  },
  {
    id: "0002-governance",
    statements: [
      // What the knowing-state allowed; null until it was retrieved.
      "ALTER TABLE operative_beads ADD COLUMN autonomy TEXT",
      // When the agent may first have acted: until then an execution goes on after a restart, from then on it was interrupted.
      "ALTER TABLE operative_beads ADD COLUMN ran_at INTEGER",
      "UPDATE operative_beads SET ran_at = started_at WHERE execution_id IS NOT NULL",
    ],
  },
];
