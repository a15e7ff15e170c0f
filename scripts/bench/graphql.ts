/**
 * `pnpm bench:graphql [-- --sessions 100000 --runs 3 --calls 200]`: the dashboard's queries against the deployed graphql Worker over a read
 * model of 100 000 sessions, one after another and twenty at once, beside the same statements in node's SQLite on the same file; and events
 * from the append to their frames at 1, 100 and 1 000 subscribers. Prints one JSON object. Exits 1 when an operation needs more statements
 * or reads more rows than in a read model of a tenth of the sessions, or costs far more than its statements do.
 *
 * Rows read are D1's own count. Times are medians of the runs; what is slower than its goal is named and fails nothing.
 */
import { parseArgs } from "node:util";
import type { DatabaseSync } from "node:sqlite";
import type { CountedStatement } from "../../workers/graphql/src/testing/counted-statement.ts";
import { BUSY_ORG, LARGEST, sessionIdAt } from "../../workers/graphql/src/testing/many-sessions.ts";
import { LOGGED_EVENTS, askOf, operations, pageAfter, type Operation } from "../../workers/graphql/src/testing/page-operations.ts";
import { ulidId } from "@factory/schemas";
import { GraphqlHost } from "./graphql-host.ts";
import { measureDeliveries } from "./graphql-deliveries.ts";

/** Also the least: in a tenth of fewer, not every page is full, and fewer rows are read for that alone. */
const DEFAULT_SESSIONS = 100_000;
/** The read model that rows are compared with has so many times less sessions. */
const TIMES_SMALLER = 10;
/** Sessions that have not ended, whatever the number of all. */
const OPEN_SESSIONS = 200;
const LARGEST_BEADS = 2_000;
const MIDDLING_BEADS = 200;
const AT_ONCE = 20;
/** A run of slow calls ends after so long, with no fewer than the calls below. */
const RUN_MS = 4_000;
const MIN_CALLS = 20;
/** Rows that an operation may read in the larger read model for each of the smaller one, and beside them: pages meet other rows. */
const MAX_GROWTH = 1.25;
const ROOM_ROWS = 100;
/** What an answer may cost beside its statements, as a factor: a shared machine moves by some 30 %. */
const MAX_RATIO = 60;
/** Deliveries that come in time, over those that are due. */
const GOAL_ACHIEVED = 0.95;

type Percentiles = { readonly p50Ms: number; readonly p99Ms: number };
type Counts = { readonly statements: number; readonly rowsRead: number };
type Figures = {
  readonly alone: Percentiles;
  readonly atOnce: Percentiles;
  readonly callsPerSecondAtOnce: number;
  readonly peer: Percentiles;
  readonly kilobytes: number;
};

