import { expect, test } from "vitest";
import { claimsOfOrder } from "./claims.ts";
import { orderForPrompt, taskBlock } from "./prompt-task.ts";
import { anOrder } from "./testing/orders.ts";

const order = anOrder({
  functions: ["function twice(n: number | undefined): number | undefined"],
  examples: ["twice(1) => 2", "twice(2) => 4", "twice(3) => 6", "twice(undefined) => undefined", "twice(-1) => throws RangeError"],
  constraints: ["Pure functions."],
});

test("a planner is told the order without lines of prose and without hidden examples", () => {
  const [hidden] = claimsOfOrder(order).flatMap(({ holdout }) => holdout);
  const told = orderForPrompt(order);
  expect(told).toMatchObject({
    title: "Numbers",
    constraints: ["Pure functions."],
    acceptanceCriteria: [{ text: "`twice` doubles a number.", functionName: "twice", tests: [] }],
  });
  expect(told.examples).toHaveLength(4);
  expect(told.examples.map(({ line }) => line)).not.toContain(hidden?.line);
  expect(JSON.stringify(told)).not.toContain(JSON.stringify(hidden?.text).slice(1, -1));
});

test("undefined and errors have a JSON form", () => {
  const all = claimsOfOrder(order).length;
  expect(all).toBeGreaterThan(0);
  const shown = orderForPrompt(
    anOrder({ functions: ["function twice(n?: number): number"], examples: ["twice(undefined) => undefined", "twice(1) => throws RangeError"] }),
  ).examples;
  expect(shown).toMatchObject([
    { args: [{ $undefined: true }], expected: { $undefined: true } },
    { args: [1], throws: "RangeError" },
  ]);
});

test("a task block is JSON in a fence of its own", () => {
  const block = taskBlock({ task: "write-code", text: "``` and \n lines" });
  expect(block.startsWith("```json task\n")).toBe(true);
  expect(JSON.parse(block.split("\n").slice(1, -1).join("\n"))).toEqual({ task: "write-code", text: "``` and \n lines" });
});
