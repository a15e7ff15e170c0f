/**
 * `pnpm bench:stream [-- --runs 3 --seconds 4]`: events of one session's log to 100 and 1 000 client sockets. The real log and the real
 * shards on Miniflare itself, in both dialects of sockets, beside `graphql-ws` on Node, alternately, medians of the runs. Prints one JSON
 * object with the counts that do not depend on the machine. Exits 1 when a goal is missed by more than the noise of such a machine.
 *
 * Subscribers are raw sockets in a third process that read each frame's last seq; every fiftieth parses every frame whole and checks it.
 * The peer's events are the 180 bytes of the measurements this follows; the log's own are larger, since each carries its hash chain.
 */
import { parseArgs } from "node:util";
import { startFactory, startPeer } from "./stream-host.ts";
import type { LoadOptions, Shape } from "./stream-load.ts";
import { runLoad, type RunFigures as Figures } from "./stream-runs.ts";

const GOALS = { ratioAt1000: 4, achieved: 0.95, p99Ms: 150 } as const;
/** A shared machine moves by some 30 %. */
const NOISE = 0.7;
/** Events in flight that saturate, by subscribers: as the peers were measured. */
const IN_FLIGHT = { 100: 64, 1_000: 16 } as const;
const OFFERED_PER_SECOND = 200;

const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** The median of each figure over the runs. */
function medians(runs: readonly Figures[]): Figures {
  const [first] = runs;
  if (first === undefined) throw new Error("Nothing was measured.");
  const of = (name: keyof Figures): number => median(runs.map((run) => run[name] ?? Number.NaN));
  return {
    eventsPerSecond: of("eventsPerSecond"),
    deliveriesPerSecond: of("deliveriesPerSecond"),
    achieved: of("achieved"),
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
    framesPerEvent: of("framesPerEvent"),
    pushesPerEvent: of("pushesPerEvent"),
    bytesPerDelivery: of("bytesPerDelivery"),
    events: of("events"),
    flushesPerEvent: first.flushesPerEvent === null ? null : of("flushesPerEvent"),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { runs: { type: "string", default: "3" }, seconds: { type: "string", default: "4" } } });
  const runs = Number(values.runs);
  const seconds = Number(values.seconds);
  const [factory, peer] = await Promise.all([startFactory(), startPeer()]);
  const measure = async (server: LoadOptions["server"], subscribers: number, shape: Shape, run: string): Promise<Figures> => {
    const figures = await runLoad(server === "graphql-ws" ? peer : factory, { server, subscribers, shape, seconds, run });
    process.stderr.write(`${run} ${server}: ${JSON.stringify(figures)}\n`);
    return figures;
  };
  const results: { [name: string]: { factory: Figures; graphql: Figures; peer: Figures; ratio: number; graphqlRatio: number } } = {};
  const offered: Figures[] = [];
  try {
    for (const [name, inFlight] of Object.entries(IN_FLIGHT)) {
      const subscribers = Number(name);
      const [ours, graphql, theirs]: [Figures[], Figures[], Figures[]] = [[], [], []];
      for (let run = 0; run < runs; run++) {
        ours.push(await measure("factory", subscribers, { inFlight }, `saturated-${subscribers}-${run}`));
        graphql.push(await measure("factory-graphql", subscribers, { inFlight }, `saturated-graphql-${subscribers}-${run}`));
        theirs.push(await measure("graphql-ws", subscribers, { inFlight }, `saturated-${subscribers}-${run}`));
      }
      const [own, second, other] = [medians(ours), medians(graphql), medians(theirs)];
      const ratioOf = ({ deliveriesPerSecond }: Figures): number => round(deliveriesPerSecond / other.deliveriesPerSecond);
      results[name] = { factory: own, graphql: second, peer: other, ratio: ratioOf(own), graphqlRatio: ratioOf(second) };
    }
    for (let run = 0; run < runs; run++) offered.push(await measure("factory", 1_000, { perSecond: OFFERED_PER_SECOND }, `offered-${run}`));
  } finally {
    await Promise.all([factory.stop(), peer.stop()]);
  }
  const steady = medians(offered);
  const { ratio, graphqlRatio } = results["1000"] ?? { ratio: 0, graphqlRatio: 0 };
  const missed = [
    ...(ratio < GOALS.ratioAt1000 * NOISE ? ["ratioAt1000"] : []),
    ...(graphqlRatio < GOALS.ratioAt1000 * NOISE ? ["graphqlRatioAt1000"] : []),
    ...(steady.achieved < GOALS.achieved * NOISE ? ["achieved"] : []),
    ...(steady.p99Ms > GOALS.p99Ms / NOISE ? ["p99Ms"] : []),
  ];
  const report = { bench: "stream", node: process.version, runs, saturated: results, offered200To1000: steady, goals: GOALS, missed };
  console.log(JSON.stringify(report, null, 2));
  if (missed.length > 0) process.exitCode = 1;
}

await main();
