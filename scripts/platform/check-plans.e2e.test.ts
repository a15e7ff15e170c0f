/** Plans as the coordinator makes them, executed by the real sandbox. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkReport } from "@factory/schemas";
import type { Claim } from "@factory/schemas";
import { evaluatePlan } from "@factory/verification";
import type { CheckResult, Sandbox } from "@factory/verification";
import { startSandbox } from "./sandbox-supervisor.ts";
import type { SandboxHandle } from "./sandbox-supervisor.ts";
import { aDirective, aRun, anExample } from "../../workers/pipeline/src/testing/builders.ts";
import { planOfBead, planOfHoldouts } from "../../workers/pipeline/src/coordinator/check-plans.ts";
import type { CheckSubject } from "../../workers/pipeline/src/coordinator/check-plans.ts";

let handle: SandboxHandle;
const sandbox: Sandbox = { check: async (job) => checkReport.parse(await handle.check(job)) };

beforeAll(async () => {
  handle = await startSandbox({ spare: false });
});
afterAll(() => handle.stop());

const claim = (id: number, functionName: string): Claim => ({
  claimId: `C-${id}`,
  kind: "criterion",
  text: functionName,
  line: id,
  functionName,
  visible: [anExample(functionName, 10 * id), anExample(functionName, 10 * id + 1)],
  holdout: [anExample(functionName, 10 * id + 5)],
  testFiles: [],
});
const CLAIMS = [claim(1, "same"), claim(2, "echo")];
const invariant = (invariantId: string, detector: "no-argument-mutation" | "types" | "no-ambient-access") => ({
  invariantId,
  claimId: "C-9",
  statement: detector,
  detector,
  matched: [],
  violationImpact: "high" as const,
  evidenceSource: "source",
  regressionPolicy: "regressed" as const,
});

const aSubject = (fields: Partial<CheckSubject> = {}): CheckSubject => ({
  directive: aDirective(aRun("plans").runId, "same", "coder", { successCheck: { kind: "examples", claim: "C-1" } }),
  wholeTree: false,
  claims: CLAIMS.map(({ holdout: _hidden, ...visible }) => visible),
  invariants: [],
  typesRequired: false,
  changed: [],
  ...fields,
});

const GOOD = {
  "src/same.ts": "export function same(n: number): number {\n  return n;\n}\n",
  "src/echo.ts": `import { same } from "./same.js";\nexport const echo = (n: number): number => same(n);\n`,
  "src/index.ts": `export * from "./same.ts";\nexport * from "./echo.ts";\n`,
};

async function resultsOf(subject: CheckSubject, files: Readonly<Record<string, string>>): Promise<readonly CheckResult[]> {
  const evaluation = await evaluatePlan(planOfBead(subject, new Map(Object.entries(files))), sandbox);
  if (!evaluation.ok) throw new Error(evaluation.message);
  return evaluation.results;
}

const told = (results: readonly CheckResult[]) => results.map(({ key, ok, passed, failed }) => `${key} ${ok ? "ok" : "failed"} ${passed}/${passed + failed}`);

test("a unit and a whole tree that do what is asked pass every check, hidden examples and types included", async () => {
  expect(told(await resultsOf(aSubject({ typesRequired: true }), GOOD))).toEqual(["examples:C-1 ok 2/2", "typecheck ok 1/1"]);
  const whole = aSubject({
    wholeTree: true,
    typesRequired: true,
    invariants: [invariant("INV-1", "no-argument-mutation"), invariant("INV-2", "no-ambient-access")],
    changed: Object.keys(GOOD),
  });
  expect(told(await resultsOf(whole, GOOD))).toEqual([
    "examples:C-1 ok 2/2",
    "examples:C-2 ok 2/2",
    "typecheck ok 1/1",
    "detector:INV-1 ok 4/4",
    "detector:INV-2 ok 1/1",
  ]);
  const hidden = await evaluatePlan(planOfHoldouts(CLAIMS, new Map(Object.entries(GOOD))), sandbox);
  expect(hidden.ok && told(hidden.results)).toEqual(["holdout:C-1 ok 1/1", "holdout:C-2 ok 1/1"]);
});

test.each([
  ["a wrong value", "export const same = (n: number) => n + 1;", "expected 11 to strictly equal 10"],
  ["a missing export", "export const other = 1;", "exports no function same"],
  ["a throw", "export const same = () => { throw new RangeError('boom'); };", "boom"],
  ["an endless loop", "export const same = (n: number) => { for (;;) n += 1; };", "FUEL"],
  ["a syntax error", "export const same = (;", "SYNTAX"],
  ["an import of a package", "import _ from 'lodash'; export const same = _;", "lodash"],
])("%s fails the examples with a text a model can act on", async (_, source, problem) => {
  const results = await resultsOf(aSubject(), { ...GOOD, "src/same.ts": source });
  expect(results[0]?.ok).toBe(false);
  expect(results[0]?.problems.join("\n")).toContain(problem);
});

test("one claim's endless loop does not fail another's examples", async () => {
  const files = { ...GOOD, "src/echo.ts": "export const echo = (n: number) => { for (;;) n += 1; };" };
  const results = await resultsOf(
    aSubject({
      directive: aDirective(aRun("plans").runId, "same", "coder", {
        successCheck: {
          kind: "all",
          checks: [
            { kind: "examples", claim: "C-1" },
            { kind: "examples", claim: "C-2" },
          ],
        },
      }),
    }),
    files,
  );
  expect(results.map(({ key, ok }) => [key, ok])).toEqual([
    ["examples:C-1", true],
    ["examples:C-2", false],
  ]);
});

test("argument mutation and type errors fail their own checks", async () => {
  const claims = [
    {
      ...claim(1, "same"),
      visible: [{ ...anExample("same", 1), args: [{ kind: "json" as const, value: [2, 1] }], expected: { kind: "json" as const, value: 1 } }],
    },
  ];
  const subject = aSubject({
    claims,
    invariants: [invariant("INV-1", "no-argument-mutation"), invariant("INV-2", "types")],
    directive: aDirective(aRun("plans").runId, "same", "coder", { successCheck: { kind: "examples", claim: "C-1" }, invariantIds: ["INV-1", "INV-2"] }),
  });
  const results = await resultsOf(subject, { ...GOOD, "src/same.ts": "export const same = (list: number[]): string => list.sort()[0];" });
  expect(told(results)).toEqual(["examples:C-1 ok 1/1", "detector:INV-1 failed 0/1", "detector:INV-2 failed 0/1"]);
  expect(results[2]?.problems.join("\n")).toMatch(/src\/same\.ts:1:\d+ TS2322/);
});
