import type { CheckJob, CheckReport } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { hiddenResult, NoVerdictError, runHiddenTests } from "./hidden-tests.ts";

const FILE = "hidden/a.test.ts";

function aReport(changes: Partial<CheckReport> = {}): CheckReport {
  return { jobId: "a", ok: true, tests: [], diagnostics: [], console: "", droppedOutput: 0, durationMs: 1, ...changes };
}

const outcome = (name: string, state: "passed" | "failed" | "skipped", message?: string): CheckReport["tests"][number] => ({
  file: FILE,
  name,
  state,
  durationMs: 1,
  ...(message === undefined ? {} : { message }),
});

describe("a report of hidden tests", () => {
  test("counts what passed and names what did not", () => {
    const report = aReport({ tests: [outcome("good", "passed"), outcome("bad", "failed", "expected 1 to be 2\n  at a.ts"), outcome("left out", "skipped")] });
    expect(hiddenResult(report, [FILE])).toEqual({ passed: 1, failed: 2, problems: ["bad: expected 1 to be 2", "left out: skipped"] });
  });

  test("is failed by a fault, even when every test that ran passed", () => {
    const report = aReport({ ok: false, tests: [outcome("good", "passed")], fault: { code: "FUEL", message: "too long" } });
    expect(hiddenResult(report, [FILE])).toMatchObject({ passed: 1, failed: 1, problems: ["FUEL: too long"] });
  });

  test("is failed by a file that ran nothing", () => {
    expect(hiddenResult(aReport({ tests: [outcome("good", "passed")] }), [FILE, "hidden/b.test.ts"])).toMatchObject({
      passed: 1,
      failed: 1,
      problems: ["hidden/b.test.ts ran no test"],
    });
  });

  test("is none when the sandbox itself failed", () => {
    expect(() => hiddenResult(aReport({ fault: { code: "INFRASTRUCTURE", message: "stopped" } }), [FILE])).toThrow(NoVerdictError);
  });
});

describe("the job", () => {
  test("holds the tree and the hidden tests, which a delivered file of the same name cannot replace", async () => {
    const jobs: CheckJob[] = [];
    const runner = {
      check: (job: CheckJob) => {
        jobs.push(job);
        return Promise.resolve(aReport({ tests: [outcome("good", "passed")] }));
      },
    };
    await runHiddenTests("a", runner, { "src/a.ts": "code", "tests/own.test.ts": "own", [FILE]: "mine" }, { [FILE]: "theirs" });
    expect(jobs[0]).toMatchObject({ files: { "src/a.ts": "code", [FILE]: "theirs" }, task: { kind: "tests", files: [FILE] } });
  });

  test("is not run without a hidden test: nothing would be decided", async () => {
    const runner = { check: () => Promise.reject(new Error("asked")) };
    await expect(runHiddenTests("a", runner, {}, {})).rejects.toThrow(NoVerdictError);
  });
});
