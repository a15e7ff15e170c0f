import { expect, test } from "vitest";
import type { CheckJob, CheckReport, Claim, Example, SuccessCheck } from "@factory/schemas";
import { allPassed, evaluatePlan } from "./evaluate.ts";
import { exampleTestName, mutationTestName } from "./examples.ts";
import { importClosure, planChecks, planHoldouts } from "./plan.ts";
import type { PlanContext, PlanInvariant } from "./plan.ts";
import type { Sandbox } from "./sandbox-client.ts";

const anExample = (line: number): Example => ({
  functionName: "total",
  args: [{ kind: "json", value: line }],
  expected: { kind: "json", value: line },
  text: `total(${line}) => ${line}`,
  line,
});
const aClaim = (fields: Partial<Claim> = {}): Claim => ({
  claimId: "C-1",
  kind: "criterion",
  text: "sums",
  line: 3,
  functionName: "total",
  visible: [anExample(10), anExample(11)],
  holdout: [anExample(12)],
  testFiles: [],
  ...fields,
});
const anInvariant = (fields: Partial<PlanInvariant> = {}): PlanInvariant => ({
  invariantId: "INV-1",
  claimId: "C-9",
  detector: "no-ambient-access",
  statement: "no clock",
  ...fields,
});

const FILES = new Map([
  ["src/total.ts", `import { add } from "./add.ts"; export const total = (a: number) => add(a, 0);`],
  ["src/add.ts", "export const add = (a: number, b: number) => a + b;"],
  ["src/other.ts", "export const other = Date.now();"],
  ["tests/total.test.ts", `import { test } from "vitest"; import { total } from "../src/total.js"; test("t", () => { total(1); });`],
]);

const aContext = (fields: Partial<PlanContext> = {}): PlanContext => ({
  files: FILES,
  claims: [aClaim()],
  moduleOf: (name) => `src/${name}.ts`,
  sources: ["src/total.ts"],
  invariants: [],
  typesRequired: false,
  ...fields,
});

