/** Mutants of a small order's code, judged by the real sandbox. */
import { compileWorkGraph, parseWorkOrder } from "@factory/compiler";
import { checkReport } from "@factory/schemas";
import type { Sandbox } from "@factory/verification";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSandbox } from "../../platform/sandbox-supervisor.ts";
import type { SandboxHandle } from "../../platform/sandbox-supervisor.ts";
import { offlineSolution } from "./accepted-code.ts";
import { compileRequestOf } from "./corpus.ts";
import { graphOf } from "./gates-under-test.ts";
import { MutantChecks } from "./mutant-checks.ts";
import type { Mutant } from "./mutants.ts";

let handle: SandboxHandle;
const sandbox: Sandbox = { check: async (job) => checkReport.parse(await handle.check(job)) };

beforeAll(async () => {
  handle = await startSandbox({ spare: false });
});
afterAll(() => handle.stop());

const ARGUMENTS = [1, 2, 5, 9, 20, 40];

const TEXT = `# Fees

## Problem

Fees differ.

## Goal

One fee.

## Constraints

- Pure functions.

## Acceptance criteria

- \`fee\` is twice the pieces.

\`\`\`ts
function fee(pieces: number): number
\`\`\`

\`\`\`examples
${ARGUMENTS.map((pieces) => `fee(${pieces}) => ${2 * pieces}`).join("\n")}
\`\`\`
`;

function anOrder() {
  const parsed = parseWorkOrder(TEXT);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return { id: "fees", order: parsed.order, baseTree: {} };
}

const PATH = "src/fee.ts";
const code = (result: string): string => `export function fee(pieces: number): number {\n  ${result}\n}\n`;
const checksOf = (source: string): MutantChecks =>
  new MutantChecks({ orderId: "fees", files: new Map([[PATH, source]]), delivered: [PATH], graph: graphOf(anOrder()) }, sandbox);
const mutant = (source: string): Mutant => ({ id: "m", path: PATH, operator: "ArithmeticOperator", line: 2, original: "", replacement: "", source });

/** Code that gives the right fee for some pieces only. */
function rightFor(pieces: readonly number[]): string {
  return code(`return ${JSON.stringify(pieces)}.includes(pieces) ? 2 * pieces : -1;`);
}

/** The arguments of the visible or the hidden examples. */
function argumentsOf(side: "visible" | "holdout"): number[] {
  return graphOf(anOrder()).claims.flatMap((claim) => claim[side].flatMap(({ args: [first] }) => (first?.kind === "json" ? [Number(first.value)] : [])));
}

describe("the checks of an order", () => {
  test("accept the code that does what is asked, and say why other code is not accepted", async () => {
    expect(await checksOf(code("return 2 * pieces;")).problems()).toEqual([]);
    expect((await checksOf(code("return pieces;")).problems()).join("\n")).toContain("examples of C-1");
  });

  test("notice a mutant by a visible example, by a hidden one only, or not at all", async () => {
    const checks = checksOf(code("return 2 * pieces;"));
    expect(argumentsOf("holdout")).toHaveLength(2);
    expect(await checks.judge(mutant(rightFor(argumentsOf("holdout"))))).toBe("visible");
    expect(await checks.judge(mutant(rightFor(argumentsOf("visible"))))).toBe("hidden");
    expect(await checks.judge(mutant(rightFor(ARGUMENTS)))).toBe("survived");
  });

  test("notice a mutant that never ends and one that reads the clock", async () => {
    const checks = checksOf(code("return 2 * pieces;"));
    expect(await checks.judge(mutant(code("for (;;) pieces += 0;")))).toBe("visible");
    expect(await checks.judge(mutant(code("return Date.now() > 0 ? 2 * pieces : 0;")))).toBe("visible");
  });
});

test("code of the offline model is accepted where no solution is committed", async () => {
  const order = anOrder();
  const solution = await offlineSolution(compileWorkGraph(compileRequestOf(order)));
  expect([...(solution?.keys() ?? [])].sort()).toEqual([PATH, "src/index.ts"]);
  const checks = new MutantChecks({ orderId: "fees", files: solution ?? new Map(), delivered: [...(solution?.keys() ?? [])], graph: graphOf(order) }, sandbox);
  expect(await checks.problems()).toEqual([]);
});
