import { parseWorkOrder } from "@factory/compiler";
import type { CheckJob, CheckReport } from "@factory/schemas";
import type { Sandbox } from "@factory/verification";
import { expect, test } from "vitest";
import { graphOf } from "./gates-under-test.ts";
import { MutantChecks } from "./mutant-checks.ts";

const TEXT = `# Fees

## Problem

Fees differ.

## Goal

One fee.

## Acceptance criteria

- \`fee\` is twice the pieces.

\`\`\`ts
function fee(pieces: number): number
\`\`\`

\`\`\`examples
fee(1) => 2
fee(2) => 4
\`\`\`
`;

function graph() {
  const parsed = parseWorkOrder(TEXT);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return graphOf({ id: "fees", order: parsed.order, baseTree: {} });
}

const BASE = { tests: [], diagnostics: [], console: "", droppedOutput: 0, durationMs: 1 };
const passed = ({ jobId, task }: CheckJob): CheckReport => ({
  ...BASE,
  jobId,
  ok: true,
  tests: task.kind === "tests" ? task.files.map((file) => ({ file, name: "line 1", state: "passed" as const, durationMs: 1 })) : [],
});

/** A sandbox that cannot run its first jobs. */
function sandboxDownFor(jobs: number): { readonly sandbox: Sandbox; readonly asked: () => number } {
  let asked = 0;
  const check = async (job: CheckJob): Promise<CheckReport> => {
    asked += 1;
    return asked > jobs ? passed(job) : { ...BASE, jobId: job.jobId, ok: false, fault: { code: "INFRASTRUCTURE", message: "it is down" } };
  };
  return { sandbox: { check }, asked: () => asked };
}

const FILES = new Map([["src/fee.ts", "export const fee = (pieces: number): number => 2 * pieces;\n"]]);
const checks = (sandbox: Sandbox, claims = graph().claims) =>
  new MutantChecks({ orderId: "fees", files: FILES, delivered: [...FILES.keys()], graph: { claims, invariants: [] } }, sandbox);

test("a sandbox that could not run a job is asked again", async () => {
  const { sandbox, asked } = sandboxDownFor(2);
  expect(await checks(sandbox).problems()).toEqual([]);
  expect(asked()).toBe(3);
});

test("a sandbox that stays down gives no verdict, and a mutant counts as nothing", async () => {
  const { sandbox } = sandboxDownFor(Infinity);
  await expect(checks(sandbox).problems()).rejects.toThrow("The sandbox gives no verdict on fees: it is down");
});

test("code that nothing checks is not accepted", async () => {
  expect(await checks(sandboxDownFor(0).sandbox, []).problems()).toEqual(["Nothing checks it."]);
});

test("a mutant of a file that no check reaches survives without a run", async () => {
  const { sandbox, asked } = sandboxDownFor(0);
  const mutant = { id: "m", path: "src/other.ts", operator: "BlockStatement", line: 1, original: "", replacement: "", source: "export const other = 1;\n" };
  expect(await checks(sandbox).judge(mutant)).toBe("survived");
  expect(asked()).toBe(0);
});
