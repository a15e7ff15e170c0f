/** What a bead costs in rows, as the platform bills them: the same in a run of any size. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { BeadOutcome } from "@factory/schemas/rpc";
import { expect, test } from "vitest";
import { cleared } from "../../../../scripts/testing/clearances.ts";
import { loneCoordinator } from "../testing/lone-coordinator.ts";
import { RowCounter } from "../testing/row-counter.ts";
import type { StorageCount } from "../testing/row-counter.ts";
import { aWideSeed } from "../testing/wide-seed.ts";
import { BeadStore } from "./store/bead-store.ts";
import { HeldWrites } from "./store/held-writes.ts";

const SIZES = [100, 1_000] as const;
/** Beads that are measured: some way into the run, with as many again behind them. */
const MEASURED = 40;

/** Rows of a bead, from its claim to the release of what waits for it, in a run of that many. */
async function costIn(beads: number): Promise<StorageCount> {
  const stub = env.COORDINATORS.getByName(`run:costs:${beads}`);
  return runInDurableObject(stub, async (_, { storage }) => {
    const { coordinator, outcomeOf } = await loneCoordinator(storage);
    const seeded = await coordinator.seed("seed", cleared(aWideSeed(`cost-${beads}`, beads, 20, 1), Date.now()));
    if (!seeded.ok) throw new Error(seeded.message);
    let outcomes: BeadOutcome[] = [];
    const work = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done++) {
        const answer = await coordinator.exchange(0, outcomes, 1);
        if (!answer.ok) throw new Error(answer.message);
        if (answer.verdicts.some(({ state }) => state !== "DONE")) throw new Error(JSON.stringify(answer.verdicts));
        outcomes = answer.beads.map(outcomeOf);
      }
    };
    await work(beads / 2);
    const counter = new RowCounter(storage);
    await work(MEASURED);
    return counter.take();
  });
}

test("a bead reads and writes as many rows in a run of a thousand as in a run of a hundred, in one commit", async () => {
  const [small, large] = [await costIn(SIZES[0]), await costIn(SIZES[1])];
  // Timers fall in one run and not in the other.
  const tolerance = 2;
  expect(Math.abs(large.read - small.read) / MEASURED).toBeLessThan(tolerance);
  expect(Math.abs(large.written - small.written) / MEASURED).toBeLessThan(tolerance);
  expect(large.written / MEASURED).toBeLessThan(40);
  expect(large.commits / MEASURED).toBeLessThanOrEqual(1.1);
});

test("the next ten beads cost as many rows among twenty thousand as among two hundred", async () => {
  const readsAmong = (beads: number): Promise<number> =>
    runInDurableObject(env.COORDINATORS.getByName(`run:ready:${beads}`), (_, { storage }) => {
      const store = new BeadStore(new HeldWrites(storage.sql));
      storage.transactionSync(() => store.insert(aWideSeed(`ready-${beads}`, beads + 1, beads, 1).beads.slice(0, beads), 0, "normal", Date.now()));
      const counter = new RowCounter(storage);
      expect(store.ready(10)).toHaveLength(10);
      return counter.take().read;
    });
  expect(await readsAmong(20_000)).toBe(await readsAmong(200));
});
