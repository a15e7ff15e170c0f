/** What a bead costs the objects it is worked on in, in rows, as the platform bills them, and in calls. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { CostedRun } from "./testing/bead-cost.ts";
import type { ProbeEnv } from "./testing/bead-cost.ts";

const WARM_UP = 3;
const BEADS = 8;

test("a bead costs its operative, the org's knowing-state and the lineage a bounded number of rows and calls, the same early and late", async () => {
  // The cast holds: the probe's Worker has these classes, which the generated bindings do not know.
  const run = await CostedRun.begin(env as unknown as ProbeEnv, "costs");
  await run.work(WARM_UP, 1);
  const early = await run.work(BEADS, 1);
  await run.work(BEADS, 1);
  const late = await run.work(BEADS, 1);
  for (const part of ["operatives", "knowingState", "lineage"] as const) {
    // Timers fall in one portion and not in the other.
    expect(Math.abs(late[part].read - early[part].read) / BEADS).toBeLessThan(2);
    expect(Math.abs(late[part].written - early[part].written) / BEADS).toBeLessThan(2);
  }
  expect(late.toolCalls).toBe(2 * BEADS);
  expect(late.operatives.written / BEADS).toBeLessThan(42);
  expect(late.operatives.statements / BEADS).toBeLessThan(58);
  expect(late.knowingState.written / BEADS).toBeLessThan(20);
  expect(late.lineage.written / BEADS).toBeLessThan(17);
  // One retrieval, a comparison before each of the two tool calls, and the two writes of BP2.
  expect(late.knowingState.calls).toEqual({ heads: 3 * BEADS, write: BEADS });
  expect(late.lineage.calls).toEqual({ append: BEADS });
  // The claim of the next bead comes with the answer to an outcome; the first one has an exchange of its own.
  expect(late.exchanges).toBe(BEADS + 1);
});
