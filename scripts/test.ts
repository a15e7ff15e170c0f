/** `npm test`: builds what the tests run, then runs every test. Arguments go to vitest. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CHROMIUM_HINT, findChromium } from "./browser/chromium.ts";
import { STATE } from "./lib/repository.ts";
import { run } from "./lib/run.ts";
import { buildWorkers } from "./platform/build.ts";

/** Where the last run's counts are, for `verify`. */
const TEST_RESULTS = join(STATE, "test-results.json");

const results = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), numPendingTests: z.number(), numFailedTestSuites: z.number() });

/** Exit code of the last run's vitest: it is not 0 for an error outside of every test, too, which no count shows. */
const TEST_EXIT = join(STATE, "test-exit");

/** Counts of the last run. A file that did not load counts as a failure; so do an empty run and an error outside of every test. */
export function readTestCounts(): { passed: number; failed: number; skipped: number } {
  if (!existsSync(TEST_RESULTS) || !existsSync(TEST_EXIT)) return { passed: 0, failed: 1, skipped: 0 };
  const read = results.parse(JSON.parse(readFileSync(TEST_RESULTS, "utf8")));
  const atLeast = readFileSync(TEST_EXIT, "utf8") === "0" && read.numPassedTests > 0 ? 0 : 1;
  const failed = Math.max(read.numFailedTests, read.numFailedTestSuites > 0 ? 1 : 0, atLeast);
  return { passed: read.numPassedTests, failed, skipped: read.numPendingTests };
}

async function main(args: readonly string[]): Promise<number> {
  mkdirSync(STATE, { recursive: true });
  for (const path of [TEST_RESULTS, TEST_EXIT]) rmSync(path, { force: true });
  await buildWorkers(undefined, (worker) => console.error(`built ${worker.name}`));
  if (findChromium() === undefined) console.error(`The tests of the dashboard in a browser are left out. ${CHROMIUM_HINT}`);
  const { code } = await run("vitest", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${TEST_RESULTS}`, ...args], { echo: true });
  writeFileSync(TEST_EXIT, String(code));
  const { passed, failed, skipped } = readTestCounts();
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return code === 0 && failed > 0 ? 1 : code;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
