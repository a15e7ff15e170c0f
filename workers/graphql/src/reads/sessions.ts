/** Sessions of an org: lists with filters and search, and each with how it stands. */
import { and, getTableColumns, isNull, sql, type SQL } from "drizzle-orm";
import type { SessionState } from "@factory/schemas";
import { FactoryError } from "@factory/schemas";
import { projectionCursors, reviews, sessionViews } from "../projections/schema.ts";
import { decodeCursor, type Position } from "./cursors.ts";
import { among, type OrgReads, type RowOf } from "./org-reads.ts";
import { pageOf, pageSize, type Page, type PageArgs } from "./pages.ts";
import { hasAnyProblem, hasProblem, SESSION_PROBLEMS, type SessionProblem } from "./session-problems.ts";

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

/** Longest text to search for, in UTF-16 code units. */
const MAX_SEARCH_CHARS = 200;

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
type Part = { readonly name: string; readonly where: SQL | undefined };

/**
 * A page of sessions. With PROBLEMS_FIRST it may take two statements: the sessions with a problem, then the others, each by
 * their index. A session that gets or loses a problem while somebody pages moves between the parts.
 *
 * @throws FactoryError INVALID_ARGUMENT
 */
export async function sessionsPage(reads: OrgReads, args: SessionsArgs, now: number): Promise<Page<SessionRow>> {
  const size = pageSize(args);
  const all = partsOf(args, now);
  const { parts, after } = partsAfter(all, args);
  const wanted = conditions(args, now);
  const found: { readonly part: Part; readonly row: SessionRow }[] = [];
  for (const [index, part] of parts.entries()) {
    const limit = size + 1 - found.length;
    if (limit <= 0) break;
    const where = and(wanted, part.where, index === 0 && after !== null ? before(after) : undefined);
    const rows = await select(reads, now, { where, orderBy: [sql`${sessionViews.startedAt} DESC`, sql`${sessionViews.sessionId} DESC`], limit });
    found.push(...rows.map((row) => ({ part, row })));
  }
  const edges = found.slice(0, size).map(({ part, row }) => pageOf(part.name, [row], 1, positionOf, args).edges[0]);
  return { edges: edges.filter((edge) => edge !== undefined), more: found.length > size, continued: after !== null };
}

function partsOf({ order }: SessionsArgs, now: number): Part[] {
  if (order !== "PROBLEMS_FIRST") return [{ name: "sessions", where: undefined }];
  const problem = hasAnyProblem(SESSION_PROBLEMS, now);
  return [
    { name: "sessions/problems", where: problem },
    { name: "sessions/others", where: sql`NOT ${problem}` },
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

function conditions({ assemblyId, workOrderId, states, search, needsPerson, problems }: SessionsArgs, now: number): SQL | undefined {
  const asked = hasProblem("NEEDS_PERSON", now);
  return and(
    given(assemblyId, (id) => sql`${sessionViews.assemblyId} = ${id}`),
    given(workOrderId, (id) => sql`${sessionViews.workOrderId} = ${id}`),
    given(states, (wanted) => among(sessionViews.state, wanted)),
    given(needsPerson, (wanted) => (wanted ? asked : sql`NOT ${asked}`)),
    given(problems, (wanted) => (wanted.length === 0 ? undefined : hasAnyProblem(wanted, now))),
    given(search, matching),
  );
}

function given<V>(value: V | null | undefined, condition: (value: V) => SQL | undefined): SQL | undefined {
  return value === null || value === undefined ? undefined : condition(value);
}

/** Sessions whose title, work order or id has the text in it, in any case of ASCII letters. */
function matching(search: string): SQL | undefined {
  const text = search.trim();
  if (text === "") return undefined;
  if (text.length > MAX_SEARCH_CHARS) throw new FactoryError("INVALID_ARGUMENT", `\`search\` has ${text.length} characters; it may have ${MAX_SEARCH_CHARS}.`);
  const pattern = `%${text.replaceAll(/[\\%_]/g, (char) => `\\${char}`)}%`;
  const like = (column: SQL): SQL => sql`${column} LIKE ${pattern} ESCAPE '\\'`;
  return sql`(${like(sql`${sessionViews.workOrderId}`)} OR ${like(sql`${sessionViews.sessionId}`)} OR EXISTS (
    SELECT 1 FROM sessions AS named WHERE named.session_id = session_views.session_id AND +named.org = session_views.org AND ${like(sql.raw("named.title"))}))`;
}

/** Which reviews. */
export type OpenReviewArgs = PageArgs & { readonly open?: boolean | null | undefined };

/** Reviews of an org, who waits longest first. A review of a session that has ended is asked of nobody. @throws FactoryError INVALID_ARGUMENT */
export async function openReviews(reads: OrgReads, args: OpenReviewArgs): Promise<Page<RowOf<typeof reviews>>> {
  const size = pageSize(args);
  const after = args.after === undefined || args.after === null ? null : decodeCursor("inbox", args.after);
  const time = sql`coalesce(${reviews.requestedAt}, 0)`;
  const running = sql`EXISTS (SELECT 1 FROM session_views AS asking WHERE asking.session_id = ${reviews.sessionId} AND +asking.org = ${reviews.org} AND asking.outcome IS NULL)`;
  const rows = await reads.rows(reviews, {
    where: and(
      args.open === false ? undefined : and(isNull(reviews.decision), running),
      after === null ? undefined : sql`(${time}, ${reviews.reviewId}) > (${after[0]}, ${after[1]})`,
    ),
    orderBy: [time, sql`${reviews.reviewId}`],
    limit: size + 1,
  });
  return pageOf("inbox", rows, size, ({ requestedAt, reviewId }) => [requestedAt ?? 0, reviewId], args);
}

/** Assemblies that the org has sessions in, the one of the newest session first. */
export async function assembliesOf(reads: OrgReads, limit: number): Promise<string[]> {
  const { assemblyId, startedAt } = sessionViews;
  const rows = await reads.pick(sessionViews, { assemblyId }, { groupBy: [assemblyId], orderBy: [sql`max(${startedAt}) DESC`, sql`${assemblyId}`], limit });
  return rows.map((row) => String(row["assemblyId"]));
}

/** Whether the org has had a session in the assembly. */
export async function hasAssembly(reads: OrgReads, id: string): Promise<boolean> {
  const { assemblyId } = sessionViews;
  return (await reads.pick(sessionViews, { assemblyId }, { where: sql`${assemblyId} = ${id}`, limit: 1 })).length > 0;
}
