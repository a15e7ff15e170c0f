/** Tables of an organisation's projection to Linear. */
import type { Migration } from "@factory/durable";

/** Schema changes in order. */
export const PROJECTION_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-projection",
    statements: [
      `CREATE TABLE sessions (
        session_id TEXT PRIMARY KEY,
        cursor INTEGER NOT NULL DEFAULT 0,
        wanted INTEGER NOT NULL,
        assembly TEXT NOT NULL DEFAULT '',
        work_order_id TEXT NOT NULL DEFAULT '',
        title TEXT NOT NULL DEFAULT '',
        run_id TEXT,
        work_graph_id TEXT,
        version INTEGER NOT NULL DEFAULT 1,
        state TEXT NOT NULL DEFAULT 'SUBMITTED',
        bead_issues INTEGER NOT NULL DEFAULT 0,
        beads_left_out INTEGER NOT NULL DEFAULT 0
      ) STRICT, WITHOUT ROWID`,
      // The directive that an atom was dispatched as last.
      `CREATE TABLE directives (
        session_id TEXT NOT NULL REFERENCES sessions (session_id),
        atom_id TEXT NOT NULL,
        directive_id TEXT NOT NULL,
        PRIMARY KEY (session_id, atom_id)
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE beads (
        session_id TEXT NOT NULL REFERENCES sessions (session_id),
        bead_id TEXT NOT NULL,
        atom_id TEXT NOT NULL,
        title TEXT NOT NULL,
        team TEXT NOT NULL,
        role TEXT NOT NULL,
        state TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        work_graph_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        amended_by TEXT,
        directive_id TEXT,
        policy_bead_id TEXT,
        shown INTEGER NOT NULL CHECK (shown IN (0, 1)),
        PRIMARY KEY (session_id, bead_id)
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE needs (
        session_id TEXT NOT NULL,
        bead_id TEXT NOT NULL,
        needs_bead_id TEXT NOT NULL,
        PRIMARY KEY (session_id, bead_id, needs_bead_id)
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX needs_by_needed ON needs (session_id, needs_bead_id)",
      // An issue's id is chosen here, so a binding is there before its issue; 'identifier' says that Linear has it.
      `CREATE TABLE bindings (
        binding_key TEXT PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('session', 'bead', 'divergence', 'escalation', 'digest', 'advisory', 'health')),
        artifact_id TEXT NOT NULL,
        work_graph_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        session_id TEXT NOT NULL,
        issue_id TEXT NOT NULL UNIQUE,
        identifier TEXT,
        url TEXT,
        shown TEXT NOT NULL DEFAULT '',
        superseded_by TEXT
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX bindings_by_artifact ON bindings (artifact_id, kind, version)",
      "CREATE TABLE relations (from_issue TEXT NOT NULL, to_issue TEXT NOT NULL, PRIMARY KEY (from_issue, to_issue)) STRICT, WITHOUT ROWID",
      "CREATE TABLE milestones (milestone_id TEXT PRIMARY KEY, work_graph_id TEXT NOT NULL, version INTEGER NOT NULL, project_id TEXT NOT NULL) STRICT, WITHOUT ROWID",
      `CREATE TABLE escalations (
        escalation_id TEXT PRIMARY KEY,
        review_id TEXT NOT NULL UNIQUE,
        session_id TEXT NOT NULL REFERENCES sessions (session_id),
        assembly TEXT NOT NULL,
        matter TEXT NOT NULL,
        action TEXT NOT NULL,
        action_digest TEXT NOT NULL,
        issue_id TEXT NOT NULL UNIQUE,
        opened_at INTEGER NOT NULL,
        decision TEXT
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE divergences (
        divergence_id TEXT PRIMARY KEY,
        session_id TEXT NOT NULL,
        bead_id TEXT,
        severity TEXT NOT NULL,
        detected INTEGER NOT NULL CHECK (detected IN (0, 1)),
        open INTEGER NOT NULL CHECK (open IN (0, 1))
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE advisories (
        advisory_id TEXT PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('divergence', 'note')),
        session_id TEXT NOT NULL,
        assembly TEXT NOT NULL,
        bead_id TEXT,
        severity TEXT NOT NULL,
        text TEXT NOT NULL,
        hypothesis_id TEXT,
        queued_at INTEGER NOT NULL,
        carried_over INTEGER NOT NULL DEFAULT 0,
        last_period TEXT,
        closed_at INTEGER
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX advisories_open ON advisories (queued_at) WHERE closed_at IS NULL",
      // Bindings that the lineage does not have yet.
      "CREATE TABLE binding_events (node_id TEXT PRIMARY KEY, assembly TEXT NOT NULL, node TEXT NOT NULL) STRICT, WITHOUT ROWID",
      // What is known of Linear and of ourselves, each as JSON with when it was read.
      "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL, read_at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
      "CREATE TABLE sync_errors (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, effect_id TEXT NOT NULL, message TEXT NOT NULL) STRICT",
      "CREATE TABLE health_history (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, line TEXT NOT NULL) STRICT",
    ],
  },
];
