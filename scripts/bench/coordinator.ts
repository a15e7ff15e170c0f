/**
 * `pnpm bench:coordinator [-- --sizes 100,1000,10000]`: what a bead costs the coordinator that is deployed, in runs of a
 * hundred to ten thousand beads on Miniflare itself: rows, commits, flushes of the disk and calls, with one slot, with
 * twenty, and with twenty that take ten beads a call. Model, checks, knowing-state and both graphs are left out: agents
 * answer at once, checks are decided by the coordinator, the graphs take everything and keep nothing. Every run goes on to
 * its verdict. Prints one JSON object with medians of three runs. Exits 1 when a bead costs more rows in the largest run
 * than in the smallest, when ten READY beads of many cost more than ten of few, or when commits or calls of a bead in a run
 * of a thousand or more are above the targets. A commit is a flush of one object; the disk's own count is of all of them.
 */
import { parseArgs } from "node:util";
import { CoordinatorHost, median, round, type LogKind } from "./coordinator-host.ts";
import type { StorageCount } from "../../workers/pipeline/src/testing/row-counter.ts";

const DEFAULT_SIZES = [100, 1_000, 10_000];
const ROUNDS = 3;
/** The size in which the log's own flushes are measured. */
const LOG_SIZE = 1_000;
/** The ways to work through a run, each with the most commits and calls a bead may cost. */
const WAYS = [
  { name: "oneSlot", slots: 1, batch: 1, maxCommits: 1.1, maxCalls: 1 },
  { name: "twentySlots", slots: 20, batch: 1, maxCommits: 0.25, maxCalls: 1 },
  { name: "twentySlotsTenBeads", slots: 20, batch: 10, maxCommits: 0.05, maxCalls: 0.2 },
] as const;
/** In a smaller run the first and the last calls of the agents weigh more than what lies between. */
const STEADY_SIZE = 1_000;
const WIDTH = 400;
const READY_SIZES = [1_000, 100_000];
const READY_ROUNDS = 2_000;
/** Rows of a bead may differ by this factor: a timer falls in one run and not in the other. */
const MAX_GROWTH = 1.15;
/** Ten beads of many against ten of few. */
const MAX_READY_GROWTH = 1.5;
const VERDICT_TIMEOUT_MS = 5 * 60_000;

type Worked = {
  readonly beads: number;
  readonly calls: number;
  readonly asks: number;
  readonly answeredMs: number;
  readonly loggedMs: number;
  readonly events: number;
  readonly appends: number | null;
  readonly counts: StorageCount;
};
type Figures = {
  readonly beadsPerSecond: number;
  readonly rowsReadPerBead: number;
  readonly rowsWrittenPerBead: number;
  readonly statementsPerBead: number;
  readonly commitsPerBead: number;
  readonly flushesPerBead: number | null;
  /** Calls that brought outcomes. */
  readonly callsPerBead: number;
  /** Calls that only asked: the first of each agent, and those that found nothing. */
  readonly asks: number;
  readonly eventsPerBead: number;
  /** Commits of the log: it makes one a call. Null where the deployed log is bound, which does not count. */
  readonly logAppendsPerBead: number | null;
};
type Way = (typeof WAYS)[number];
type Measured = { readonly [way in Way["name"]]: Figures };

async function measure(host: CoordinatorHost, name: string, way: Way, leave: number): Promise<Figures> {
  const before = host.flushes();
  const { slots, batch } = way;
  const { beads, calls, asks, loggedMs, events, appends, counts } = await host.call<Worked>({
    op: "work",
    name,
    slots,
    batch,
    leave,
    silentLog: host.log === "silent",
  });
  const after = host.flushes();
  return {
    beadsPerSecond: round((beads * 1_000) / loggedMs, 0),
    rowsReadPerBead: round(counts.read / beads),
    rowsWrittenPerBead: round(counts.written / beads),
    statementsPerBead: round(counts.statements / beads),
    commitsPerBead: round(counts.commits / beads, 3),
    flushesPerBead: before === null || after === null ? null : round((after - before) / beads, 3),
    callsPerBead: round(calls / beads, 3),
    asks,
    eventsPerBead: round(events / beads),
    logAppendsPerBead: appends === null ? null : round(appends / beads, 3),
  };
}

/** One run to its verdict: each way works off a third of it, one after the other. */
async function run(host: CoordinatorHost, name: string, beads: number): Promise<{ readonly ways: Measured; readonly seedMs: number; readonly runMs: number }> {
  const seeding = performance.now();
  await host.call({ op: "seed", name, beads, width: Math.min(WIDTH, Math.floor(beads / 2)), slots: 20 });
  const seedMs = round(performance.now() - seeding, 0);
  const started = performance.now();
  const [oneSlot, twentySlots, tenBeads] = [
    await measure(host, name, WAYS[0], Math.ceil((beads * 2) / 3)),
    await measure(host, name, WAYS[1], Math.ceil(beads / 3)),
    await measure(host, name, WAYS[2], 0),
  ];
  await accepted(host, name);
  return { ways: { oneSlot, twentySlots, twentySlotsTenBeads: tenBeads }, seedMs, runMs: round(performance.now() - started, 0) };
}

