/**
 * What one operation reads of the read model: everything that resolvers ask for in one turn is one statement, however many
 * rows ask. Made anew for each operation, so that nothing it keeps outlives the operation.
 */
import { and, sql, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import DataLoader from "dataloader";
import { artifactEdges, artifacts, beads } from "../projections/schema.ts";
import { beadCostsOfSessions, costsOfSessions, totalsOfBeads, type BeadCostLine, type CostLine, type CostTotal } from "./costs.ts";
import { decodeCursor, type Position } from "./cursors.ts";
import { directivesOf } from "./directives.ts";
import type { List } from "./lists.ts";
import { among, type OrgReads, type ReadTable, type RowOf } from "./org-reads.ts";
import { pageOf, pageSize, type Page, type PageArgs } from "./pages.ts";
import { checksOfBeads, type CheckResult } from "./checks.ts";
import { votesOfReviews, type ReviewVoteRow } from "./review-votes.ts";
import { adoptedAmendments, type AdoptedAmendment } from "./run-graph.ts";
import { sessionCounts, type SessionCounts } from "./session-counts.ts";
import { assembliesOf, openReviews, sessionsByIds, sessionsPage, type OpenReviewArgs, type SessionRow, type SessionsArgs } from "./sessions.ts";

/** Values that a column must be among, by the name of the filter; an absent one lets everything pass. */
export type ListFilter = { readonly [name: string]: readonly string[] | null | undefined };

/** Whose rows: an owner, and its session where the owner's id is looked up within one. */
export type Owner = { readonly id: string; readonly sessionId?: string };

type ArtifactRow = RowOf<typeof artifacts>;
type EdgeRow = RowOf<typeof artifactEdges>;
type BeadRow = RowOf<typeof beads>;

/** Relations of an artifact that sessions have told of, both ways. */
export type ArtifactRelations = { readonly out: readonly EdgeRow[]; readonly in: readonly EdgeRow[] };

/** Relations of one artifact in an answer, on each side. */
const MAX_RELATIONS = 200;

/** Reads of one operation. */
export class ReadLoaders {
  readonly #reads: OrgReads;
  readonly #now: () => number;
  /** Not persisted: loaders of lists by what is asked of them. */
  readonly #lists = new Map<string, DataLoader<Owner, Page<RowOf<ReadTable>>, string>>();
  readonly #sessions: DataLoader<string, SessionRow | null>;
  readonly #artifacts: DataLoader<string, ArtifactRow | null>;
  readonly #relations: DataLoader<string, ArtifactRelations>;
  readonly #beads: DataLoader<Owner, BeadRow | null, string>;
  readonly #costs: DataLoader<string, readonly CostLine[]>;
  readonly #costsByBead: DataLoader<string, readonly BeadCostLine[]>;
  readonly #beadCosts: DataLoader<Owner, CostTotal, string>;
  readonly #directives: DataLoader<Owner, string | null, string>;
  readonly #checks: DataLoader<Owner, readonly CheckResult[], string>;
  readonly #votes: DataLoader<Owner, readonly ReviewVoteRow[], string>;
  readonly #adopted: DataLoader<string, readonly AdoptedAmendment[]>;

  constructor(reads: OrgReads, now: () => number) {
    this.#reads = reads;
    this.#now = now;
    this.#sessions = new DataLoader((ids) => sessionsByIds(reads, ids, now()));
    this.#artifacts = new DataLoader((ids) => newestArtifacts(reads, ids));
    this.#relations = new DataLoader((ids) => relationsOf(reads, ids));
    this.#beads = new DataLoader((keys) => beadsByKeys(reads, keys), { cacheKeyFn: ownerKey });
    this.#costs = new DataLoader((ids) => costsOfSessions(reads, ids));
    this.#costsByBead = new DataLoader((ids) => beadCostsOfSessions(reads, ids));
    this.#directives = new DataLoader((keys) => directivesOf(reads, keys), { cacheKeyFn: ownerKey });
    this.#checks = new DataLoader((keys) => checksOfBeads(reads, keys), { cacheKeyFn: ownerKey });
    this.#votes = new DataLoader((keys) => votesOfReviews(reads, keys), { cacheKeyFn: ownerKey });
    this.#adopted = new DataLoader((ids) => adoptedAmendments(reads, ids));
    this.#beadCosts = new DataLoader((keys) => totalsOfBeads(reads, keys), { cacheKeyFn: ownerKey });
  }

  /** A session with how it stands; null when the org has none of that id. */
  session(id: string): Promise<SessionRow | null> {
    return this.#sessions.load(id);
  }

  /** A page of the org's sessions. @throws FactoryError INVALID_ARGUMENT */
  sessions(args: SessionsArgs): Promise<Page<SessionRow>> {
    return sessionsPage(this.#reads, args, this.#now());
  }

  /** Reviews of the org, open or all. @throws FactoryError INVALID_ARGUMENT */
  reviews(args: OpenReviewArgs): ReturnType<typeof openReviews> {
    return openReviews(this.#reads, args);
  }

  /** The artifact as the newest session that wrote it tells of it. */
  artifact(id: string): Promise<ArtifactRow | null> {
    return this.#artifacts.load(id);
  }

  /** Relations of an artifact. */
  relations(id: string): Promise<ArtifactRelations> {
    return this.#relations.load(id);
  }

  /** A bead of a session. */
  bead(sessionId: string, id: string): Promise<BeadRow | null> {
    return this.#beads.load({ sessionId, id });
  }

  /** Model calls of a session by team, model and purpose. */
  costs(sessionId: string): Promise<readonly CostLine[]> {
    return this.#costs.load(sessionId);
  }

  /** Model calls of a session by bead. */
  costsByBead(sessionId: string): Promise<readonly BeadCostLine[]> {
    return this.#costsByBead.load(sessionId);
  }

  /** What the model calls of a bead came to. */
  beadCost(sessionId: string, id: string): Promise<CostTotal> {
    return this.#beadCosts.load({ sessionId, id });
  }

  /** Id of the directive that an atom was dispatched as in a session, the newest. */
  directive(sessionId: string, atomId: string): Promise<string | null> {
    return this.#directives.load({ sessionId, id: atomId });
  }

  /** Checks that the platform ran on what a bead brought. */
  checks(sessionId: string, id: string): Promise<readonly CheckResult[]> {
    return this.#checks.load({ sessionId, id });
  }

  /** Votes on a review of a session that decided nothing by themselves, oldest first. */
  reviewVotes(sessionId: string, id: string): Promise<readonly ReviewVoteRow[]> {
    return this.#votes.load({ sessionId, id });
  }

  /** Amendments of a session that were adopted. */
  adopted(sessionId: string): Promise<readonly AdoptedAmendment[]> {
    return this.#adopted.load(sessionId);
  }

  /** How many sessions of the org, or of one assembly, stand where. */
  counts(assemblyId: string | null | undefined): Promise<SessionCounts> {
    return sessionCounts(this.#reads, assemblyId, this.#now());
  }

  /** Assemblies that the org has sessions in, the one of the newest session first. */
  assemblies(limit: number): Promise<string[]> {
    return assembliesOf(this.#reads, limit);
  }

  /** A page of an owner's rows. @throws FactoryError INVALID_ARGUMENT for a size or a cursor that is none. */
  async page<T extends ReadTable>(of: List<T>, owner: Owner, args: PageArgs, filter: ListFilter = {}): Promise<Page<RowOf<T>>> {
    const size = pageSize(args);
    const after = args.after === undefined || args.after === null ? null : decodeCursor(of.name, args.after);
    const key = JSON.stringify([of.name, of.owner.name, size, after, filter]);
    let loader = this.#lists.get(key);
    if (loader === undefined) {
      loader = new DataLoader((owners: readonly Owner[]) => pagesOf(this.#reads, of, owners, { size, after, filter, args }), { cacheKeyFn: ownerKey });
      this.#lists.set(key, loader);
    }
    return loader.load(owner);
  }
}

const ownerKey = ({ id, sessionId }: Owner): string => `${sessionId ?? ""}\n${id}`;

type PagesAsk = { readonly size: number; readonly after: Position | null; readonly filter: ListFilter; readonly args: PageArgs };

async function pagesOf<T extends ReadTable>(reads: OrgReads, of: List<T>, owners: readonly Owner[], ask: PagesAsk): Promise<Page<RowOf<T>>[]> {
  // The bare column, where it may be, so that an index in its order is used.
  const time = of.time.notNull ? sql`${of.time}` : sql`coalesce(${of.time}, 0)`;
  const which = {
    ofSessions: sessionsOf(of, owners),
    where: and(
      among(
        of.owner,
        owners.map(({ id }) => id),
      ),
      after(time, of.id, ask.after),
      ...filtered(of.filters, ask.filter),
    ),
    orderBy: [time, sql`${of.id}`],
    limit: ask.size + 1,
  };
  // One owner's page ends where it is full; of several, each row is ranked among its owner's.
  const rows = owners.length === 1 ? await reads.rows(of.table, which) : await reads.rowsOfEach(of.table, { ...which, by: [of.table.sessionId, of.owner] });
  const grouped = Map.groupBy(rows, (row) =>
    ownerKey({ id: of.ownerOf(row) ?? "", ...(owners[0]?.sessionId === undefined ? {} : { sessionId: row.sessionId }) }),
  );
  return owners.map((owner) => pageOf(of.name, grouped.get(ownerKey(owner)) ?? [], ask.size, of.positionOf, ask.args));
}

/** The sessions that the rows are of, where they are known: a run is looked for in the org. */
function sessionsOf<T extends ReadTable>({ owner, table }: List<T>, owners: readonly Owner[]): readonly string[] | undefined {
  if (owner === table.sessionId) return owners.map(({ id }) => id);
  const sessions = owners.flatMap(({ sessionId }) => (sessionId === undefined ? [] : [sessionId]));
  return sessions.length === 0 ? undefined : sessions;
}

/** Rows strictly after a position. */
function after(time: SQL, id: SQLiteColumn, position: Position | null): SQL | undefined {
  return position === null ? undefined : sql`(${time}, ${id}) > (${position[0]}, ${position[1]})`;
}

function filtered(columns: { readonly [name: string]: SQLiteColumn }, filter: ListFilter): SQL[] {
  return Object.entries(filter).flatMap(([name, values]) => {
    const column = columns[name];
    return column === undefined || values === undefined || values === null ? [] : [among(column, values)];
  });
}

async function newestArtifacts(reads: OrgReads, ids: readonly string[]): Promise<(ArtifactRow | null)[]> {
  const rows = await reads.rowsOfEach(artifacts, {
    by: [artifacts.artifactId],
    where: among(artifacts.artifactId, ids),
    orderBy: [sql`${artifacts.createdAt} DESC`, sql`${artifacts.sessionId} DESC`],
    limit: 1,
  });
  const byId = new Map(rows.map((row) => [row.artifactId, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

async function relationsOf(reads: OrgReads, ids: readonly string[]): Promise<ArtifactRelations[]> {
  const side = async (column: SQLiteColumn, idOf: (row: EdgeRow) => string): Promise<Map<string, EdgeRow[]>> => {
    const orderBy = [sql`${artifactEdges.createdAt}`, sql`${artifactEdges.source}`, sql`${artifactEdges.rel}`, sql`${artifactEdges.target}`];
    return Map.groupBy(await reads.rowsOfEach(artifactEdges, { by: [column], where: among(column, ids), orderBy, limit: MAX_RELATIONS }), idOf);
  };
  const [out, into] = await Promise.all([side(artifactEdges.source, ({ source }) => source), side(artifactEdges.target, ({ target }) => target)]);
  return ids.map((id) => ({ out: once(out.get(id) ?? []), in: once(into.get(id) ?? []) }));
}

/** Two sessions may have told of the same relation. */
function once(edges: readonly EdgeRow[]): EdgeRow[] {
  return [...new Map(edges.map((edge) => [`${edge.source}\n${edge.rel}\n${edge.target}`, edge])).values()];
}

async function beadsByKeys(reads: OrgReads, keys: readonly Owner[]): Promise<(BeadRow | null)[]> {
  const sessions = keys.map(({ sessionId }) => sessionId ?? "");
  const ids = keys.map(({ id }) => id);
  const rows = await reads.rows(beads, { ofSessions: sessions, where: among(beads.beadId, ids) });
  const byKey = new Map(rows.map((row) => [ownerKey({ sessionId: row.sessionId, id: row.beadId }), row]));
  return keys.map((key) => byKey.get(ownerKey(key)) ?? null);
}
