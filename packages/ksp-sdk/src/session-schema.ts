/** Tables of knowing-state sessions. That a ceiling never rises is a trigger: no code path can forget it. */
import type { Migration } from "@factory/durable";

/** The name under which a host object applies {@link KSP_SESSIONS_MIGRATIONS}, beside its own list. */
export const KSP_SESSIONS_COMPONENT = "ksp-sessions";

/** Schema changes in order; the object that hosts sessions applies them. Levels are positions in `AUTONOMY`. */
export const KSP_SESSIONS_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-ksp-sessions",
    statements: [
      `CREATE TABLE ksp_sessions (
        session_id TEXT PRIMARY KEY,
        role TEXT NOT NULL,
        agent_id TEXT NOT NULL,
        opened_ceiling INTEGER NOT NULL CHECK (opened_ceiling BETWEEN 0 AND 3),
        ceiling INTEGER NOT NULL CHECK (ceiling BETWEEN 0 AND 3),
        degraded TEXT,
        knowing_state TEXT,
        opened_at INTEGER NOT NULL,
        closed_at INTEGER
      ) STRICT`,
      `CREATE TRIGGER ksp_ceiling_never_rises BEFORE UPDATE OF ceiling ON ksp_sessions WHEN new.ceiling > old.ceiling
        BEGIN SELECT RAISE(ABORT, 'the ceiling of a session never rises'); END`,
      `CREATE TRIGGER ksp_degraded_for_good BEFORE UPDATE OF degraded ON ksp_sessions WHEN old.degraded IS NOT NULL AND new.degraded IS NOT old.degraded
        BEGIN SELECT RAISE(ABORT, 'a session stays degraded'); END`,
      `CREATE TABLE ksp_writes (
        session_id TEXT NOT NULL REFERENCES ksp_sessions (session_id),
        write_key TEXT NOT NULL,
        request_digest TEXT NOT NULL,
        bead_id TEXT NOT NULL,
        beads TEXT NOT NULL,
        fence TEXT,
        written INTEGER NOT NULL DEFAULT 0 CHECK (written IN (0, 1)),
        PRIMARY KEY (session_id, write_key)
      ) STRICT, WITHOUT ROWID`,
      "CREATE UNIQUE INDEX ksp_writes_by_bead ON ksp_writes (session_id, bead_id)",
    ],
  },
];
