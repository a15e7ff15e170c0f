/** Tables of a bead graph. Beads are append-only by trigger; a bead is superseded at most once by constraint. Released entries never change. */
import type { Migration } from "@factory/durable";

/** Schema changes in order; the object that holds a graph applies them. */
export const BEAD_GRAPH_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-bead-graph",
    statements: [
      `CREATE TABLE beads (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        subject TEXT NOT NULL,
        supersedes TEXT UNIQUE REFERENCES beads (id),
        written_by TEXT NOT NULL,
        written_at INTEGER NOT NULL,
        parents TEXT NOT NULL,
        content TEXT NOT NULL
      ) STRICT`,
      "CREATE INDEX beads_by_subject ON beads (type, subject, position)",
      `CREATE TABLE bead_edges (
        child TEXT NOT NULL REFERENCES beads (id),
        parent TEXT NOT NULL REFERENCES beads (id),
        rel TEXT NOT NULL CHECK (rel IN ('parent', 'supersedes', 'audits', 'escalates')),
        PRIMARY KEY (child, parent, rel)
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX bead_edges_by_parent ON bead_edges (parent, rel, child)",
      ...["beads", "bead_edges"].flatMap((table) => [
        `CREATE TRIGGER ${table}_never_change BEFORE UPDATE ON ${table}
          BEGIN SELECT RAISE(ABORT, '${table} are append-only'); END`,
        `CREATE TRIGGER ${table}_never_go BEFORE DELETE ON ${table}
          BEGIN SELECT RAISE(ABORT, '${table} are append-only'); END`,
      ]),
    ],
  },
  {
    id: "0002-open-beads",
    statements: [
      // Whether a bead is open is said by another row, so no partial index over the beads themselves can hold the open ones
      // alone. The table holds nothing that does not follow from the beads; what is closed leaves it.
      `CREATE TABLE open_beads (
        position INTEGER PRIMARY KEY REFERENCES beads (position),
        type TEXT NOT NULL CHECK (type IN ('amendment', 'escalation')),
        about TEXT NOT NULL
      ) STRICT`,
      "CREATE INDEX open_beads_by_type ON open_beads (type, position)",
      "CREATE INDEX open_beads_by_about ON open_beads (type, about, position)",
      `INSERT INTO open_beads (position, type, about)
        SELECT position, type, CASE type WHEN 'amendment' THEN json_extract(content, '$.target_id') ELSE json_extract(content, '$.trigger_bead_id') END
        FROM beads AS b
        WHERE type IN ('amendment', 'escalation') AND NOT EXISTS (SELECT 1 FROM beads AS later WHERE later.supersedes = b.id)
          AND CASE
            WHEN NOT json_valid(content) THEN 0
            WHEN type = 'amendment' THEN json_extract(content, '$.status') = 'PROPOSED'
            ELSE json_extract(content, '$.resolved_at') IS NULL
          END`,
    ],
  },
];
