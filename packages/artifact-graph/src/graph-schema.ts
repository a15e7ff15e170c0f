/** Tables of an artifact graph. Every read path has an index; nodes and edges are append-only by trigger. */
import type { Migration } from "@factory/durable";

/** Schema changes in order; the object that holds a graph applies them. */
export const ARTIFACT_GRAPH_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-artifact-graph",
    statements: [
      // `position` is the order of writing: it breaks ties of `created_at` and is what pages go by. `bytes` stands
      // before `data`: reading it does not touch the overflow pages of a large node.
      `CREATE TABLE nodes (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        namespace TEXT NOT NULL,
        parents TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        data TEXT NOT NULL
      ) STRICT`,
      "CREATE INDEX nodes_by_type ON nodes (namespace, type, position)",
      // The expression is what a lookup of the active specification compares; the partial index holds nothing else.
      `CREATE INDEX specifications_by_domain ON nodes (json_extract(data, '$.domain'), position) WHERE type = 'Specification'`,
      `CREATE TABLE edges (
        position INTEGER PRIMARY KEY,
        source TEXT NOT NULL REFERENCES nodes (id),
        rel TEXT NOT NULL,
        target TEXT NOT NULL REFERENCES nodes (id),
        props TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        UNIQUE (source, rel, target)
      ) STRICT`,
      "CREATE INDEX edges_by_target ON edges (target, rel, source)",
      ...["nodes", "edges"].flatMap((table) => [
        `CREATE TRIGGER ${table}_never_change BEFORE UPDATE ON ${table}
          BEGIN SELECT RAISE(ABORT, '${table} are append-only'); END`,
        `CREATE TRIGGER ${table}_never_go BEFORE DELETE ON ${table}
          BEGIN SELECT RAISE(ABORT, '${table} are append-only'); END`,
      ]),
    ],
  },
];
