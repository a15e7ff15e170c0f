import { expect, it } from "vitest";
import { runChaos } from "./run.ts";

/** Fixed, so that a failure in CI is a failure at home: `pnpm chaos --seed 4 --beads 10 --kills 4`. */
const SEED = 4;
/** Four restarts on a busy machine; alone it takes a third of it. */
const PATIENCE_MS = 300_000;

it(
  "loses nothing and does nothing twice while processes are killed, queues, stores, alarms and models misbehave and clients come and go",
  { timeout: PATIENCE_MS },
  async () => {
    const said: string[] = [];
    const report = await runChaos({ seed: SEED, beads: 10, kills: 4, keep: false, verbose: false, say: (line) => said.push(line) });
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.checks.length).toBeGreaterThanOrEqual(15);
  },
);
