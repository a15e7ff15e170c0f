/** The coordinator's tables. One run an object; times are epoch milliseconds, JSON columns hold canonical words of `@factory/schemas`. */
import type { Migration } from "@factory/durable";

/** Append-only; see `migrate`. */
export const COORDINATOR_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-run",
    statements: [
      `CREATE TABLE run (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        org TEXT NOT NULL,
        session_id TEXT NOT NULL,
        run_id TEXT NOT NULL,
        work_order_id TEXT NOT NULL,
        assembly TEXT NOT NULL,
        specification_id TEXT NOT NULL,
        work_graph_id TEXT NOT NULL,
        slots INTEGER NOT NULL CHECK (slots > 0),
        types_required INTEGER NOT NULL CHECK (types_required IN (0, 1)),
        seed_digest TEXT NOT NULL,
        tree_digest TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('open', 'accepted', 'cancelled')),
        model_calls INTEGER NOT NULL DEFAULT 0,
        cost_usd REAL NOT NULL DEFAULT 0,
        cost_known INTEGER NOT NULL DEFAULT 1
      ) STRICT`,
      // Kept apart from the run: a cancellation may arrive before the seed does.
      "CREATE TABLE cancellation (id INTEGER PRIMARY KEY CHECK (id = 1), reason TEXT NOT NULL) STRICT",
      "CREATE TABLE commands (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
      "CREATE TABLE claims (claim_id TEXT PRIMARY KEY, position INTEGER NOT NULL, body TEXT NOT NULL) STRICT",
      "CREATE TABLE invariants (invariant_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT",
      `CREATE TABLE beads (
        bead_id TEXT PRIMARY KEY,
        position INTEGER NOT NULL UNIQUE,
        atom_id TEXT NOT NULL UNIQUE,
        molecule_id TEXT NOT NULL,
        role TEXT NOT NULL,
        title TEXT NOT NULL,
        outcome INTEGER NOT NULL CHECK (outcome IN (0, 1)),
        directive TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('BLOCKED', 'READY', 'LEASED', 'WAITING', 'DONE', 'FAILED', 'CANCELLED')),
        pending INTEGER NOT NULL CHECK (pending >= 0),
        epoch INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        cycle INTEGER NOT NULL DEFAULT 0,
        faults INTEGER NOT NULL DEFAULT 0,
        slot INTEGER,
        claimed_at INTEGER,
        lease_until INTEGER,
        not_before INTEGER NOT NULL DEFAULT 0,
        feedback TEXT NOT NULL DEFAULT '[]',
        clarification_id TEXT,
        question TEXT,
        answer TEXT,
        CHECK ((state = 'LEASED') = (slot IS NOT NULL)),
        CHECK ((state = 'LEASED') = (lease_until IS NOT NULL)),
        CHECK (state <> 'READY' OR pending = 0)
      ) STRICT`,
      "CREATE INDEX beads_ready ON beads (position) WHERE state = 'READY'",
      "CREATE INDEX beads_leased ON beads (lease_until) WHERE state = 'LEASED'",
      `CREATE TABLE bead_edges (
        child_id TEXT NOT NULL REFERENCES beads (bead_id),
        parent_id TEXT NOT NULL REFERENCES beads (bead_id),
        required INTEGER NOT NULL CHECK (required IN (0, 1)),
        PRIMARY KEY (child_id, parent_id)
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX bead_edges_by_parent ON bead_edges (parent_id)",
      // A null digest is a file of the base tree that was deleted; a null base digest one that a bead made.
      "CREATE TABLE tree_files (path TEXT PRIMARY KEY, digest TEXT, base_digest TEXT, bead_id TEXT REFERENCES beads (bead_id)) STRICT, WITHOUT ROWID",
      `CREATE TABLE outcomes (
        effect_id TEXT PRIMARY KEY,
        bead_id TEXT NOT NULL REFERENCES beads (bead_id),
        epoch INTEGER NOT NULL,
        body TEXT NOT NULL,
        verdict TEXT
      ) STRICT`,
      "CREATE INDEX outcomes_checking ON outcomes (bead_id, epoch) WHERE verdict IS NULL",
      `CREATE TABLE checks (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        check_id TEXT NOT NULL,
        bead_id TEXT NOT NULL REFERENCES beads (bead_id),
        claim_id TEXT,
        tree_digest TEXT NOT NULL,
        kind TEXT NOT NULL,
        ok INTEGER NOT NULL,
        report_digest TEXT NOT NULL,
        holdout INTEGER NOT NULL,
        summary TEXT NOT NULL
      ) STRICT`,
      `CREATE TABLE divergences (
        divergence_id TEXT PRIMARY KEY,
        bead_id TEXT NOT NULL REFERENCES beads (bead_id),
        open INTEGER NOT NULL CHECK (open IN (0, 1))
      ) STRICT`,
      "CREATE INDEX divergences_by_bead ON divergences (bead_id, open)",
      // hinted_at: when a wake-up left for the slot that nothing has answered yet.
      "CREATE TABLE slots (slot INTEGER PRIMARY KEY, hinted_at INTEGER, hints INTEGER NOT NULL DEFAULT 0) STRICT",
    ],
  },
  {
    id: "0002-approvals",
    statements: [
      // A request is closed when nothing may rest on it any more: carried out, rejected, done again, or overtaken. The
      // outcome it names holds the change set that waits; `checks` is what was found of it. A note is binding while every
      // further attempt at the bead has to read it.
      `CREATE TABLE approvals (
        request_id TEXT PRIMARY KEY,
        bead_id TEXT NOT NULL REFERENCES beads (bead_id),
        stage TEXT NOT NULL CHECK (stage IN ('start', 'apply')),
        effect_id TEXT NOT NULL REFERENCES outcomes (effect_id),
        subject_digest TEXT NOT NULL,
        checks TEXT NOT NULL,
        asked_at INTEGER NOT NULL,
        decision TEXT CHECK (decision IN ('approved', 'amended', 'rejected')),
        note TEXT,
        decided_by TEXT,
        closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)),
        binding INTEGER NOT NULL DEFAULT 0 CHECK (binding IN (0, 1)),
        CHECK ((decision IS NULL) = (decided_by IS NULL))
      ) STRICT`,
      "CREATE UNIQUE INDEX approvals_live ON approvals (bead_id, stage) WHERE closed = 0",
      "CREATE INDEX approvals_binding ON approvals (bead_id) WHERE binding = 1",
    ],
  },
];
