/** Sessions of an org: lists with filters and search, and each with how it stands. */
import { and, getTableColumns, isNull, sql, type SQL } from "drizzle-orm";
import type { SessionState } from "@factory/schemas";
import { FactoryError } from "@factory/schemas";
import { projectionCursors, reviews, sessionViews } from "../projections/schema.ts";
import { decodeCursor, type Position } from "./cursors.ts";
import { among, type Asked, type OrgReads, type RowOf } from "./org-reads.ts";
import { pageOf, pageSize, type Page, type PageArgs } from "./pages.ts";
import { hasAnyProblem, hasProblem, SESSION_PROBLEMS, type SessionProblem } from "./session-problems.ts";
import { isIndexed, matching, PLACE_DESC, placesOfText, searchText } from "./session-search.ts";

/** A session's row, what the registry knows of it, and why somebody should look at it. */
export type SessionRow = RowOf<typeof sessionViews> & {
  readonly title: string | null;
  readonly reviewMode: string | null;
  /** Last event of its log when it was read last. */
  readonly tipSeq: number | null;
  readonly problems: readonly SessionProblem[];
};

/** How sessions are listed. */
export type SessionOrder = "NEWEST_FIRST" | "PROBLEMS_FIRST";

/** Which sessions, in which order. */
export type SessionsArgs = PageArgs & {
  readonly assemblyId?: string | null | undefined;
  readonly workOrderId?: string | null | undefined;
  readonly states?: readonly SessionState[] | null | undefined;
  readonly search?: string | null | undefined;
  readonly needsPerson?: boolean | null | undefined;
  readonly problems?: readonly SessionProblem[] | null | undefined;
  readonly order?: SessionOrder | null | undefined;
};

/** What the session registry, which commissioning keeps, says of a session. */
const registryColumn = (column: "title" | "review_mode", name: string) =>
  sql<
    string | null
  >`(SELECT ${sql.raw(`known.${column}`)} FROM sessions AS known WHERE known.session_id = session_views.session_id AND +known.org = session_views.org)`.as(
    name,
  );

const TIP = sql<
  number | null
>`(SELECT shown.tip_seq FROM ${projectionCursors} AS shown WHERE shown.session_id = session_views.session_id AND +shown.org = session_views.org)`.as("tip_seq");

function fieldsOf(now: number) {
  const flags = Object.fromEntries(SESSION_PROBLEMS.map((problem) => [problem, sql<number>`${hasProblem(problem, now)}`.as(`has_${problem.toLowerCase()}`)]));
  return {
    ...getTableColumns(sessionViews),
    title: registryColumn("title", "title"),
    reviewMode: registryColumn("review_mode", "review_mode"),
    tipSeq: TIP,
    ...flags,
  };
}

async function select(reads: OrgReads, now: number, asked: Parameters<OrgReads["pick"]>[2]): Promise<SessionRow[]> {
  const rows = await reads.pick(sessionViews, fieldsOf(now), asked);
  return rows.map((row) => {
    const problems = SESSION_PROBLEMS.filter((problem) => row[problem] === 1);
    // The fields are those of a session's row; the flags beside them are told as `problems`.
    return { ...row, problems } as unknown as SessionRow;
  });
}

