/**
 * Tables of an artifact graph. Every read path has an index; nodes, edges and surfacings are append-only by trigger.
 *
 * What became of specifications and hypotheses is computed from nodes and edges by the views; the `_standings` tables
 * keep the views' answers, so that a question about now costs the same in a graph of any size. They are no facts of
 * their own: `standing.ts` brings them up to date inside each append, and they can be written anew from the views.
 */
import type { Migration } from "@factory/durable";

const appendOnly = (table: string): string[] => [
  `CREATE TRIGGER ${table}_never_change BEFORE UPDATE ON ${table}
          BEGIN SELECT RAISE(ABORT, '${table} are append-only'); END`,
  `CREATE TRIGGER ${table}_never_go BEFORE DELETE ON ${table}
          BEGIN SELECT RAISE(ABORT, '${table} are append-only'); END`,
];

/**
 * `adopted` is the place in the order of writing at which a specification came into force, null for a candidate. One
 * that an amendment produces needs a favourable verdict of such an amendment; any other is adopted by being written.
 */
const ADOPTED_SPECIFICATIONS = `CREATE VIEW adopted_specifications AS
  SELECT n.id, n.namespace, json_extract(n.data, '$.domain') AS domain,
    CASE WHEN EXISTS (SELECT 1 FROM edges AS made WHERE made.target = n.id AND made.rel = 'if_adopted_produces')
      THEN max(n.position, (
        SELECT min(v.position) FROM edges AS made
          CROSS JOIN edges AS trial ON trial.source = made.source AND trial.rel = 'subject_to'
          CROSS JOIN edges AS said ON said.source = trial.target AND said.rel = 'produces_verdict'
          CROSS JOIN nodes AS v ON v.id = said.target
          WHERE made.target = n.id AND made.rel = 'if_adopted_produces' AND json_extract(v.data, '$.outcome') = 'favorable'))
      ELSE n.position END AS adopted
  FROM nodes AS n WHERE n.type = 'Specification'`;

/** Adopted, of a domain, not corrected, and not succeeded by one that is itself adopted. */
const LIVE_SPECIFICATIONS = `CREATE VIEW live_specifications AS
  SELECT a.id, a.namespace, a.domain, a.adopted FROM adopted_specifications AS a
  WHERE a.adopted IS NOT NULL AND typeof(a.domain) = 'text'
    AND NOT EXISTS (SELECT 1 FROM edges AS c WHERE c.target = a.id AND c.rel = 'corrects')
    AND NOT EXISTS (SELECT 1 FROM edges AS s CROSS JOIN adopted_specifications AS later ON later.id = s.source
      WHERE s.target = a.id AND s.rel = 'version_of' AND later.adopted IS NOT NULL)`;

/** Status by what corrects it, else by the newest verdict on the amendments it motivates, else open. */
const JUDGED_HYPOTHESES = `CREATE VIEW judged_hypotheses AS
  SELECT h.id, h.namespace, h.position,
    CASE typeof(json_extract(h.data, '$.severity')) WHEN 'text' THEN json_extract(h.data, '$.severity') END AS severity,
    CASE WHEN EXISTS (SELECT 1 FROM edges AS c WHERE c.target = h.id AND c.rel = 'corrects') THEN 'superseded'
      ELSE coalesce((
        SELECT CASE json_extract(v.data, '$.outcome') WHEN 'favorable' THEN 'adopted' ELSE 'rejected' END FROM edges AS drives
          CROSS JOIN edges AS trial ON trial.source = drives.target AND trial.rel = 'subject_to'
          CROSS JOIN edges AS said ON said.source = trial.target AND said.rel = 'produces_verdict'
          CROSS JOIN nodes AS v ON v.id = said.target
          WHERE drives.source = h.id AND drives.rel = 'motivates' AND json_extract(v.data, '$.outcome') IN ('favorable', 'unfavorable')
          ORDER BY v.position DESC LIMIT 1), 'open') END AS status,
    (SELECT count(DISTINCT s.cycle) FROM surfacings AS s WHERE s.hypothesis = h.id) AS cycles
  FROM nodes AS h WHERE h.type = 'Hypothesis'`;

/** Fills the standings from nothing. */
const WRITE_STANDINGS = [
  "INSERT INTO hypothesis_standings SELECT id, namespace, position, severity, status, cycles FROM judged_hypotheses",
  "INSERT INTO specification_standings SELECT id, namespace, domain, adopted, 0 FROM live_specifications",
  `UPDATE specification_standings SET active = 1 WHERE specification IN (
    SELECT specification FROM (
      SELECT specification, row_number() OVER (PARTITION BY namespace, domain ORDER BY adopted DESC, specification DESC) AS place FROM specification_standings)
    WHERE place = 1)`,
];

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
      ...["nodes", "edges"].flatMap(appendOnly),
    ],
  },
  {
    id: "0002-standings",
    statements: [
      // Nothing reads it any more; the active specification is a row of the standings.
      "DROP INDEX specifications_by_domain",
      `CREATE TABLE surfacings (
        position INTEGER PRIMARY KEY,
        hypothesis TEXT NOT NULL REFERENCES nodes (id),
        cycle TEXT NOT NULL,
        surfaced_to TEXT NOT NULL,
        surfaced_at INTEGER NOT NULL,
        UNIQUE (hypothesis, cycle, surfaced_to)
      ) STRICT`,
      ...appendOnly("surfacings"),
      `CREATE TABLE hypothesis_standings (
        hypothesis TEXT PRIMARY KEY REFERENCES nodes (id),
        namespace TEXT NOT NULL,
        position INTEGER NOT NULL,
        severity TEXT,
        status TEXT NOT NULL,
        cycles INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX hypotheses_by_position ON hypothesis_standings (namespace, position)",
      "CREATE INDEX hypotheses_by_status ON hypothesis_standings (namespace, status, position)",
      `CREATE TABLE specification_standings (
        specification TEXT PRIMARY KEY REFERENCES nodes (id),
        namespace TEXT NOT NULL,
        domain TEXT NOT NULL,
        adopted INTEGER NOT NULL,
        active INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX specifications_of_domain ON specification_standings (namespace, domain, adopted)",
      // Unique: a domain has one active specification, whatever the code does.
      "CREATE UNIQUE INDEX active_specification ON specification_standings (namespace, domain) WHERE active = 1",
      "CREATE INDEX active_specifications ON specification_standings (namespace, adopted) WHERE active = 1",
      ADOPTED_SPECIFICATIONS,
      LIVE_SPECIFICATIONS,
      JUDGED_HYPOTHESES,
      ...WRITE_STANDINGS,
    ],
  },
];

/** The list of {@link namespaceMigrations} among the lists of an object. */
export const NAMESPACE_COMPONENT = "artifact-namespace";

/**
 * Brings an object that is bound to one namespace to it: nodes that were written before the binding carry names that
 * their writers chose, and no read would find them. Applied after {@link ARTIFACT_GRAPH_MIGRATIONS}; an object's
 * namespace follows from its name, so the list never changes for it.
 */
export function namespaceMigrations(namespace: string): readonly Migration[] {
  const [neverChange] = appendOnly("nodes");
  if (neverChange === undefined) throw new TypeError("Nodes have no trigger against changes.");
  return [
    {
      id: "0001-own-namespace",
      statements: [
        "DROP TRIGGER nodes_never_change",
        `UPDATE nodes SET namespace = ${quoted(namespace)} WHERE namespace <> ${quoted(namespace)}`,
        neverChange,
        "DELETE FROM hypothesis_standings",
        "DELETE FROM specification_standings",
        ...WRITE_STANDINGS,
      ],
    },
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
