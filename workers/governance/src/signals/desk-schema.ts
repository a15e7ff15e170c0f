/** Tables of a signal desk. */
import type { Migration } from "@factory/durable";

/** Schema changes in order. */
export const SIGNAL_DESK_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-signals",
    statements: [
      // One row a decision: the record that a repeat is answered from.
      `CREATE TABLE signals (
        disposition_event_id TEXT NOT NULL PRIMARY KEY,
        digest TEXT NOT NULL,
        signal TEXT NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        key_id TEXT NOT NULL,
        policy TEXT NOT NULL,
        accepted_at INTEGER NOT NULL
      ) STRICT`,
      // A token's id is its issuer's own, so two keys may use the same.
      `CREATE TABLE tokens (
        key_id TEXT NOT NULL,
        jti TEXT NOT NULL,
        disposition_event_id TEXT NOT NULL REFERENCES signals (disposition_event_id),
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (key_id, jti)
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX tokens_by_expiry ON tokens (expires_at)",
      // What a signal does, one row an effect. The outbox has the effects that are on their way; this is how they ended.
      `CREATE TABLE signal_effects (
        effect_id TEXT NOT NULL PRIMARY KEY,
        disposition_event_id TEXT NOT NULL REFERENCES signals (disposition_event_id),
        state TEXT NOT NULL CHECK (state IN ('delivering', 'done', 'refused')),
        detail TEXT NOT NULL
      ) STRICT`,
      "CREATE INDEX signal_effects_by_signal ON signal_effects (disposition_event_id, state)",
      // The empty assembly is the whole organisation.
      `CREATE TABLE suspensions (
        assembly TEXT NOT NULL PRIMARY KEY,
        reason TEXT NOT NULL,
        approvers TEXT NOT NULL,
        since INTEGER NOT NULL,
        disposition_event_id TEXT NOT NULL REFERENCES signals (disposition_event_id)
      ) STRICT`,
      `CREATE TABLE messages (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        envelope_id TEXT NOT NULL UNIQUE,
        digest TEXT NOT NULL,
        type TEXT NOT NULL,
        id TEXT NOT NULL,
        signal TEXT NOT NULL,
        signal_digest TEXT NOT NULL,
        source TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        node_id TEXT,
        state TEXT NOT NULL CHECK (state IN ('delivering', 'done', 'refused')),
        detail TEXT NOT NULL
      ) STRICT`,
      "CREATE INDEX messages_by_id ON messages (type, id)",
      `CREATE TABLE subscribers (
        url TEXT NOT NULL PRIMARY KEY,
        added_at INTEGER NOT NULL,
        added_by TEXT NOT NULL,
        last_delivered_at INTEGER,
        last_error TEXT
      ) STRICT`,
      // What was told, with the id by which its receivers know it again.
      `CREATE TABLE told (
        effect_id TEXT NOT NULL PRIMARY KEY,
        digest TEXT NOT NULL,
        envelope_id TEXT NOT NULL UNIQUE,
        signal TEXT NOT NULL,
        told_at INTEGER NOT NULL
      ) STRICT`,
      "CREATE INDEX told_by_time ON told (told_at)",
      `CREATE TABLE tellings (
        effect_id TEXT NOT NULL REFERENCES told (effect_id) ON DELETE CASCADE,
        url TEXT NOT NULL REFERENCES subscribers (url) ON DELETE CASCADE,
        PRIMARY KEY (effect_id, url)
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX tellings_by_subscriber ON tellings (url)",
    ],
  },
];
