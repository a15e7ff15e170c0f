/** What the dashboard's pages ask for, of the read model of `many-sessions.ts`: what `pnpm bench:graphql` measures, and a test counts. */
import { BUSY_ORG, LARGEST, MIDDLING, RARE_TEXT, assemblyAt, sessionIdAt } from "./many-sessions.ts";

/** An operation and who asks. */
export type Ask = { readonly org: string; readonly query: string; readonly variables: object };

/** An operation with its variables, one set a call in turn. */
export type Operation = {
  readonly name: string;
  /** How long the slowest of a hundred calls may take one after another, in milliseconds. */
  readonly goalP99Ms: number;
  readonly query: string;
  readonly variables: readonly object[];
};

/** Goals of a session's page and of a list. */
const PAGE_P99_MS = 30;
const LIST_P99_MS = 20;

const TOTAL = "calls unpricedCalls inputTokens outputTokens costUsd durationMs";
const SESSION_PAGE = `query SessionPage($id: ID!) { session(id: $id) {
  id title workOrderId assemblyId runId reviewMode state outcome reason reasonCode startedAt updatedAt endedAt asOfSeq tipSeq problems
  beadCounts { blocked ready leased waiting done failed cancelled total }
  evidenceChain { rootHash seq packageDigest finalArtifactId }
  costs { total { ${TOTAL} } byTeam { key total { calls costUsd } } byModel { key total { calls costUsd } } byPurpose { key total { calls costUsd } } }
  passes(first: 50) { nodes { seq pass artifactId artifactType modelCalls repaired durationMs occurredAt } }
  beads(first: 500) {
    nodes { id atomId title team role state epoch attempt cycle agentId errorCode createdAt updatedAt seq }
    pageInfo { hasNextPage endCursor }
  }
  verificationReports(first: 100) { nodes { id type outcome score subjectId summary checksPassed checksFailed holdoutsPassed holdoutsFailed occurredAt } }
  reviews(first: 20) { nodes { id type action actionDigest promptText alternatives requestedAt open decision decidedBy decidedAt } }
  divergences(first: 50) { nodes { id type beadId claimRefs observed expected reason occurredAt } } } }`;

const LIST = `query Sessions($first: Int = 50, $after: String, $status: [SessionState!], $search: String, $order: SessionOrder, $assemblyId: ID,
    $problems: [SessionProblem!], $needsPerson: Boolean) {
  sessions(first: $first, after: $after, status: $status, search: $search, order: $order, assemblyId: $assemblyId, problems: $problems,
      needsPerson: $needsPerson) {
    nodes { id title workOrderId assemblyId state outcome reasonCode startedAt updatedAt endedAt problems needsPerson beadCounts { total done failed } }
    pageInfo { hasNextPage endCursor } } }`;

const INBOX = `query Inbox($first: Int = 50, $after: String) { reviews(first: $first, after: $after) { nodes {
  id type action actionDigest promptText alternatives deadline requestedAt session { id title state problems } } pageInfo { hasNextPage endCursor } } }`;

const COUNTS = "query Counts { sessionCounts { total byState { state count } problems { problem count } } assemblies }";

const EVENTS = `query Events($id: ID!, $afterSeq: Int) { session(id: $id) { events(first: 200, afterSeq: $afterSeq) {
  nodes { seq kind stream occurredAt payload } readToSeq tipSeq pageInfo { hasNextPage } } } }`;

const list = (name: string, ...variables: readonly object[]): Operation => ({ name, goalP99Ms: LIST_P99_MS, query: LIST, variables });

/** Events of the log that pages are read of. */
export const LOGGED_EVENTS = 2_000;

/** Cursors that were reached by paging. */
export type Cursors = { readonly deep: string; readonly deepProblems: string };

/** What is measured. */
export function operations({ deep, deepProblems }: Cursors): Operation[] {
  const page = (name: string, places: readonly number[]): Operation => ({
    name,
    goalP99Ms: PAGE_P99_MS,
    query: SESSION_PAGE,
    variables: places.map((place) => ({ id: sessionIdAt(place) })),
  });
  return [
    page(
      "session page, 200 beads",
      MIDDLING.filter((place) => place % 10 < 7),
    ),
    page("session page, the largest", [LARGEST]),
    list("sessions, newest first", {}),
    list("sessions, newest first, page 50", { after: deep }),
    list("sessions, problems first", { order: "PROBLEMS_FIRST" }),
    list("sessions, problems first, far behind them", { order: "PROBLEMS_FIRST", after: deepProblems }),
    list("sessions, with a problem that is rare", { problems: ["OVER_BUDGET"] }),
    list("sessions, needs a person", { needsPerson: true }),
    list("sessions, in a state that is common", { status: ["COMPLETED"] }),
    list("sessions, in states that are rare", { status: ["REJECTED", "CANCELLED"] }),
    list("sessions, in a state that none has", { status: ["DELIVERING"] }),
    list("sessions, of an assembly", { assemblyId: assemblyAt(LARGEST) }),
    list("sessions, of an assembly, in a state that is rare", { assemblyId: assemblyAt(LARGEST), status: ["REJECTED"] }),
    list("sessions, search for what is common", { search: "ledger" }),
    list("sessions, search for what one has", { search: RARE_TEXT }),
    list("sessions, search for what none has", { search: "xylophone" }),
    list("sessions, search for an id", { search: sessionIdAt(LARGEST) }),
    list("sessions, search for two characters that none has", { search: "qj" }),
    list("sessions, search in a state that is rare", { search: "ledger", status: ["REJECTED"] }),
    { name: "inbox", goalP99Ms: LIST_P99_MS, query: INBOX, variables: [{}] },
    { name: "session counts and assemblies", goalP99Ms: LIST_P99_MS, query: COUNTS, variables: [{}] },
    { name: "session events", goalP99Ms: LIST_P99_MS, query: EVENTS, variables: [0, 600, 1_200].map((afterSeq) => ({ id: sessionIdAt(LARGEST), afterSeq })) },
  ];
}

/** An operation of the org that is asked about. */
export const askOf = ({ query }: Pick<Operation, "query">, variables: object): Ask => ({ org: BUSY_ORG, query, variables });

/** A page of the plain list, for walking to a cursor. */
export const pageAfter = (after: string | null, order: "NEWEST_FIRST" | "PROBLEMS_FIRST", first: number): Ask =>
  askOf(
    { query: "query ($first: Int, $after: String, $order: SessionOrder) { sessions(first: $first, after: $after, order: $order) { pageInfo { endCursor } } }" },
    {
      first,
      after,
      order,
    },
  );
