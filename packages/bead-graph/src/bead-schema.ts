/** Tables of a bead graph. Beads are append-only by trigger; a bead is superseded at most once by constraint. */
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
];
