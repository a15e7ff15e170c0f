/** The coordinator's tables. One run an object; times are epoch milliseconds, JSON columns hold canonical words of `@factory/schemas`. */
import type { Migration } from "@factory/durable";
import { FUNDS_MIGRATION } from "./budget-store.ts";
import { CLEARANCE_MIGRATION } from "./clearance-store.ts";

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
  {
    id: "0003-hot-path",
    statements: [
      // How beads are ordered: by when they became READY, less the age that their priority is worth. A delayed bead is
      // READY and may not be claimed before its time; it is taken into the order when that has come.
      "ALTER TABLE beads ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high', 'urgent'))",
      "ALTER TABLE beads ADD COLUMN rank INTEGER NOT NULL DEFAULT 0",
      "ALTER TABLE beads ADD COLUMN delayed INTEGER NOT NULL DEFAULT 0 CHECK (delayed IN (0, 1))",
      "UPDATE beads SET delayed = 1, rank = not_before WHERE state = 'READY' AND not_before > 0",
      "DROP INDEX beads_ready",
      "CREATE INDEX beads_ready ON beads (rank, position) WHERE state = 'READY' AND outcome = 0 AND delayed = 0",
      "CREATE INDEX beads_delayed ON beads (not_before) WHERE delayed = 1",
      "CREATE INDEX beads_by_slot ON beads (slot, position) WHERE state = 'LEASED'",
      "CREATE INDEX beads_outcome ON beads (position) WHERE outcome = 1 AND state IN ('READY', 'LEASED')",
      // Kept by the triggers alone, so that no way of changing a state can pass the counts by.
      "CREATE TABLE state_counts (state TEXT PRIMARY KEY, beads INTEGER NOT NULL CHECK (beads >= 0)) STRICT, WITHOUT ROWID",
      `INSERT INTO state_counts (state, beads)
        SELECT value, (SELECT count(*) FROM beads WHERE state = value) FROM json_each('["BLOCKED","READY","LEASED","WAITING","DONE","FAILED","CANCELLED"]')`,
      `CREATE TRIGGER beads_counted_in AFTER INSERT ON beads
        BEGIN UPDATE state_counts SET beads = beads + 1 WHERE state = new.state; END`,
      `CREATE TRIGGER beads_counted_over AFTER UPDATE OF state ON beads WHEN new.state <> old.state
        BEGIN UPDATE state_counts SET beads = beads + CASE state WHEN new.state THEN 1 ELSE -1 END WHERE state IN (old.state, new.state); END`,
      "ALTER TABLE tree_files ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
      "CREATE INDEX tree_files_by_version ON tree_files (version)",
      "ALTER TABLE run DROP COLUMN tree_digest",
      "ALTER TABLE claims ADD COLUMN function_name TEXT GENERATED ALWAYS AS (body ->> '$.functionName') VIRTUAL",
      "CREATE INDEX claims_by_function ON claims (function_name)",
      "CREATE INDEX divergences_open ON divergences (divergence_id) WHERE open = 1",
      "CREATE INDEX approvals_to_apply ON approvals (bead_id) WHERE closed = 0 AND stage = 'apply' AND decision = 'approved'",
      "CREATE INDEX slots_hinted ON slots (hinted_at) WHERE hinted_at IS NOT NULL",
      // Consecutive wake-ups that nobody answered or that could not be sent, over all slots; see dispatch.
      `CREATE TABLE dispatch_breaker (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        failures INTEGER NOT NULL DEFAULT 0,
        openings INTEGER NOT NULL DEFAULT 0,
        open_until INTEGER
      ) STRICT`,
      "INSERT INTO dispatch_breaker (id) VALUES (1)",
    ],
  },
  FUNDS_MIGRATION,
  {
    id: "0005-run-graph",
    statements: [
      "ALTER TABLE run ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high', 'urgent'))",
      // Beads of the seed, which come first: whoever compiled the run knows these and no other.
      "ALTER TABLE run ADD COLUMN seeded_beads INTEGER NOT NULL DEFAULT 0",
      "UPDATE run SET seeded_beads = (SELECT count(*) FROM beads)",
      "CREATE TABLE graph_amendments (amendment_id TEXT PRIMARY KEY, digest TEXT NOT NULL) STRICT, WITHOUT ROWID",
      // Which beads took the place of one that was cancelled.
      `CREATE TABLE successors (
        bead_id TEXT NOT NULL REFERENCES beads (bead_id),
        successor_id TEXT NOT NULL REFERENCES beads (bead_id),
        PRIMARY KEY (bead_id, successor_id)
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX successors_by_successor ON successors (successor_id)",
      `CREATE TABLE merges (
        bead_id TEXT PRIMARY KEY REFERENCES beads (bead_id),
        depth INTEGER NOT NULL CHECK (depth > 0),
        leave_required INTEGER NOT NULL CHECK (leave_required IN (0, 1))
      ) STRICT`,
      // The best that attempts of one cycle have shown; barren: attempts in a row that added nothing to it.
      `CREATE TABLE progress (
        bead_id TEXT PRIMARY KEY REFERENCES beads (bead_id),
        cycle INTEGER NOT NULL,
        passed TEXT NOT NULL,
        covered TEXT NOT NULL,
        failing INTEGER,
        mark TEXT NOT NULL,
        barren INTEGER NOT NULL CHECK (barren >= 0)
      ) STRICT`,
    ],
  },
  // What was run, as the plan names it; null for a check of before it was kept.
  { id: "0006-check-command", statements: ["ALTER TABLE checks ADD COLUMN command TEXT"] },
  // The counts of states are written by the store of the beads, once for each item of a commit: a trigger's statement journal
  // copies every page that a change of state touches.
  { id: "0007-counted-by-the-store", statements: ["DROP TRIGGER beads_counted_in", "DROP TRIGGER beads_counted_over"] },
  {
    id: "0008-molecules",
    statements: [
      // An outcome bead has at most one verdict a cycle: to be judged again it has to be re-opened.
      `CREATE TABLE molecule_verdicts (
        bead_id TEXT NOT NULL REFERENCES beads (bead_id),
        cycle INTEGER NOT NULL,
        verdict_id TEXT NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('passed', 'failed')),
        PRIMARY KEY (bead_id, cycle)
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX beads_by_molecule ON beads (molecule_id, position)",
      // The amendment that re-opened a bead last, and the trace of the execution that was done under it.
      `CREATE TABLE amended_beads (
        bead_id TEXT PRIMARY KEY REFERENCES beads (bead_id),
        amendment_id TEXT NOT NULL,
        trace_id TEXT
      ) STRICT, WITHOUT ROWID`,
    ],
  },
  {
    // A directive is most of a bead's bytes and hardly ever changes; the rest is rewritten with each step of the bead.
    id: "0009-directives-apart",
    statements: [
      "CREATE TABLE directives (bead_id TEXT PRIMARY KEY REFERENCES beads (bead_id), body TEXT NOT NULL) STRICT",
      "INSERT INTO directives (bead_id, body) SELECT bead_id, directive FROM beads ORDER BY position",
      "ALTER TABLE beads DROP COLUMN directive",
    ],
  },
  {
    id: "0010-first-verdict",
    statements: [
      // hidden: how many hidden examples were run for it; a body of null says that they were and nothing was kept of it.
      `CREATE TABLE first_verdict (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        hidden INTEGER NOT NULL CHECK (hidden >= 0),
        body TEXT,
        CHECK (body IS NOT NULL OR hidden > 0)
      ) STRICT`,
      // In a run that is under way a later verdict must not pass for its first.
      "INSERT INTO first_verdict (id, hidden, body) SELECT 1, count(*), NULL FROM checks WHERE holdout = 1 HAVING count(*) > 0",
    ],
  },
  // Which slot holds which beads is in memory; what is asked of the rows by slot finds the few that are leased by their lease.
  { id: "0011-leases-by-one-index", statements: ["DROP INDEX beads_by_slot"] },
  CLEARANCE_MIGRATION,
];