const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function percentiles(times: readonly number[]): Percentiles {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** Times of calls, so many at once, until there are enough or the run has taken long enough. */
async function timed(call: (index: number) => unknown, calls: number, atOnce: number): Promise<{ readonly times: number[]; readonly seconds: number }> {
  const times: number[] = [];
  const started = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < calls && (next < MIN_CALLS || performance.now() - started < RUN_MS)) {
      const index = next++;
      const before = performance.now();
      await call(index);
      times.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return { times, seconds: (performance.now() - started) / 1_000 };
}

/** The peer: the operation's statements and nothing else. */
function runStatements(database: DatabaseSync, statements: readonly CountedStatement[]): void {
  for (const { sql, params } of statements) {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    // Parameters of queries are texts and numbers.
    statement.all(...(params as (string | number)[]));
  }
}

const variablesAt = ({ variables }: Operation, index: number): object => variables[index % variables.length] ?? {};

async function measureOnce(
  host: GraphqlHost,
  peer: DatabaseSync,
  operation: Operation,
  statements: readonly CountedStatement[],
  calls: number,
): Promise<Figures> {
  let bytes = 0;
  const ask = async (index: number): Promise<void> => {
    bytes = await host.ask(askOf(operation, variablesAt(operation, index)));
  };
  const alone = await timed(ask, calls, 1);
  const atOnce = await timed(ask, calls * 2, AT_ONCE);
  const theirs = await timed(() => runStatements(peer, statements), calls, 1);
  return {
    alone: percentiles(alone.times),
    atOnce: percentiles(atOnce.times),
    callsPerSecondAtOnce: round(atOnce.times.length / atOnce.seconds, 0),
    peer: percentiles(theirs.times),
    kilobytes: round(bytes / 1_000, 1),
  };
}

/** The run whose median call is the median of the runs. */
function medianOf(runs: readonly Figures[]): Figures {
  const sorted = runs.toSorted((a, b) => a.alone.p50Ms - b.alone.p50Ms);
  return sorted[Math.floor(sorted.length / 2)] ?? fail("Nothing was measured.");
}

/** A host with a log to read pages of, and its operations. */
async function startHost(sessions: number) {
  const { host, fill } = await GraphqlHost.start({ sessions, open: OPEN_SESSIONS, largest: LARGEST_BEADS, middling: MIDDLING_BEADS, newestAt: Date.now() });
  const events = Array.from({ length: LOGGED_EVENTS }, (_, index) => ({
    eventId: ulidId("EVT"),
    kind: "COMPILATION_STARTED",
    occurredAt: Date.now(),
    payload: { fromState: "AWAITING_APPROVAL", toState: "COMPILING", reason: `event ${index}` },
  }));
  for (let from = 0; from < events.length; from += 500) await host.append(BUSY_ORG, sessionIdAt(LARGEST), events.slice(from, from + 500));
  // Forty-nine pages of fifty.
  const deep = await cursorAfter(host, "NEWEST_FIRST", 49, 50);
  const deepProblems = await cursorAfter(host, "PROBLEMS_FIRST", 5, 500);
  return { host, fill, operations: operations({ deep, deepProblems }) };
}

async function cursorAfter(host: GraphqlHost, order: "NEWEST_FIRST" | "PROBLEMS_FIRST", pages: number, first: number): Promise<string> {
  let after: string | null = null;
  for (let page = 0; page < pages; page++) {
    const { data } = await host.count(pageAfter(after, order, first));
    // The query selects nothing else.
    after = (data as { readonly sessions: { readonly pageInfo: { readonly endCursor: string | null } } }).sessions.pageInfo.endCursor;
  }
  return after ?? fail(`There are no ${pages} pages of sessions.`);
}

/** What an operation comes to, over all its variables: of statements the most, of rows the mean. */
async function countsOf(host: GraphqlHost, operation: Operation): Promise<Counts & { readonly sample: readonly CountedStatement[] }> {
  const counted = [];
  for (const variables of operation.variables) counted.push((await host.count(askOf(operation, variables))).statements);
  return {
    statements: Math.max(...counted.map(({ length }) => length)),
    rowsRead: Math.round(sum(counted.map((statements) => sum(statements.map(({ rowsRead }) => rowsRead)))) / counted.length),
    sample: counted[0] ?? [],
  };
}

async function smallerCounts(sessions: number): Promise<Map<string, Counts>> {
  const { host, operations: asked } = await startHost(sessions);
  try {
    const counts = new Map<string, Counts>();
    for (const operation of asked) {
      const { statements, rowsRead } = await countsOf(host, operation);
      counts.set(operation.name, { statements, rowsRead });
    }
    return counts;
  } finally {
    await host.stop();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sessions: { type: "string", default: String(DEFAULT_SESSIONS) },
      runs: { type: "string", default: "3" },
      calls: { type: "string", default: "200" },
      deliveries: { type: "boolean", default: true },
    },
    allowNegative: true,
  });
  const [sessions, runs, calls] = [Number(values.sessions), Number(values.runs), Number(values.calls)];
  if (!(sessions >= DEFAULT_SESSIONS)) fail(`--sessions takes ${DEFAULT_SESSIONS} or more.`);
  const smaller = await smallerCounts(Math.floor(sessions / TIMES_SMALLER));
  const { host, fill, operations: asked } = await startHost(sessions);
  const measured = [];
  try {
    const peer = host.database();
    for (const operation of asked) {
      const { sample, ...counts } = await countsOf(host, operation);
      const before = smaller.get(operation.name) ?? fail(`${operation.name} was not counted.`);
      await timed((index) => host.ask(askOf(operation, variablesAt(operation, index))), MIN_CALLS, 1);
      const figures = [];
      for (let run = 0; run < runs; run++) figures.push(await measureOnce(host, peer, operation, sample, calls));
      const { alone, peer: theirs, ...more } = medianOf(figures);
      const row = {
        name: operation.name,
        ...counts,
        inATenth: before,
        alone,
        goalP99Ms: operation.goalP99Ms,
        ...more,
        peer: theirs,
        ratio: round(alone.p50Ms / theirs.p50Ms, 1),
      };
      process.stderr.write(`${JSON.stringify(row)}\n`);
      measured.push(row);
    }
    peer.close();
  } finally {
    await host.stop();
  }
  const deliveries = values.deliveries ? await measureDeliveries(runs) : [];
  const missed = measured.flatMap(({ name, statements, rowsRead, inATenth, ratio, peer }) => [
    ...(statements > inATenth.statements ? [`${name}: ${statements} statements, ${inATenth.statements} in a tenth of the sessions`] : []),
    ...(rowsRead > inATenth.rowsRead * MAX_GROWTH + ROOM_ROWS ? [`${name}: ${rowsRead} rows, ${inATenth.rowsRead} in a tenth of the sessions`] : []),
    ...(ratio > MAX_RATIO && peer.p50Ms > 1 ? [`${name}: ${ratio} times its statements`] : []),
  ]);
  const slower = [
    ...measured.filter(({ alone, goalP99Ms }) => alone.p99Ms > goalP99Ms).map(({ name }) => name),
    ...deliveries
      .filter(({ achieved }) => achieved < GOAL_ACHIEVED)
      .map(({ subscribers, offeredPerSecond }) => `${subscribers} subscribers at ${offeredPerSecond}/s`),
  ];
  console.log(
    JSON.stringify({ bench: "graphql", node: process.version, sessions, runs, fill, queries: measured, deliveries, slowerThanGoal: slower, missed }, null, 2),
  );
  if (missed.length > 0) process.exitCode = 1;
}

function fail(message: string): never {
  throw new Error(message);
}

await main();
