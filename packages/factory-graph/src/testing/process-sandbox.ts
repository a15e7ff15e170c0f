/**
 * A sandbox for tests that runs test files in a process of its own, in the TypeScript that Node reads. It has none of the
 * limits of the real one; its verdicts on the code that tests write are the same.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { testOutcome } from "@factory/schemas";
import type { CheckJob, CheckReport } from "@factory/schemas";
import type { Sandbox } from "@factory/verification";
import { z } from "zod";

/** As much of vitest as rendered examples use. */
const VITEST = `import assert from "node:assert/strict";
export const tests = [];
export const test = (name, run) => void tests.push({ name, run });
export const expect = (value) => ({
  toStrictEqual: (other) => assert.deepStrictEqual(value, other),
  toBe: (other) => assert.strictEqual(value, other),
  toContain: (part) => assert.ok(value.includes(part)),
});
`;

const RUNNER = `import { tests } from "vitest";
const found = [];
for (const file of process.argv.slice(2)) {
  tests.length = 0;
  await import(new URL(file, import.meta.url));
  for (const { name, run } of [...tests]) {
    try {
      await run();
      found.push({ file, name, state: "passed", durationMs: 0 });
    } catch (err) {
      found.push({ file, name, state: "failed", message: String(err), durationMs: 0 });
    }
  }
}
process.stdout.write(JSON.stringify(found));
`;

/** Runs jobs of the kind `tests`. @throws Error for another kind */
export class ProcessSandbox implements Sandbox {
  /** Jobs so far. */
  readonly jobs: CheckJob[] = [];
  /** Jobs that are answered with the fault INFRASTRUCTURE before any is run. */
  outages = 0;

  async check(job: CheckJob): Promise<CheckReport> {
    this.jobs.push(job);
    const report: CheckReport = { jobId: job.jobId, ok: false, tests: [], diagnostics: [], console: "", droppedOutput: 0, durationMs: 0 };
    if (this.outages > 0) {
      this.outages -= 1;
      return { ...report, fault: { code: "INFRASTRUCTURE", message: "nobody is there" } };
    }
    if (job.task.kind !== "tests") throw new Error(`This sandbox runs no ${job.task.kind}.`);
    const tests = await run(job.files, job.task.files);
    return { ...report, ok: tests.length > 0 && tests.every(({ state }) => state === "passed"), tests };
  }
}

async function run(files: CheckJob["files"], testFiles: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), "factory-process-sandbox-"));
  try {
    const written = {
      ...files,
      "package.json": '{"type":"module"}',
      "runner.mjs": RUNNER,
      "node_modules/vitest/package.json": '{"type":"module","main":"index.js"}',
      "node_modules/vitest/index.js": VITEST,
    };
    for (const [path, text] of Object.entries(written)) {
      mkdirSync(join(directory, dirname(path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", "runner.mjs", ...testFiles], { cwd: directory });
    return z.array(testOutcome).parse(JSON.parse(stdout));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
