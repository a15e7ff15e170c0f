/** Runs an order's hidden acceptance tests on a tree, in the product's own sandbox: no code of a model runs in Node. */
import type { CheckJob, CheckLimits, CheckReport } from "@factory/schemas";
import type { Files } from "./golden-order.ts";

/** What runs a job; the sandbox's supervisor is one. */
export type CheckRunner = { check(job: CheckJob): Promise<CheckReport> };

/** How the hidden tests ended: each with its name, and what stopped them where something did. */
export type HiddenResult = { readonly passed: number; readonly failed: number; readonly problems: readonly string[] };

/** Hidden tests go through whole ranges of arguments, so they have more than a bead's check. */
const HIDDEN_LIMITS: CheckLimits = { fuel: 400_000_000, timeoutMs: 60_000, outputChars: 64_000 };

/** The sandbox could not say; that is no verdict on the code. */
export class NoVerdictError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "NoVerdictError";
  }
}

/**
 * Runs the hidden tests on a tree; tests that the tree brings along are not run.
 *
 * @param jobId - names the run in the sandbox's reports
 * @throws NoVerdictError when the sandbox itself failed, or there is no hidden test to run
 */
export async function runHiddenTests(jobId: string, runner: CheckRunner, tree: Files, hidden: Files): Promise<HiddenResult> {
  const tests = Object.keys(hidden);
  if (tests.length === 0) throw new NoVerdictError(`${jobId} has no hidden test.`);
  const report = await runner.check({ jobId, files: { ...tree, ...hidden }, task: { kind: "tests", files: tests }, limits: HIDDEN_LIMITS });
  return hiddenResult(report, tests);
}

/**
 * Counts a report. A file in which nothing passed counts as failed, and so does a fault: what did not run is not passed.
 *
 * @throws NoVerdictError when the sandbox itself failed
 */
export function hiddenResult(report: CheckReport, tests: readonly string[]): HiddenResult {
  if (report.fault?.code === "INFRASTRUCTURE") throw new NoVerdictError(report.fault.message);
  const passed = report.tests.filter(({ state }) => state === "passed");
  const failed = report.tests.filter(({ state }) => state !== "passed");
  const silent = tests.filter((file) => !passed.some((test) => test.file === file) && !failed.some((test) => test.file === file));
  const problems = [
    ...(report.fault === undefined ? [] : [`${report.fault.code}: ${report.fault.message}`]),
    ...failed.map(({ name, message, state }) => `${name}: ${(message ?? state).split("\n", 1)[0] ?? state}`),
    ...silent.map((file) => `${file} ran no test`),
  ];
  const faulty = report.fault !== undefined && failed.length + silent.length === 0 ? 1 : 0;
  return { passed: passed.length, failed: failed.length + silent.length + faulty, problems };
}
