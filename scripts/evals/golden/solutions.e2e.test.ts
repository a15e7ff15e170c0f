/**
 * The hidden tests and the reference solutions against each other, in the product's sandbox: a solution passes every
 * example and every hidden test, and hidden tests fail a solution in which any one function is missing.
 */
import type { CheckReport } from "@factory/schemas";
import { DEFAULT_CHECK_LIMITS, INDEX_FILE, functionFile } from "@factory/schemas";
import { renderExampleTests } from "@factory/verification";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSandbox, type SandboxHandle } from "../../platform/sandbox-supervisor.ts";
import { readGoldenSet, solvedTree, type Files, type GoldenOrder } from "./golden-order.ts";
import { runHiddenTests } from "./hidden-tests.ts";

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({ spare: false });
});
afterAll(() => sandbox.stop());

const SOLVED = readGoldenSet().filter(({ expected }) => expected.end !== "REFUSED");

/** All examples of an order, visible and hidden, as tests of what the solution's index exports. */
function exampleTests({ submission }: GoldenOrder): Files {
  const { functions = [], examples = [] } = submission.parsed ?? {};
  return Object.fromEntries(
    functions.map(({ name }) => [
      `tests/examples/${name}.test.ts`,
      renderExampleTests({
        functionName: name,
        module: `../../${INDEX_FILE}`,
        examples: examples.filter(({ functionName }) => functionName === name),
        freezeArguments: true,
      }),
    ]),
  );
}

async function runTests(name: string, files: Files, tests: readonly string[]): Promise<CheckReport> {
  const limits = { ...DEFAULT_CHECK_LIMITS, fuel: DEFAULT_CHECK_LIMITS.fuel * 10, timeoutMs: 30_000 };
  return sandbox.check({ jobId: name, files, task: { kind: "tests", files: [...tests] }, limits });
}

describe.each(SOLVED.map((order) => [order.name, order] as const))("%s", (name, order) => {
  const tree = solvedTree(order);

  test("its solution passes all examples and the attached tests", async () => {
    const files = { ...tree, ...exampleTests(order) };
    const report = await runTests(
      name,
      files,
      Object.keys(files).filter((path) => path.endsWith(".test.ts")),
    );
    expect(report.fault).toBeUndefined();
    expect(report.tests.filter(({ state }) => state !== "passed")).toEqual([]);
    expect(report.tests.length).toBeGreaterThan(0);
  });

  test("its solution passes the hidden tests and has no type error", async () => {
    expect(await runHiddenTests(name, sandbox, tree, order.hidden)).toMatchObject({ failed: 0, problems: [] });
    const limits = { ...DEFAULT_CHECK_LIMITS, timeoutMs: 60_000 };
    const types = await sandbox.check({ jobId: `${name}-types`, files: tree, task: { kind: "typecheck" }, limits });
    expect(types.diagnostics).toEqual([]);
    expect(types.ok).toBe(true);
  });

  test("its hidden tests fail when a function answers nothing", async () => {
    for (const missing of order.expected.functions) {
      const broken = { ...tree, [functionFile(missing)]: `export function ${missing}(): undefined {\n  return undefined;\n}\n` };
      const { failed } = await runHiddenTests(`${name}-${missing}`, sandbox, broken, order.hidden);
      expect([missing, failed > 0]).toEqual([missing, true]);
    }
  });
});

const CHANGES = SOLVED.filter(({ expected }) => expected.files.some((path) => path.startsWith("src/")));

test.each(CHANGES.map((order) => [order.name, order] as const))("%s: what is attached does not pass the hidden tests as it is", async (name, order) => {
  const attached = Object.fromEntries(order.submission.files.map(({ path, content }) => [path, content]));
  expect((await runHiddenTests(`${name}-attached`, sandbox, attached, order.hidden)).failed).toBeGreaterThan(0);
});