/** Sessions in the order of the ids; null for one that the org does not have. */
export async function sessionsByIds(reads: OrgReads, ids: readonly string[], now: number): Promise<(SessionRow | null)[]> {
  const rows = await select(reads, now, { ofSessions: ids });
  const byId = new Map(rows.map((row) => [row.sessionId, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** A list is one part, or two that follow each other: sessions with a problem before the others. */
type Part = { readonly name: string; readonly where: SQL | undefined; readonly problems: boolean };

/**
 * A page of sessions. With PROBLEMS_FIRST it may take two statements: the sessions with a problem, then the others, each by
 * their index. A session that gets or loses a problem while somebody pages moves between the parts.
 *
 * @throws FactoryError INVALID_ARGUMENT
 */
export async function sessionsPage(reads: OrgReads, args: SessionsArgs, now: number): Promise<Page<SessionRow>> {
  const size = pageSize(args);
  const { parts, after } = partsAfter(partsOf(args, now), args);
  const found: { readonly part: Part; readonly row: SessionRow }[] = [];
  for (const [index, part] of parts.entries()) {
    const limit = size + 1 - found.length;
    if (limit <= 0) break;
    const rows = await select(reads, now, asked(reads, args, { part, after: index === 0 ? after : null, limit, now }));
    found.push(...rows.map((row) => ({ part, row })));
  }
  const edges = found.slice(0, size).map(({ part, row }) => pageOf(part.name, [row], 1, positionOf, args).edges[0]);
  return { edges: edges.filter((edge) => edge !== undefined), more: found.length > size, continued: after !== null };
}

const NEWEST_FIRST = [sql`${sessionViews.startedAt} DESC`, sql`${sessionViews.sessionId} DESC`];

type PartAsk = { readonly part: Part; readonly after: Position | null; readonly limit: number; readonly now: number };

/**
 * What is asked for a part. Its rows are found by the index that leads to them in their order and ends with the page: of the
 * sessions that have not ended, of texts, of states, or of all.
 */
function asked(reads: OrgReads, args: SessionsArgs, { part, after, limit, now }: PartAsk): Asked {
  const { states } = args;
  const text = searchText(args);
  const others = and(
    conditions(args, now),
    part.where,
    given(text, (wanted) => matching(reads, wanted)),
  );
  const ofStates = given(states, (wanted) => among(sessionViews.state, wanted));
  const from = given(after, before);
  if (part.problems || args.needsPerson === true || (args.problems ?? []).length > 0) {
    return { where: and(others, ofStates, from), orderBy: NEWEST_FIRST, limit };
  }
  if (text !== null && isIndexed(text)) {
    const where = sql`${sessionViews.sessionId} IN (${placesOfText(reads, text, and(others, ofStates), after, limit)})`;
    return { byKey: true, where, orderBy: [PLACE_DESC], limit };
  }
  if (states === null || states === undefined) return { where: and(others, from), orderBy: NEWEST_FIRST, limit };
  const where = sql`${sessionViews.sessionId} IN (${firstOfEachState(reads, states, and(others, from), limit)})`;
  return { byKey: true, where, orderBy: NEWEST_FIRST, limit };
}

/** Ids of the first sessions of each state, as many as a page has. */
function firstOfEachState(reads: OrgReads, states: readonly SessionState[], where: SQL | undefined, limit: number): SQL {
  const own = and(sql`${sessionViews.org} = ${reads.org}`, sql`${sessionViews.state} = wanted.value`, where);
  return sql`SELECT found.session_id FROM json_each(${JSON.stringify([...new Set(states)])}) AS wanted CROSS JOIN session_views AS found
    WHERE found.session_id IN (SELECT ${sessionViews.sessionId} FROM ${sessionViews} WHERE ${own} ORDER BY ${sql.join([...NEWEST_FIRST], sql.raw(", "))} LIMIT ${limit})`;
}

function partsOf({ order }: SessionsArgs, now: number): Part[] {
  if (order !== "PROBLEMS_FIRST") return [{ name: "sessions", where: undefined, problems: false }];
  const problem = hasAnyProblem(SESSION_PROBLEMS, now);
  return [
    { name: "sessions/problems", where: problem, problems: true },
    { name: "sessions/others", where: sql`NOT ${problem}`, problems: false },
  ];
}

/** The part that a cursor is of, with those after it. */
function partsAfter(all: readonly Part[], { after }: SessionsArgs): { readonly parts: readonly Part[]; readonly after: Position | null } {
  if (after === undefined || after === null) return { parts: all, after: null };
  const last = all.length - 1;
  for (const [index, { name }] of all.entries()) {
    try {
      return { parts: all.slice(index), after: decodeCursor(name, after) };
    } catch (err) {
      // A cursor of another part; one of none is refused by the last.
      if (index === last || !(err instanceof FactoryError)) throw err;
    }
  }
  return { parts: all, after: null };
}

const positionOf = ({ startedAt, sessionId }: SessionRow): Position => [startedAt, sessionId];

function before([startedAt, sessionId]: Position): SQL {
  return sql`(${sessionViews.startedAt}, ${sessionViews.sessionId}) < (${startedAt}, ${sessionId})`;
}

function conditions({ assemblyId, workOrderId, needsPerson, problems }: SessionsArgs, now: number): SQL | undefined {
  const waits = hasProblem("NEEDS_PERSON", now);
  return and(
    given(assemblyId, (id) => sql`${sessionViews.assemblyId} = ${id}`),
    given(workOrderId, (id) => sql`${sessionViews.workOrderId} = ${id}`),
    given(needsPerson, (wanted) => (wanted ? waits : sql`NOT ${waits}`)),
    given(problems, (wanted) => (wanted.length === 0 ? undefined : hasAnyProblem(wanted, now))),
  );
}

function given<V>(value: V | null | undefined, condition: (value: V) => SQL | undefined): SQL | undefined {
  return value === null || value === undefined ? undefined : condition(value);
}

/** Which reviews. */
export type OpenReviewArgs = PageArgs & { readonly open?: boolean | null | undefined; readonly order?: ReviewOrder | null | undefined };

/** How reviews are listed: by when they were asked, from either end. */
export type ReviewOrder = "WAITING_LONGEST" | "NEWEST_FIRST";

/** Reviews of an org. A review of a session that has ended is asked of nobody. @throws FactoryError INVALID_ARGUMENT */
export async function openReviews(reads: OrgReads, args: OpenReviewArgs): Promise<Page<RowOf<typeof reviews>>> {
  const size = pageSize(args);
  const newest = args.order === "NEWEST_FIRST";
  const list = newest ? "inbox/newest" : "inbox";
  const after = args.after === undefined || args.after === null ? null : decodeCursor(list, args.after);
  // What waits is looked for in the sessions that have not ended: those that have keep what nobody answered.
  const running = sql`${reviews.sessionId} IN (SELECT asking.session_id FROM session_views AS asking WHERE asking.org = ${reads.org} AND asking.outcome IS NULL)`;
  const open = args.open !== false;
  const rows = await reads.rows(reviews, {
    byKey: open,
    where: and(open ? and(isNull(reviews.decision), running) : undefined, given(after, newest ? beforeReview : afterReview)),
    orderBy: newest ? [sql`${reviews.requestedAt} DESC`, sql`${reviews.reviewId} DESC`] : [sql`${reviews.requestedAt}`, sql`${reviews.reviewId}`],
    limit: size + 1,
  });
  return pageOf(list, rows, size, ({ requestedAt, reviewId }) => [requestedAt ?? 0, reviewId], args);
}

/** A review without a time comes before all that have one, and its time in a cursor is zero. */
function afterReview([requestedAt, reviewId]: Position): SQL {
  if (requestedAt > 0) return sql`(${reviews.requestedAt}, ${reviews.reviewId}) > (${requestedAt}, ${reviewId})`;
  return sql`(coalesce(${reviews.requestedAt}, 0), ${reviews.reviewId}) > (0, ${reviewId})`;
}

/** A review without a time comes after all that have one where the newest comes first. */
function beforeReview([requestedAt, reviewId]: Position): SQL {
  if (requestedAt > 0) return sql`(${reviews.requestedAt} IS NULL OR (${reviews.requestedAt}, ${reviews.reviewId}) < (${requestedAt}, ${reviewId}))`;
  return sql`(${reviews.requestedAt} IS NULL AND ${reviews.reviewId} < ${reviewId})`;
}

/** Assemblies that the org has sessions in, the one of the newest session first. Each costs two steps in the index, whatever the number of its sessions. */
export async function assembliesOf(reads: OrgReads, limit: number): Promise<string[]> {
  const next = (after: SQL): SQL => sql`(SELECT min(assembly_id) FROM session_views WHERE org = ${reads.org} AND assembly_id > ${after})`;
  const newest = sql`${sessionViews.sessionId} IN (
    WITH RECURSIVE found (assembly_id) AS (
      SELECT ${next(sql`''`)} UNION ALL SELECT ${next(sql`found.assembly_id`)} FROM found WHERE found.assembly_id IS NOT NULL
    )
    SELECT (SELECT own.session_id FROM session_views AS own WHERE own.org = ${reads.org} AND own.assembly_id = found.assembly_id
      ORDER BY own.started_at DESC, own.session_id DESC LIMIT 1) FROM found WHERE found.assembly_id IS NOT NULL)`;
  const { assemblyId, startedAt } = sessionViews;
  const rows = await reads.pick(sessionViews, { assemblyId }, { byKey: true, where: newest, orderBy: [sql`${startedAt} DESC`, sql`${assemblyId}`], limit });
  return rows.map((row) => String(row["assemblyId"]));
}

/** Whether the org has had a session in the assembly. */
export async function hasAssembly(reads: OrgReads, id: string): Promise<boolean> {
  const { assemblyId } = sessionViews;
  return (await reads.pick(sessionViews, { assemblyId }, { where: sql`${assemblyId} = ${id}`, limit: 1 })).length > 0;
}
