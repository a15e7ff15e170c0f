/** Tables of one session's object. */
import type { Migration } from "@factory/durable";
import { BRIDGE_JOURNAL_MIGRATION } from "@factory/loop-closure";

/** Append-only; an entry never changes once it is released. */
export const SESSION_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-session",
    statements: [
      `CREATE TABLE session (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        session_id TEXT NOT NULL,
        org TEXT NOT NULL,
        envelope_digest TEXT NOT NULL,
        state TEXT NOT NULL,
        run_id TEXT,
        specification_id TEXT,
        work_graph_id TEXT,
        mediation TEXT NOT NULL DEFAULT 'none' CHECK (mediation IN ('none', 'compiling', 'compiled', 'refused')),
        run TEXT NOT NULL DEFAULT 'none' CHECK (run IN ('none', 'running', 'cancelling', 'quiet')),
        person_claims TEXT NOT NULL DEFAULT '[]',
        acceptance_report_id TEXT,
        ending TEXT,
        sealing TEXT NOT NULL DEFAULT 'none' CHECK (sealing IN ('none', 'barrier', 'ready', 'sealed')),
        deliverable TEXT,
        evidence_digest TEXT,
        stuck TEXT,
        parked TEXT,
        version INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        ended_at INTEGER
      ) STRICT`,
      // A document over several rows: a row holds 2 MB, a submission may be larger.
      `CREATE TABLE documents (
        name TEXT NOT NULL,
        part INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (name, part)
      ) STRICT`,
      `CREATE TABLE artifacts (
        id TEXT PRIMARY KEY,
        type TEXT NOT NULL,
        data TEXT NOT NULL,
        parents TEXT NOT NULL,
        seq INTEGER NOT NULL UNIQUE
      ) STRICT`,
      `CREATE TABLE passes (
        name TEXT PRIMARY KEY,
        artifact_id TEXT NOT NULL REFERENCES artifacts (id)
      ) STRICT`,
      `CREATE TABLE reviews (
        review_id TEXT PRIMARY KEY,
        matter TEXT NOT NULL CHECK (matter IN ('approval', 'pass', 'divergence', 'clarification', 'acceptance')),
        subject TEXT NOT NULL,
        action TEXT NOT NULL,
        action_digest TEXT NOT NULL,
        from_state TEXT NOT NULL,
        in_state TEXT NOT NULL,
        opened_at INTEGER NOT NULL,
        decision TEXT,
        note TEXT,
        decided_by TEXT,
        closed_at INTEGER
      ) STRICT`,
      "CREATE UNIQUE INDEX reviews_one_open ON reviews ((closed_at IS NULL)) WHERE closed_at IS NULL",
      `CREATE TABLE approvals (
        approval_id TEXT PRIMARY KEY,
        review_id TEXT NOT NULL UNIQUE REFERENCES reviews (review_id),
        approver TEXT NOT NULL,
        action_digest TEXT NOT NULL,
        used_at INTEGER NOT NULL
      ) STRICT`,
      `CREATE TABLE run_reports (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        report TEXT NOT NULL,
        problem TEXT,
        review_id TEXT REFERENCES reviews (review_id),
        handled_at INTEGER
      ) STRICT`,
      `CREATE TABLE amendments (
        amendment_id TEXT PRIMARY KEY,
        report_seq INTEGER NOT NULL REFERENCES run_reports (seq),
        proposal TEXT NOT NULL,
        bead_id TEXT NOT NULL,
        claim_id TEXT NOT NULL,
        mode TEXT NOT NULL,
        depth INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('PROPOSED', 'ADOPTED', 'REJECTED')),
        successor_id TEXT,
        elucidation_id TEXT,
        reopened_at INTEGER
      ) STRICT`,
    ],
  },
  {
    id: "0002-loop",
    statements: [
      // The CHECK of a column cannot be changed, so the column is replaced. What a review may be about is typed by its
      // subject; nothing reads the list of matters back from here.
      "ALTER TABLE reviews ADD COLUMN about TEXT NOT NULL DEFAULT ''",
      "UPDATE reviews SET about = matter",
      "ALTER TABLE reviews DROP COLUMN matter",
      "ALTER TABLE reviews RENAME COLUMN about TO matter",
      // What distinguishes the next proposal for a report from the one before, and how often one was formed again.
      "ALTER TABLE run_reports ADD COLUMN occasion TEXT NOT NULL DEFAULT ''",
      "UPDATE run_reports SET occasion = review_id WHERE review_id IS NOT NULL",
      "ALTER TABLE run_reports ADD COLUMN reformed INTEGER NOT NULL DEFAULT 0",
      // Lines of the amended claim that mediation is told of, and tries of the verifier that got no answer.
      "ALTER TABLE amendments ADD COLUMN told_lines TEXT NOT NULL DEFAULT '[]'",
      "UPDATE amendments SET told_lines = coalesce(json_extract(proposal, '$.amendment.change.revealedLines'), '[]')",
      "ALTER TABLE amendments ADD COLUMN verifier_tries INTEGER NOT NULL DEFAULT 0",
    ],
  },
  {
    id: "0003-planning",
    statements: [
      // An attempt without an end is under way, or was when its object went away.
      `CREATE TABLE pass_attempts (
        pass TEXT NOT NULL,
        attempt INTEGER NOT NULL CHECK (attempt >= 1),
        started_at INTEGER NOT NULL,
        lease_until INTEGER NOT NULL,
        outcome TEXT,
        ended_at INTEGER,
        PRIMARY KEY (pass, attempt)
      ) STRICT`,
      "CREATE UNIQUE INDEX pass_attempts_one_open ON pass_attempts ((ended_at IS NULL)) WHERE ended_at IS NULL",
      // A pass that was taken back: what it had made, and what the next attempt has to mend.
      `CREATE TABLE pass_reruns (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        pass TEXT NOT NULL,
        artifact_id TEXT NOT NULL REFERENCES artifacts (id),
        findings TEXT NOT NULL,
        at INTEGER NOT NULL
      ) STRICT`,
      `CREATE TABLE semantic_reviews (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        artifact_id TEXT NOT NULL REFERENCES artifacts (id),
        report_id TEXT NOT NULL REFERENCES artifacts (id),
        verdict TEXT NOT NULL,
        passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
        reruns_before INTEGER NOT NULL
      ) STRICT`,
      // Every decision has a receipt from here on; the rows before are approvals.
      "ALTER TABLE approvals ADD COLUMN decision TEXT NOT NULL DEFAULT 'approved'",
      "ALTER TABLE approvals ADD COLUMN reason TEXT NOT NULL DEFAULT ''",
    ],
  },
  {
    id: "0004-judging",
    statements: [
      // How often a judge was asked one question without an answer that counted, and what was said of it last: null while no
      // attempt has come to an end.
      `CREATE TABLE judge_attempts (
        purpose TEXT NOT NULL,
        subject TEXT NOT NULL,
        attempts INTEGER NOT NULL CHECK (attempts >= 1),
        said TEXT,
        PRIMARY KEY (purpose, subject)
      ) STRICT, WITHOUT ROWID`,
    ],
  },
  {
    id: "0005-governance",
    statements: [
      // Distinct people who have to approve, as it was pinned when the review was opened.
      "ALTER TABLE reviews ADD COLUMN needed INTEGER NOT NULL DEFAULT 1",
      // A review may take several votes, so its id is no longer unique here. What was there decided, each by itself.
      `CREATE TABLE receipts (
        approval_id TEXT PRIMARY KEY,
        review_id TEXT NOT NULL REFERENCES reviews (review_id),
        approver TEXT NOT NULL,
        person TEXT,
        approvers TEXT,
        action_digest TEXT NOT NULL,
        decision TEXT NOT NULL,
        reason TEXT NOT NULL,
        given_at INTEGER NOT NULL,
        expires_at INTEGER,
        policy TEXT,
        disposition_event_id TEXT,
        elucidation_id TEXT,
        used_by TEXT
      ) STRICT`,
      `INSERT INTO receipts (approval_id, review_id, approver, action_digest, decision, reason, given_at, used_by)
        SELECT approval_id, review_id, approver, action_digest, decision, reason, used_at, approval_id FROM approvals`,
      "DROP TABLE approvals",
      "ALTER TABLE receipts RENAME TO approvals",
      "CREATE INDEX approvals_of_review ON approvals (review_id)",
      "CREATE INDEX approvals_of_disposition ON approvals (disposition_event_id) WHERE disposition_event_id IS NOT NULL",
      // What the session says while it is suspended.
      "ALTER TABLE session ADD COLUMN suspended TEXT",
      // `run`: whether the run's clearance was never asked back, is on its way back, or is taken.
      `CREATE TABLE suspensions (
        disposition_event_id TEXT PRIMARY KEY,
        reason TEXT NOT NULL,
        since INTEGER NOT NULL,
        run TEXT NOT NULL DEFAULT 'untold' CHECK (run IN ('untold', 'telling', 'told')),
        lifted_at INTEGER
      ) STRICT`,
      // New clearances that the run needs: `due` until policy has answered.
      `CREATE TABLE clearance_requests (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        request_id TEXT NOT NULL UNIQUE,
        code TEXT NOT NULL,
        beads INTEGER,
        approved_by TEXT NOT NULL CHECK (approved_by IN ('person', 'policy')),
        approver TEXT NOT NULL,
        approval_id TEXT NOT NULL,
        asked_for INTEGER,
        policy TEXT,
        state TEXT NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'asked', 'denied'))
      ) STRICT`,
      // The bead that raised it, as it was formed: what is sent again is the same.
      `CREATE TABLE escalations (
        escalation_id TEXT PRIMARY KEY,
        review_id TEXT NOT NULL UNIQUE REFERENCES reviews (review_id),
        bead TEXT
      ) STRICT`,
    ],
  },
];

/** The journal of bridge points is a component of its own beside the object's tables. */
export const LOOP_CLOSURE_MIGRATIONS: readonly Migration[] = [BRIDGE_JOURNAL_MIGRATION];
export const LOOP_CLOSURE_COMPONENT = "loop-closure";
