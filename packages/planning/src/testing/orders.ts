/** An order for tests of the passes: every part of it can be told from every other. */
import type { Example, WorkOrder } from "@factory/schemas";

function anExample(line: number): Example {
  return {
    functionName: "double",
    args: [{ kind: "json", value: line }],
    expected: { kind: "json", value: 2 * line },
    text: `double(${line}) => ${2 * line}`,
    line,
  };
}

/** One function with six examples, of which two are hidden from coders, and one statement in each section. */
export function anOrder(overrides: Partial<WorkOrder> = {}): WorkOrder {
  return {
    title: "Larger numbers",
    priority: "normal",
    files: [],
    problem: "Numbers are too small.",
    goal: "Numbers are doubled.",
    constraints: [{ text: "No imports at all.", line: 20 }],
    acceptanceCriteria: [{ text: "It doubles its argument", functionName: "double", tests: [], line: 3 }],
    successMetrics: [{ text: "No wrong invoice in a quarter.", line: 25 }],
    outOfScope: [{ text: "Halving of anything.", line: 30 }],
    functions: [
      {
        name: "double",
        signature: "export function double(n: number): number",
        params: [{ name: "n", type: "number", optional: false }],
        returnType: "number",
        line: 8,
      },
    ],
    examples: [11, 12, 13, 14, 15, 16].map(anExample),
    unknownSections: [],
    ...overrides,
  };
}

/** A criterion that a named person decides. */
export function aPersonsCriterion(text = "A person confirms that the README names every function.") {
  return { text, tests: [], line: 5 };
}