const passing = (job: CheckJob): CheckReport => {
  const files = job.task.kind === "tests" ? job.task.files : [];
  const tests = files.flatMap((file) =>
    [...(job.files[file] ?? "").matchAll(/^test\((".*?"), /gm)].map((match) => ({
      file,
      name: JSON.parse(match[1] ?? '""') as string,
      state: "passed" as const,
      durationMs: 1,
    })),
  );
  return { jobId: job.jobId, ok: true, tests, diagnostics: [], console: "", droppedOutput: 0, durationMs: 7 };
};

class RecordingSandbox implements Sandbox {
  readonly jobs: CheckJob[] = [];
  readonly #answer: (job: CheckJob) => CheckReport;

  constructor(answer: (job: CheckJob) => CheckReport = passing) {
    this.#answer = answer;
  }

  async check(job: CheckJob): Promise<CheckReport> {
    this.jobs.push(job);
    return this.#answer(job);
  }
}

async function resultsOf(check: SuccessCheck, context: PlanContext, sandbox: Sandbox) {
  const evaluation = await evaluatePlan(planChecks(check, context), sandbox);
  if (!evaluation.ok) throw new Error(evaluation.message);
  return evaluation.results;
}

test("examples become a test file that is run with what it can reach and nothing else", async () => {
  const sandbox = new RecordingSandbox();
  const results = await resultsOf({ kind: "examples", claim: "C-1" }, aContext(), sandbox);
  expect(allPassed(results)).toBe(true);
  expect(results[0]).toMatchObject({ key: "examples:C-1", claimId: "C-1", passed: 2, failed: 0, holdout: false });
  expect(Object.keys(sandbox.jobs[0]?.files ?? {}).sort()).toEqual(["src/add.ts", "src/total.ts", "tests/.factory/c-1.examples.test.ts"]);
  expect(sandbox.jobs[0]?.files["tests/.factory/c-1.examples.test.ts"]).toContain('"../../src/total.ts"');
});

test("hidden examples are in no visible plan, and visible ones in no hidden plan", async () => {
  const visible = planChecks({ kind: "examples", claim: "C-1" }, aContext());
  expect([...visible.files.values()].join("\n")).not.toContain("total(12)");
  const hidden = planHoldouts([aClaim(), aClaim({ claimId: "C-2", holdout: [] })], aContext());
  expect(hidden.requirements.map(({ key }) => key)).toEqual(["holdout:C-1"]);
  expect([...hidden.files.values()].join("\n")).not.toContain("total(10)");
});

test("a failed hidden example tells its line and neither its values nor its message", async () => {
  const sandbox = new RecordingSandbox((job) => ({
    ...passing(job),
    ok: false,
    tests: [
      {
        file: job.task.kind === "tests" ? (job.task.files[0] ?? "") : "",
        name: exampleTestName(anExample(12), 0),
        state: "failed",
        message: "expected 12 to be 13",
        durationMs: 1,
      },
    ],
  }));
  const evaluation = await evaluatePlan(planHoldouts([aClaim()], aContext()), sandbox);
  const result = evaluation.ok ? evaluation.results[0] : undefined;
  expect(result).toMatchObject({ ok: false, holdout: true, failedLines: [12], problems: ["the hidden example at line 12 failed"] });
});

test("a second criterion on the same function shares the examples of the first", async () => {
  const sandbox = new RecordingSandbox();
  const context = aContext({ claims: [aClaim(), aClaim({ claimId: "C-2", visible: [], holdout: [] })] });
  const results = await resultsOf(
    {
      kind: "all",
      checks: [
        { kind: "examples", claim: "C-1" },
        { kind: "examples", claim: "C-2" },
      ],
    },
    context,
    sandbox,
  );
  expect(results.map(({ key, ok }) => [key, ok])).toEqual([
    ["examples:C-1", true],
    ["examples:C-2", true],
  ]);
  expect(sandbox.jobs).toHaveLength(1);
});

test("a claim without examples, a missing test file, a missing file and an empty run fail", async () => {
  const context = aContext({ claims: [aClaim({ visible: [], functionName: "nobody" })] });
  const check: SuccessCheck = {
    kind: "all",
    checks: [
      { kind: "examples", claim: "C-1" },
      { kind: "examples", claim: "C-7" },
      { kind: "tests", files: ["tests/gone.test.ts"] },
      { kind: "file-exists", path: "src/gone.ts" },
    ],
  };
  expect((await resultsOf(check, context, new RecordingSandbox())).map(({ ok }) => ok)).toEqual([false, false, false, false]);
  const empty = new RecordingSandbox((job) => ({ ...passing(job), tests: [] }));
  const ran = await resultsOf({ kind: "tests", files: ["tests/total.test.ts"] }, aContext(), empty);
  expect(ran[0]).toMatchObject({ ok: false, problems: ["tests/total.test.ts ran no test"] });
  expect(allPassed([])).toBe(false);
});

test("skipped tests are no passes", async () => {
  const sandbox = new RecordingSandbox((job) => ({
    ...passing(job),
    tests: passing(job).tests.map(({ file, name }) => ({ file, name, state: "skipped" as const, durationMs: 1 })),
  }));
  expect((await resultsOf({ kind: "examples", claim: "C-1" }, aContext(), sandbox))[0]?.ok).toBe(false);
});

test("a job that a fault stopped is run again file by file, so that one claim does not fail another", async () => {
  const sandbox = new RecordingSandbox((job) => {
    const files = job.task.kind === "tests" ? job.task.files : [];
    return files.some((file) => file.includes("c-2"))
      ? { ...passing(job), ok: false, tests: [], fault: { code: "FUEL", message: "out of fuel", file: "src/other.ts", line: 1 } }
      : passing(job);
  });
  const context = aContext({ claims: [aClaim(), aClaim({ claimId: "C-2", functionName: "other" })] });
  const results = await resultsOf(
    {
      kind: "all",
      checks: [
        { kind: "examples", claim: "C-1" },
        { kind: "examples", claim: "C-2" },
      ],
    },
    context,
    sandbox,
  );
  expect(results.map(({ ok }) => ok)).toEqual([true, false]);
  expect(results[1]?.problems).toEqual(["FUEL: out of fuel (src/other.ts:1)"]);
  expect(sandbox.jobs).toHaveLength(3);
});

test("an unreachable sandbox decides nothing", async () => {
  const sandbox = new RecordingSandbox((job) => ({ ...passing(job), ok: false, tests: [], fault: { code: "INFRASTRUCTURE", message: "killed" } }));
  expect(await evaluatePlan(planChecks({ kind: "examples", claim: "C-1" }, aContext()), sandbox)).toEqual({ ok: false, message: "killed" });
});

test("a report is used again for the same files and not for others; what a clock decided is asked again", async () => {
  const sandbox = new RecordingSandbox();
  const memo = new Map<string, CheckReport>();
  const check: SuccessCheck = { kind: "examples", claim: "C-1" };
  await evaluatePlan(planChecks(check, aContext()), sandbox, memo);
  await evaluatePlan(planChecks(check, aContext({ files: new Map([...FILES, ["src/other.ts", "export const other = 2;"]]) })), sandbox, memo);
  expect(sandbox.jobs).toHaveLength(1);
  await evaluatePlan(planChecks(check, aContext({ files: new Map([...FILES, ["src/add.ts", "export const add = () => 0;"]]) })), sandbox, memo);
  expect(sandbox.jobs).toHaveLength(2);
  const slow = new RecordingSandbox((job) => ({ ...passing(job), ok: false, tests: [], fault: { code: "TIMEOUT", message: "late" } }));
  const slowMemo = new Map<string, CheckReport>();
  await evaluatePlan(planChecks(check, aContext()), slow, slowMemo);
  await evaluatePlan(planChecks(check, aContext()), slow, slowMemo);
  expect(slow.jobs).toHaveLength(2);
});

test("the digest of a result does not depend on durations", async () => {
  const digestWith = async (durationMs: number) =>
    (await resultsOf({ kind: "examples", claim: "C-1" }, aContext(), new RecordingSandbox((job) => ({ ...passing(job), durationMs, fuelLeft: durationMs }))))[0]
      ?.reportDigest;
  expect(await digestWith(1)).toBe(await digestWith(99));
});

test("the type checker starts from the unit's sources and reports diagnostics by place", async () => {
  const sandbox = new RecordingSandbox((job) => ({
    ...passing(job),
    ok: false,
    diagnostics: [{ file: "src/total.ts", line: 2, column: 3, code: 2322, message: "no" }],
  }));
  const results = await resultsOf({ kind: "typecheck" }, aContext(), sandbox);
  expect(results[0]).toMatchObject({ ok: false, problems: ["src/total.ts:2:3 TS2322 no"] });
  expect(Object.keys(sandbox.jobs[0]?.files ?? {}).sort()).toEqual(["src/add.ts", "src/total.ts"]);
  expect((await resultsOf({ kind: "typecheck" }, aContext({ sources: [] }), new RecordingSandbox()))[0]?.ok).toBe(false);
});

test("types are checked once when the order, the directive and an invariant ask for them", async () => {
  const sandbox = new RecordingSandbox();
  const results = await resultsOf({ kind: "typecheck" }, aContext({ typesRequired: true, invariants: [anInvariant({ detector: "types" })] }), sandbox);
  expect(results.map(({ key }) => key)).toEqual(["typecheck", "detector:INV-1"]);
  expect(sandbox.jobs).toHaveLength(1);
});

test("a static detector fails the claim of its constraint and names the place", async () => {
  const context = aContext({ sources: ["src/total.ts", "src/other.ts"], invariants: [anInvariant()] });
  const results = await resultsOf({ kind: "file-exists", path: "src/total.ts" }, context, new RecordingSandbox());
  expect(results[1]).toMatchObject({ key: "detector:INV-1", claimId: "C-9", invariantId: "INV-1", ok: false });
  expect(results[1]?.problems[0]).toContain("src/other.ts:1 reads the clock");
});

test("argument mutation fails its own constraint and not the examples", async () => {
  const sandbox = new RecordingSandbox((job) => ({
    ...passing(job),
    tests: passing(job).tests.map((one) =>
      one.name === mutationTestName(anExample(11), 1) ? { file: one.file, name: one.name, state: "failed" as const, message: "frozen", durationMs: 1 } : one,
    ),
  }));
  const results = await resultsOf({ kind: "examples", claim: "C-1" }, aContext({ invariants: [anInvariant({ detector: "no-argument-mutation" })] }), sandbox);
  expect(results.map(({ key, ok, passed, failed }) => [key, ok, passed, failed])).toEqual([
    ["examples:C-1", true, 2, 0],
    ["detector:INV-1", false, 1, 1],
  ]);
});

test("what nothing exercises is listed and never counted as passed", () => {
  const invariants = [
    anInvariant({ detector: "person" }),
    anInvariant({ invariantId: "INV-2", detector: "no-argument-mutation" }),
    anInvariant({ invariantId: "INV-3" }),
  ];
  const plan = planChecks({ kind: "file-exists", path: "src/total.ts" }, aContext({ sources: [], invariants }));
  expect(plan.requirements.map(({ key }) => key)).toEqual(["file-exists:src/total.ts"]);
  expect(plan.unexercised.map(({ invariantId }) => invariantId)).toEqual(["INV-1", "INV-2", "INV-3"]);
});

test("output checks compare inside the sandbox", async () => {
  const sandbox = new RecordingSandbox();
  const probe = { module: "src/total.ts", export: "total", args: [1] };
  const results = await resultsOf(
    {
      kind: "all",
      checks: [
        { kind: "output-contains", ...probe, text: "1" },
        { kind: "output-matches", ...probe, pattern: "^(a+)+$" },
      ],
    },
    aContext(),
    sandbox,
  );
  expect(results.map(({ kind, ok }) => [kind, ok])).toEqual([
    ["output", true],
    ["output", true],
  ]);
  expect(Object.values(sandbox.jobs[0]?.files ?? {}).join("\n")).toContain('new RegExp("^(a+)+$")');
});

test("a tree's own file never stands in for a rendered test", () => {
  const files = new Map([...FILES, ["tests/.factory/c-1.examples.test.ts", "forged"]]);
  expect([...planChecks({ kind: "examples", claim: "C-1" }, aContext({ files })).files.values()]).not.toContain("forged");
});

test("the closure follows imports as bundlers do, types too, and takes everything where it cannot read", () => {
  const files = new Map([
    ["src/a.ts", `import { b } from "./b.js"; import type { T } from "./t"; export * from "./deep";`],
    ["src/b.ts", `const c = await import("./c.ts");`],
    ["src/c.ts", ""],
    ["src/t.ts", ""],
    ["src/deep/index.ts", `import "../a.ts";`],
    ["src/unrelated.ts", ""],
  ]);
  expect([...importClosure(files, ["src/a.ts"]).keys()].sort()).toEqual(["src/a.ts", "src/b.ts", "src/c.ts", "src/deep/index.ts", "src/t.ts"]);
  expect(importClosure(new Map([...files, ["src/a.ts", "import {"]]), ["src/a.ts"]).size).toBe(files.size);
});
