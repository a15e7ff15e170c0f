import { createHash } from "node:crypto";
import { DEFAULT_CHECK_LIMITS, SCRIPT_LIMITS, checkReport, type CheckJob, type CheckReport } from "@factory/schemas";
import { compileModule } from "@factory/verification/compile";
import { describe, expect, test } from "vitest";
import { CheckRunner, DeadlineError, type IsolateDeps, type Program } from "./check-runner.ts";
import { transpile } from "./compiler/transpile.ts";
import type { RawReport, RunRequest } from "./harness/raw-report.ts";

type Run = { readonly program: Program; readonly request: RunRequest };

const aRaw = (raw: Partial<RawReport> = {}): RawReport => ({
  busy: false,
  tests: [{ name: "x", state: "passed", durationMs: 1 }],
  console: "",
  droppedOutput: 0,
  fuelLeft: 10,
  ...raw,
});

function aRunner(deps: Partial<IsolateDeps> = {}, answer: (run: Run) => RawReport = () => aRaw()): { runner: CheckRunner; runs: Run[] } {
  const runs: Run[] = [];
  const runner = new CheckRunner({
    compile: (files) => Promise.resolve(Object.entries(files).map(([path, source]) => [path, compileModule(path, source, transpile)])),
    typecheck: () => Promise.resolve([]),
    run: async (program, request) => {
      runs.push({ program, request });
      return answer({ program, request });
    },
    digest: (text) => Promise.resolve(createHash("sha256").update(text).digest("hex")),
    now: () => 0,
    within: (promise) => promise,
    ...deps,
  });
  return { runner, runs };
}

const TEST_FILE = 'import { test } from "vitest"; test("x", () => {});';

function aJob(
  files: { readonly [path: string]: string } = { "tests/a.test.ts": TEST_FILE },
  task: CheckJob["task"] = { kind: "tests", files: ["tests/a.test.ts"] },
): CheckJob {
  return { jobId: "j", files: { ...files }, task, limits: DEFAULT_CHECK_LIMITS };
}

async function report(job: CheckJob, deps: Partial<IsolateDeps> = {}, answer?: (run: Run) => RawReport): Promise<CheckReport> {
  return checkReport.parse(await aRunner(deps, answer).runner.run(job));
}

describe("a run of tests", () => {
  test("is ok when every test of every file passed", async () => {
    expect(await report(aJob())).toMatchObject({ ok: true, jobId: "j", tests: [{ file: "tests/a.test.ts", name: "x", state: "passed" }] });
  });

  test.each<[string, Partial<RawReport>]>([
    ["a test failed", { tests: [{ name: "x", state: "failed", durationMs: 0 }] }],
    [
      "a test was skipped",
      {
        tests: [
          { name: "x", state: "passed", durationMs: 0 },
          { name: "y", state: "skipped", durationMs: 0 },
        ],
      },
    ],
    ["there were no tests", { tests: [] }],
    ["there was a fault", { fault: { code: "FUEL", message: "m" } }],
    ["the isolate was busy", { busy: true }],
  ])("is not ok when %s", async (_name, raw) => {
    expect((await report(aJob(), {}, () => aRaw(raw))).ok).toBe(false);
  });

  test("gives each file an isolate of its own with only what it reaches, and hands on what is left", async () => {
    const files = {
      "tests/a.test.ts": `import "../src/a"; ${TEST_FILE}`,
      "tests/b.test.ts": TEST_FILE,
      "src/a.ts": "export {};",
      "src/unused.ts": "const = broken;",
    };
    const { runner, runs } = aRunner({}, () => aRaw({ fuelLeft: 5, console: "12345" }));
    const result = await runner.run({
      ...aJob(files, { kind: "tests", files: ["tests/a.test.ts", "tests/b.test.ts", "tests/a.test.ts"] }),
      limits: { ...DEFAULT_CHECK_LIMITS, outputChars: 8 },
    });
    expect(runs.map(({ program }) => program.rows.map((row) => row.path))).toEqual([["tests/a.test.ts", "src/a.ts"], ["tests/b.test.ts"]]);
    expect(runs.map(({ request }) => [request.fuel, request.outputChars])).toEqual([
      [DEFAULT_CHECK_LIMITS.fuel, 8],
      [5, 3],
    ]);
    expect(result).toMatchObject({ ok: true, console: "12345123", droppedOutput: 2 });
  });

  test("goes on with the other files when one cannot run, and is not ok", async () => {
    const files = { "tests/a.test.ts": 'import "./none";', "tests/b.test.ts": TEST_FILE };
    const result = await report(aJob(files, { kind: "tests", files: ["tests/a.test.ts", "tests/b.test.ts"] }));
    expect(result).toMatchObject({ ok: false, fault: { code: "IMPORT" }, tests: [{ file: "tests/b.test.ts" }] });
  });

  test("of a file that is not a test or not there is refused", async () => {
    expect(await report(aJob({ "src/a.ts": TEST_FILE }, { kind: "tests", files: ["src/a.ts"] }))).toMatchObject({ ok: false, fault: { code: "NO_TESTS" } });
    expect(await report(aJob({}, { kind: "tests", files: ["tests/none.test.ts"] }))).toMatchObject({ ok: false, fault: { code: "IMPORT" } });
  });

  test("puts places of compiled code into the source", async () => {
    const files = { "tests/a.test.ts": "interface A {\n  a: 1;\n}\n\nthrow new Error('x');" };
    let line = 0;
    const result = await report(aJob(files), {}, ({ program }) => {
      line = (program.codes[0] ?? "").split("\n").findIndex((text) => text.includes("throw")) + 1;
      return aRaw({
        tests: [{ name: "x", state: "failed", message: "m", at: { module: 0, line }, durationMs: 0 }],
        fault: { code: "FUEL", message: "m", at: { module: 0, line } },
      });
    });
    expect(result.tests[0]?.message).toBe("m\n    at tests/a.test.ts:5");
    expect(result.fault).toEqual({ code: "FUEL", message: "m", file: "tests/a.test.ts", line: 5 });
  });
});

