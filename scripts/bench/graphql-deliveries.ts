/** Events of a session's log at the standard clients' subscriptions, for `pnpm bench:graphql`: the load generator of `pnpm bench:stream` in that dialect alone. */
import { startFactory } from "./stream-host.ts";
import type { LoadFigures } from "./stream-load.ts";
import { runLoad } from "./stream-runs.ts";

const SUBSCRIBERS = [1, 100, 1_000];
const OFFERED_PER_SECOND = [20, 200];
const SECONDS = 4;

/** From the call that appends an event to the frame that was read at a subscriber. */
export type Delivery = Pick<LoadFigures, "achieved" | "p50Ms" | "p99Ms" | "framesPerEvent"> & {
  readonly subscribers: number;
  readonly offeredPerSecond: number;
};

/** Measures each number of subscribers at each rate; the medians of the runs. */
export async function measureDeliveries(runs: number): Promise<Delivery[]> {
  const factory = await startFactory();
  const measured: Delivery[] = [];
  try {
    for (const subscribers of SUBSCRIBERS) {
      for (const perSecond of OFFERED_PER_SECOND) {
        const figures: LoadFigures[] = [];
        for (let run = 0; run < runs; run++) {
          const name = `graphql-${subscribers}-${perSecond}-${run}`;
          figures.push(await runLoad(factory, { server: "factory-graphql", subscribers, shape: { perSecond }, seconds: SECONDS, run: name }));
        }
        const median = (of: (figures: LoadFigures) => number): number => figures.map(of).toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
        const row: Delivery = {
          subscribers,
          offeredPerSecond: perSecond,
          achieved: median(({ achieved }) => achieved),
          p50Ms: median(({ p50Ms }) => p50Ms),
          p99Ms: median(({ p99Ms }) => p99Ms),
          framesPerEvent: median(({ framesPerEvent }) => framesPerEvent),
        };
        process.stderr.write(`${JSON.stringify(row)}\n`);
        measured.push(row);
      }
    }
  } finally {
    await factory.stop();
  }
  return measured;
}
