/** `npm test`: builds what the tests run, then runs every test. Arguments go to vitest. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { STATE } from "./lib/repository.ts";
import { run } from "./lib/run.ts";
import { buildWorkers } from "./platform/build.ts";

/** Where the last run's counts are, for `verify`. */
export const TEST_RESULTS = join(STATE, "test-results.json");

const results = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), numPendingTests: z.number(), numFailedTestSuites: z.number() });

/** Counts of the last run. A file that did not load counts as a failure; so does an empty run. */
export function readTestCounts(): { passed: number; failed: number; skipped: number } {
  const read = results.parse(JSON.parse(readFileSync(TEST_RESULTS, "utf8")));
  const failed = Math.max(read.numFailedTests, read.numFailedTestSuites > 0 ? 1 : 0);
  return { passed: read.numPassedTests, failed: read.numPassedTests === 0 ? Math.max(1, failed) : failed, skipped: read.numPendingTests };
}

async function main(args: readonly string[]): Promise<number> {
  mkdirSync(STATE, { recursive: true });
  rmSync(TEST_RESULTS, { force: true });
  await buildWorkers(undefined, (worker) => console.error(`built ${worker.name}`));
  const { code } = await run("vitest", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${TEST_RESULTS}`, ...args], { echo: true });
  const { passed, failed, skipped } = readTestCounts();
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return code === 0 && failed > 0 ? 1 : code;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