describe("what fails", () => {
  test.each<[string, unknown]>([
    ["TIMEOUT", new DeadlineError("late")],
    ["HANGING", new Error("The Workers runtime canceled this request because it detected that your Worker's code had hung")],
    ["MEMORY", new Error("Worker exceeded memory limit.")],
    ["TIMEOUT", new Error("Worker exceeded CPU time limit.")],
    ["INFRASTRUCTURE", new Error("Network connection lost.")],
    ["INFRASTRUCTURE", "what?"],
  ])("becomes %s: %s", async (code, err) => {
    const run = (): Promise<RawReport> => Promise.reject(err);
    expect(await report(aJob(), { run })).toMatchObject({ ok: false, fault: { code } });
  });

  test("a syntax error that only the runtime sees becomes SYNTAX with its file", async () => {
    const run = (): Promise<RawReport> =>
      Promise.reject(new Error("Failed to start Worker:\nUncaught SyntaxError: Invalid regular expression flags\n  at module-0.js:1"));
    expect(await report(aJob(), { run })).toMatchObject({ fault: { code: "SYNTAX", file: "tests/a.test.ts", line: 1 } });
  });

  test("a deadline that is over before a run starts is TIMEOUT", async () => {
    let clock = 0;
    expect(await report(aJob(), { now: () => (clock += 60_000) })).toMatchObject({ ok: false, fault: { code: "TIMEOUT" } });
  });
});

describe("a type check", () => {
  const task = { kind: "typecheck" } as const;

  test("is ok without diagnostics and takes only src/ and tests/", async () => {
    let seen: string[] = [];
    const typecheck: IsolateDeps["typecheck"] = async (files) => {
      seen = Object.keys(files);
      return [];
    };
    const files = { "src/a.ts": "", "tests/b.ts": "", "scripts/c.ts": "", "README.md": "", "src/d.json": "{}" };
    expect((await report(aJob(files, task), { typecheck })).ok).toBe(true);
    expect(seen).toEqual(["src/a.ts", "tests/b.ts", "src/d.json"]);
  });

  test("is not ok with one, and of nothing it never is", async () => {
    const typecheck: IsolateDeps["typecheck"] = async () => [{ file: "src/a.ts", line: 1, column: 1, code: 1, message: "m" }];
    expect((await report(aJob({ "src/a.ts": "" }, task), { typecheck })).ok).toBe(false);
    expect(await report(aJob({ "a.md": "" }, task))).toMatchObject({ ok: false, fault: { code: "NO_TESTS" } });
  });
});

describe("a call", () => {
  const task = { kind: "call", module: "src/a.ts", export: "f", args: [1] } as const satisfies CheckJob["task"];

  test("answers the value", async () => {
    const { runner, runs } = aRunner({}, () => aRaw({ tests: [], value: "3" }));
    expect(await runner.run(aJob({ "src/a.ts": "export const f = 1;" }, { ...task, args: [1] }))).toMatchObject({ ok: true, value: "3" });
    expect(runs[0]?.request.task).toEqual({ kind: "call", export: "f", args: [1] });
  });

  test("of a module that is not there is IMPORT", async () => {
    expect(await report(aJob({}, { ...task, args: [] }))).toMatchObject({ ok: false, fault: { code: "IMPORT" } });
  });
});

describe("a script", () => {
  const call = { tool: "read_file", input: '{"path":"a"}' };
  const rounds = [[{ call, answer: { ok: true as const, value: "1" } }]];
  const task = { kind: "script", module: "run.ts", rounds, clock: 7 } as const satisfies CheckJob["task"];
  const files = { "run.ts": 'import { f } from "./src/a.ts"; export default async () => f;', "src/a.ts": "export const f = 1;", "src/b.ts": "const = 1;" };

  test("is run with its record and its bounds, and only with what it reaches", async () => {
    const { runner, runs } = aRunner({}, () => aRaw({ tests: [], value: "3" }));
    expect(await runner.run(aJob(files, task))).toMatchObject({ ok: true, value: "3" });
    expect(runs[0]?.program.rows.map(({ path }) => path)).toEqual(["run.ts", "src/a.ts"]);
    const { calls: maxCalls, inputChars: maxInputChars } = SCRIPT_LIMITS;
    expect(runs[0]?.request).toMatchObject({ fuel: DEFAULT_CHECK_LIMITS.fuel, task: { kind: "script", rounds, clock: 7, maxCalls, maxInputChars } });
  });

  test("with calls open is not ok and says which", async () => {
    expect(await report(aJob(files, task), {}, () => aRaw({ tests: [], pending: [call] }))).toMatchObject({ ok: false, pending: [call] });
  });

  test("at fault asks for nothing, whatever its isolate says", async () => {
    const faulty = await report(aJob(files, task), {}, () => aRaw({ tests: [], pending: [call], fault: { code: "FUEL", message: "m" } }));
    expect(faulty).toMatchObject({ ok: false, fault: { code: "FUEL" } });
    expect(faulty).not.toHaveProperty("pending");
  });
});
