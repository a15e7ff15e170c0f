/** Tables of a log's object. One list for both kinds of log: an object has rows of its own kind only. */
import type { Migration, StoragePort } from "@factory/durable";

/** Append-only; an entry never changes once it is released. */
export const LOG_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-log",
    statements: [
      `CREATE TABLE log_head (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        org TEXT NOT NULL,
        session_id TEXT NOT NULL,
        work_order_id TEXT NOT NULL,
        assembly_id TEXT NOT NULL,
        last_seq INTEGER NOT NULL,
        root_hash TEXT NOT NULL,
        closed INTEGER NOT NULL
      ) STRICT`,
      // `bytes` stands before `line`: reading it does not touch the overflow pages of a long line.
      `CREATE TABLE log_events (
        seq INTEGER PRIMARY KEY,
        event_id TEXT NOT NULL UNIQUE,
        bytes INTEGER NOT NULL,
        line TEXT NOT NULL
      ) STRICT`,
      `CREATE TRIGGER log_events_never_change BEFORE UPDATE ON log_events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END`,
      `CREATE TRIGGER log_events_never_go BEFORE DELETE ON log_events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END`,
    ],
  },
  {
    id: "0002-deliveries-and-archive",
    statements: [
      // When the terminal event came, in epoch milliseconds.
      "ALTER TABLE log_head ADD COLUMN closed_at INTEGER",
      `CREATE TABLE log_sinks (
        shard INTEGER PRIMARY KEY,
        cursor INTEGER NOT NULL,
        failing_since INTEGER
      ) STRICT`,
      // The log's own rows are the outbox of the assembly lane; these are the ones it still has to carry.
      "CREATE TABLE log_writes (seq INTEGER PRIMARY KEY) STRICT",
      "INSERT INTO log_writes (seq) SELECT seq FROM log_events WHERE json_extract(line, '$.stream') = 'artifactWrites'",
      `CREATE TABLE log_projected (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        seq INTEGER NOT NULL
      ) STRICT`,
      `CREATE TABLE log_late (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        count INTEGER NOT NULL,
        event_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        at INTEGER NOT NULL
      ) STRICT`,
      `CREATE TABLE archived_pages (
        first_seq INTEGER PRIMARY KEY,
        last_seq INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        digest TEXT NOT NULL
      ) STRICT`,
      `CREATE TABLE assembly_head (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        org TEXT NOT NULL,
        assembly_id TEXT NOT NULL,
        last_seq INTEGER NOT NULL,
        root_hash TEXT NOT NULL,
        trimmed_seq INTEGER NOT NULL
      ) STRICT`,
      `CREATE TABLE assembly_sources (
        session_id TEXT PRIMARY KEY,
        session_seq INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE assembly_events (
        seq INTEGER PRIMARY KEY,
        event_id TEXT NOT NULL UNIQUE,
        bytes INTEGER NOT NULL,
        appended_at INTEGER NOT NULL,
        line TEXT NOT NULL
      ) STRICT`,
      `CREATE TRIGGER assembly_events_never_change BEFORE UPDATE ON assembly_events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END`,
      `CREATE TRIGGER assembly_events_go_to_the_archive_first BEFORE DELETE ON assembly_events
        WHEN NOT EXISTS (SELECT 1 FROM archived_pages WHERE OLD.seq BETWEEN first_seq AND last_seq)
        BEGIN SELECT RAISE(ABORT, 'events go to the archive first'); END`,
    ],
  },
  { id: "0003-sealing", statements: ["ALTER TABLE log_head ADD COLUMN sealing INTEGER NOT NULL DEFAULT 0 CHECK (sealing IN (0, 1))"] },
  {
    id: "0004-linear",
    // Has its row only where work is shown in Linear.
    statements: [
      `CREATE TABLE log_projected_to_linear (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        seq INTEGER NOT NULL
      ) STRICT`,
    ],
  },
];

/** Whether the database has tables of a log; asking writes nothing. */
export function hasTables(storage: StoragePort): boolean {
  return storage.sql.exec("SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'durable_migrations'").toArray().length > 0;
}