async function accepted(host: CoordinatorHost, name: string): Promise<void> {
  const until = performance.now() + VERDICT_TIMEOUT_MS;
  while (performance.now() < until) {
    const outcome = await host.call<string>({ op: "outcome", name });
    if (outcome === "accepted") return;
    if (outcome !== "") throw new Error(`The run ${name} ended ${outcome}.`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`The run ${name} has no verdict.`);
}

async function runs(log: LogKind, beads: number) {
  const host = await CoordinatorHost.start(log, "rows");
  try {
    const done: Awaited<ReturnType<typeof run>>[] = [];
    for (let index = 0; index < ROUNDS; index++) {
      process.stderr.write(`\r${log} log, ${beads} beads, run ${index + 1} of ${ROUNDS}   `);
      done.push(await run(host, `${log}-${beads}-${index}`, beads));
    }
    process.stderr.write("\n");
    const ways = Object.fromEntries(WAYS.map(({ name }) => [name, medians(done.map((one) => one.ways[name]))])) as Measured;
    return { beads, seedMs: median(done.map((one) => one.seedMs)), runMs: median(done.map((one) => one.runMs)), ...ways };
  } finally {
    await host.stop();
  }
}

/** The median of each figure over the runs; the cast holds, since every run has the same figures. */
function medians(figures: readonly Figures[]): Figures {
  const names = Object.keys(figures[0] ?? {}) as (keyof Figures)[];
  return Object.fromEntries(
    names.map((name) => {
      const values = figures.flatMap((one) => one[name] ?? []);
      return [name, values.length === 0 ? null : median(values)];
    }),
  ) as Figures;
}

async function readyTen() {
  const host = await CoordinatorHost.start("silent", "rows");
  try {
    const found = [];
    for (const beads of READY_SIZES) {
      found.push({ beads, ...(await host.call<{ usPerCall: number; read: number }>({ op: "ready", beads, rounds: READY_ROUNDS })) });
    }
    return found.map(({ beads, usPerCall, read }) => ({ beads, usPerCall: round(usPerCall, 1), rowsRead: round(read) }));
  } finally {
    await host.stop();
  }
}

function growthOf(few: Measured, many: Measured): { readonly [way: string]: { readonly rowsRead: number; readonly rowsWritten: number } } {
  return Object.fromEntries(
    WAYS.map(({ name }) => [
      name,
      {
        rowsRead: round(many[name].rowsReadPerBead / few[name].rowsReadPerBead),
        rowsWritten: round(many[name].rowsWrittenPerBead / few[name].rowsWrittenPerBead),
      },
    ]),
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { sizes: { type: "string" } } });
  const sizes = values.sizes === undefined ? DEFAULT_SIZES : values.sizes.split(",").map(Number);
  if (sizes.some((size) => !Number.isSafeInteger(size) || size < 100)) throw new Error("--sizes takes whole numbers from 100 on, such as 100,1000.");
  const coordinator = [];
  for (const size of sizes) coordinator.push(await runs("silent", size));
  const withLog = await runs("real", LOG_SIZE);
  const ready = await readyTen();
  const [few, many] = [coordinator[0], coordinator.at(-1)];
  const growth = few === undefined || many === undefined ? {} : growthOf(few, many);
  // With one slot and no group the cost of a call is the bead's own; the other ways share a commit by as many as happen to meet.
  const oneSlot = growth["oneSlot"];
  const tooFast = oneSlot !== undefined && (oneSlot.rowsRead > MAX_GROWTH || oneSlot.rowsWritten > MAX_GROWTH);
  const readyGrowth = round((ready.at(-1)?.usPerCall ?? Number.NaN) / (ready[0]?.usPerCall ?? Number.NaN));
  const over = [...coordinator, withLog].flatMap(overTarget);
  const leftOut = ["model", "sandbox", "knowing-state", "artifact graph"];
  console.log(
    JSON.stringify({ bench: "coordinator", node: process.version, leftOut, coordinator, withLog, growth, ready, readyGrowth, overTarget: over }, null, 2),
  );
  if (tooFast || readyGrowth > MAX_READY_GROWTH || over.length > 0) process.exitCode = 1;
}

/** What of a run costs more commits or calls than it may. */
function overTarget(measured: Measured & { readonly beads: number }): string[] {
  if (measured.beads < STEADY_SIZE) return [];
  return WAYS.flatMap(({ name, maxCommits, maxCalls }) => {
    const { commitsPerBead, callsPerBead, logAppendsPerBead } = measured[name];
    const costs = [
      { what: "commits", cost: commitsPerBead, most: maxCommits },
      { what: "commits of the log", cost: logAppendsPerBead ?? 0, most: maxCommits },
      { what: "calls", cost: callsPerBead, most: maxCalls },
    ];
    return costs.flatMap(({ what, cost, most }) => (cost > most ? [`${measured.beads} beads, ${name}: ${cost} ${what} a bead, over ${most}`] : []));
  });
}

await main();
