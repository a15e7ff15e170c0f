/**
 * Brings the standings up to date with an append: which specifications are in force, and what became of hypotheses. The
 * views of the schema say what is so; only the rows that the append can have moved are asked for again.
 */
import type { SqlPort } from "@factory/durable";

/** Nodes and edges that an append has just written. */
export interface Appended {
  readonly nodes: readonly { readonly id: string; readonly type: string }[];
  readonly edges: readonly { readonly source: string; readonly rel: string; readonly target: string }[];
}

/** Ids whose standing an append may have moved, as the relations of the append name them. */
interface Touched {
  readonly specifications: readonly string[];
  readonly hypotheses: readonly string[];
  /** Amendments and trials lead on to the specifications they produce and the hypotheses that drive them. */
  readonly amendments: readonly string[];
  readonly trials: readonly string[];
}

/** Asks the views again for what the append can have moved; inside the append's transaction. */
export function refreshStandings(sql: SqlPort, { nodes, edges }: Appended): void {
  const ofType = (type: string) => nodes.flatMap((node) => (node.type === type ? [node.id] : []));
  const sources = (rel: string) => edges.flatMap((edge) => (edge.rel === rel ? [edge.source] : []));
  const targets = (...rels: string[]) => edges.flatMap((edge) => (rels.includes(edge.rel) ? [edge.target] : []));
  const touched: Touched = {
    specifications: [...ofType("Specification"), ...targets("if_adopted_produces", "version_of", "corrects")],
    hypotheses: [...ofType("Hypothesis"), ...sources("motivates"), ...targets("corrects")],
    amendments: sources("subject_to"),
    trials: sources("produces_verdict"),
  };
  if (Object.values(touched).every(({ length }) => length === 0)) return;
  const specifications = idsOf(sql, MOVED_SPECIFICATIONS, touched.specifications, touched);
  if (specifications.length > 0) refreshSpecifications(sql, specifications);
  const hypotheses = idsOf(sql, MOVED_HYPOTHESES, touched.hypotheses, touched);
  if (hypotheses.length > 0) refreshHypotheses(sql, hypotheses);
}

/** Amendments that are named or whose trials are. */
const JUDGED = `judged (id) AS (
  SELECT value FROM json_each(?2)
  UNION SELECT trial.source FROM json_each(?3) AS one CROSS JOIN edges AS trial ON trial.target = one.value AND trial.rel = 'subject_to')`;

/** Those of the type; what a specification succeeds moves with it. */
const MOVED_SPECIFICATIONS = `WITH ${JUDGED}, moved (id) AS (
  SELECT value FROM json_each(?1)
  UNION SELECT made.target FROM judged CROSS JOIN edges AS made ON made.source = judged.id AND made.rel = 'if_adopted_produces'),
  all_moved (id) AS (
    SELECT id FROM moved UNION SELECT later.target FROM moved CROSS JOIN edges AS later ON later.source = moved.id AND later.rel = 'version_of')
  SELECT n.id FROM all_moved CROSS JOIN nodes AS n ON n.id = all_moved.id WHERE n.type = 'Specification'`;

const MOVED_HYPOTHESES = `WITH ${JUDGED}, moved (id) AS (
  SELECT value FROM json_each(?1)
  UNION SELECT drives.source FROM judged CROSS JOIN edges AS drives ON drives.target = judged.id AND drives.rel = 'motivates')
  SELECT n.id FROM moved CROSS JOIN nodes AS n ON n.id = moved.id WHERE n.type = 'Hypothesis'`;

function idsOf(sql: SqlPort, query: string, own: readonly string[], { amendments, trials }: Touched): string[] {
  return sql
    .exec<{ id: string }>(query, JSON.stringify(own), JSON.stringify(amendments), JSON.stringify(trials))
    .toArray()
    .map(({ id }) => id);
}

function refreshHypotheses(sql: SqlPort, ids: readonly string[]): void {
  sql.exec(
    `INSERT INTO hypothesis_standings
       SELECT h.id, h.namespace, h.position, h.severity, h.status, h.cycles FROM json_each(?) AS one CROSS JOIN judged_hypotheses AS h ON h.id = one.value
       WHERE true
       ON CONFLICT (hypothesis) DO UPDATE SET status = excluded.status WHERE status <> excluded.status`,
    JSON.stringify(ids),
  );
}

function refreshSpecifications(sql: SqlPort, ids: readonly string[]): void {
  const list = JSON.stringify(ids);
  sql.exec("DELETE FROM specification_standings WHERE specification IN (SELECT value FROM json_each(?))", list);
  sql.exec(
    `INSERT INTO specification_standings
       SELECT live.id, live.namespace, live.domain, live.adopted, 0 FROM json_each(?) AS one CROSS JOIN live_specifications AS live ON live.id = one.value`,
    list,
  );
  const domains = sql
    .exec<{ namespace: string; domain: string }>(
      `SELECT DISTINCT a.namespace, a.domain FROM json_each(?) AS one CROSS JOIN adopted_specifications AS a ON a.id = one.value
       WHERE typeof(a.domain) = 'text'`,
      list,
    )
    .toArray();
  for (const { namespace, domain } of domains) electActive(sql, namespace, domain);
}

const NEWEST = "(SELECT specification FROM specification_standings WHERE namespace = ?1 AND domain = ?2 ORDER BY adopted DESC, specification DESC LIMIT 1)";

/** Makes the specification of a domain that was adopted last the active one; the former first, as only one may be. */
function electActive(sql: SqlPort, namespace: string, domain: string): void {
  sql.exec(
    `UPDATE specification_standings SET active = 0 WHERE namespace = ?1 AND domain = ?2 AND active = 1 AND specification <> ${NEWEST}`,
    namespace,
    domain,
  );
  sql.exec(`UPDATE specification_standings SET active = 1 WHERE specification = ${NEWEST} AND active = 0`, namespace, domain);
}
