import { workOrder } from "@factory/schemas";
import type { OrderFault, WorkOrder } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ORDER_RULES } from "./faults.ts";
import { parseWorkOrder } from "./parse-work-order.ts";
import { orderText } from "./testing/orders.ts";

const MINIMAL = orderText();

function order(text: string): WorkOrder {
  const parsed = parseWorkOrder(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.order;
}

function faults(text: string): readonly OrderFault[] {
  const parsed = parseWorkOrder(text);
  return parsed.ok ? [] : parsed.faults;
}

function warnings(text: string): readonly OrderFault[] {
  const parsed = parseWorkOrder(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.warnings;
}

const rules = (found: readonly OrderFault[]): string[] => found.map(({ line, rule }) => `${line}:${rule}`);

/** 1-based line of the first line that contains a text. */
const lineOf = (text: string, needle: string): number => text.split("\n").findIndex((line) => line.includes(needle)) + 1;

describe("a whole order", () => {
  const text = `---
title: Prices
priority: high
review_mode: auto
target_runtime: workers
language: TypeScript
budget_usd: 2.5
assembly: shop
files:
  - tests/*.test.ts
  - ./data/prices.json
---

# A heading

## Problem

Carts are wrong.

## GOAL:

Carts are *right*.

### Why now

Sales.

## Constraints

1. Pure functions.
2. No dependencies
   of any kind.

## acceptance Criteria

- \`lineTotal\` multiplies.
- \`cartTotal\` sums \`lineTotal\`, see tests/cart.test.ts.

  \`\`\`ts
  type Line = { price: number; quantity?: number };
  export function cartTotal(lines: readonly Line[]): number;
  const lineTotal: (line: Line) => number | undefined
  \`\`\`

## Success metrics

- Complaints about carts halve.

## Out of scope

- Taxes.

## Examples

\`\`\`examples
// a comment
cartTotal([{ price: 2, quantity: 3 }]) => 6
cartTotal([
  { price: 1 },
]) => throws RangeError
lineTotal({ price: 0.1, quantity: 3, }) => 0.30000000000000004; // exactly
lineTotal({ price: -1 }) => undefined
\`\`\`

## Background

Old notes.
`;

  test("is read into data that its schema accepts", () => {
    const read = order(text);
    expect(workOrder.parse(read)).toEqual(read);
    expect(read).toMatchObject({
      title: "Prices",
      priority: "high",
      reviewMode: "auto",
      targetRuntime: "workers",
      language: "typescript",
      budgetUsd: 2.5,
      assembly: "shop",
      files: ["tests/*.test.ts", "data/prices.json"],
      problem: "Carts are wrong.",
      goal: "Carts are *right*.\n\n### Why now\n\nSales.",
      constraints: [
        { text: "Pure functions.", line: lineOf(text, "Pure functions") },
        { text: "No dependencies of any kind.", line: lineOf(text, "No dependencies") },
      ],
      acceptanceCriteria: [
        { text: "`lineTotal` multiplies.", functionName: "lineTotal", tests: [] },
        {
          text: "`cartTotal` sums `lineTotal`, see tests/cart.test.ts.",
          functionName: "cartTotal",
          tests: ["tests/cart.test.ts"],
          line: lineOf(text, "`cartTotal` sums"),
        },
      ],
      successMetrics: [{ text: "Complaints about carts halve." }],
      outOfScope: [{ text: "Taxes." }],
      unknownSections: [{ heading: "Background", line: lineOf(text, "## Background"), text: "Old notes." }],
    });
  });

  test("has function blocks in one form, with declared types written out and the line of each", () => {
    expect(order(text).functions).toEqual([
      {
        name: "cartTotal",
        signature: "export function cartTotal(lines: readonly { price: number; quantity?: number }[]): number",
        params: [{ name: "lines", type: "readonly { price: number; quantity?: number }[]", optional: false }],
        returnType: "number",
        line: lineOf(text, "export function cartTotal"),
      },
      {
        name: "lineTotal",
        signature: "export function lineTotal(line: { price: number; quantity?: number }): number | undefined",
        params: [{ name: "line", type: "{ price: number; quantity?: number }", optional: false }],
        returnType: "number | undefined",
        line: lineOf(text, "const lineTotal"),
      },
    ]);
  });

  test("has examples with their literals and the line each begins in", () => {
    const json = (value: unknown) => ({ kind: "json", value });
    expect(order(text).examples.map(({ functionName, args, expected, line }) => ({ functionName, args, expected, line }))).toEqual([
      { functionName: "cartTotal", args: [json([{ price: 2, quantity: 3 }])], expected: json(6), line: lineOf(text, "cartTotal([{ price: 2") },
      { functionName: "cartTotal", args: [json([{ price: 1 }])], expected: { kind: "throws", name: "RangeError" }, line: lineOf(text, "cartTotal([") + 1 },
      {
        functionName: "lineTotal",
        args: [json({ price: 0.1, quantity: 3 })],
        expected: json(0.30000000000000004),
        line: lineOf(text, "lineTotal({ price: 0.1"),
      },
      { functionName: "lineTotal", args: [json({ price: -1 })], expected: { kind: "undefined" }, line: lineOf(text, "lineTotal({ price: -1") },
    ]);
  });

  test("reads the same with Windows line ends and a byte order mark", () => {
    expect(parseWorkOrder(`\ufeff${text.replaceAll("\n", "\r\n")}`)).toEqual(parseWorkOrder(text));
  });

  test("reports the section it does not know, and nothing else", () => {
    expect(rules(warnings(text))).toEqual([`${lineOf(text, "## Background")}:SECTION_UNKNOWN`]);
  });
});

describe("what front matter leaves out", () => {
  test("stays absent, but for the priority", () => {
    const read = order(MINIMAL);
    expect(read.priority).toBe("normal");
    expect(Object.keys(read)).not.toContain("reviewMode");
    expect(read.title).toBe("Numbers");
  });

  test("a title comes from the goal when nothing names the order, and says so", () => {
    const text = MINIMAL.replace("# Numbers\n", "");
    expect(order(text).title).toBe("Larger numbers.");
    expect(rules(warnings(text))).toContain("1:TITLE_MISSING");
  });
});

describe("faults of front matter", () => {
  test.each<[string, string[]]>([
    ["titel: x", ["2:FRONT_MATTER_UNKNOWN_KEY"]],
    ["review_mode: never", ["2:FRONT_MATTER_VALUE"]],
    ["priority: 3", ["2:FRONT_MATTER_VALUE"]],
    ["title: 2024", ["2:FRONT_MATTER_VALUE"]],
    ["title:", ["2:FRONT_MATTER_VALUE"]],
    ["budget_usd: lots", ["2:FRONT_MATTER_VALUE"]],
    ["budget_usd: -1", ["2:FRONT_MATTER_VALUE"]],
    ["budget_usd: .inf", ["2:FRONT_MATTER_VALUE"]],
    ["assembly: My Shop", ["2:FRONT_MATTER_VALUE"]],
    ["language: python", ["2:LANGUAGE_UNSUPPORTED"]],
    ["repository:\n  url: https://example.com/a.git", ["2:REPOSITORY_UNSUPPORTED"]],
    ["files: tests", ["2:FRONT_MATTER_VALUE"]],
    ["files: [../secret]", ["2:FRONT_MATTER_VALUE"]],
    ["title: a\ntitle: b", ["3:FRONT_MATTER_YAML"]],
    ["title: [a", ["2:FRONT_MATTER_YAML"]],
    ["just text", ["2:FRONT_MATTER_YAML"]],
    ["title: a\npriority: b\nlanguage: c\nfoo: d", ["3:FRONT_MATTER_VALUE", "4:LANGUAGE_UNSUPPORTED", "5:FRONT_MATTER_UNKNOWN_KEY"]],
  ])("%j", (yaml, expected) => {
    const found = rules(faults(`---\n${yaml}\n---\n${MINIMAL}`));
    for (const rule of expected) expect(found).toContain(rule);
    expect(found.every((rule) => /FRONT_MATTER|LANGUAGE|REPOSITORY/.test(rule))).toBe(true);
  });

  test("a near miss of a key is named", () => {
    expect(faults(`---\nreview-mode: auto\n---\n${MINIMAL}`)[0]?.fix).toContain("Did you mean `review_mode`");
  });

  test("front matter without an end", () => {
    expect(rules(faults(`---\ntitle: x\n\n${MINIMAL}`))).toContain("1:FRONT_MATTER_UNCLOSED");
  });
});

describe("faults of the order's structure", () => {
  test("an empty order", () => {
    expect(rules(faults(""))).toEqual(["1:ORDER_EMPTY"]);
    expect(rules(faults(" \n\t\n"))).toEqual(["1:ORDER_EMPTY"]);
  });

  test("half a surrogate pair is found in its line", () => {
    expect(rules(faults(`${MINIMAL}\nx\ud800`))).toEqual([`${MINIMAL.split("\n").length + 1}:TEXT_NOT_WELL_FORMED`]);
  });

  test("no acceptance criterion, with the heading that was probably meant", () => {
    const text = MINIMAL.replace("## Acceptance criteria", "## Acceptence criteria");
    const [fault] = faults(text);
    expect(fault?.rule).toBe("NO_ACCEPTANCE_CRITERION");
    expect(fault?.fix).toContain(`"Acceptence criteria" (line ${lineOf(text, "Acceptence")})`);
  });

  test("an empty section of acceptance criteria is named by its own line", () => {
    const text = MINIMAL.replace("- `twice` doubles a number.", "");
    expect(rules(faults(text))).toEqual([`${lineOf(text, "## Acceptance")}:NO_ACCEPTANCE_CRITERION`]);
  });

  test("criteria without a list are paragraphs", () => {
    expect(order(MINIMAL.replace("- `twice`", "`twice`")).acceptanceCriteria).toMatchObject([{ text: "`twice` doubles a number.", functionName: "twice" }]);
  });

  test("prose beside a list is reported and not taken for a criterion", () => {
    const text = MINIMAL.replace("- `twice`", "Some remark.\n\n- `twice`");
    expect(order(text).acceptanceCriteria).toHaveLength(1);
    expect(rules(warnings(text))).toEqual([`${lineOf(text, "Some remark")}:PROSE_NOT_A_STATEMENT`]);
  });

  test("a fence that is not closed is found, and what follows it is still read", () => {
    const text = `# T\n\n\`\`\`examples\ntwice(1) => 2\ntwice(x) => 4\n\n## Acceptance criteria\n\n- \`twice\` works.\n\n\`\`\`ts\nfunction twice(n) : number\n\`\`\`\n`;
    expect(rules(faults(text))).toEqual(["3:FENCE_UNCLOSED", "5:EXAMPLE_LITERAL", "12:SIGNATURE_TYPE"]);
  });

  test("a fence closed only by the end of the next one is found", () => {
    const text = `# T\n\n## Acceptance criteria\n\n- \`twice\` works.\n\n\`\`\`ts\nfunction twice(n: number): number\n\n\`\`\`examples\ntwice(1) => 2\n\`\`\`\n`;
    expect(rules(faults(text))).toEqual(["7:FENCE_UNCLOSED"]);
  });

  test("an open fence at the very end is found", () => {
    expect(rules(faults(`${MINIMAL}\n\`\`\`text\nhello`))).toEqual([`${MINIMAL.split("\n").length + 1}:FENCE_UNCLOSED`]);
  });

  test("a test path that leaves the workspace", () => {
    expect(rules(faults(orderText({ criteria: ["`twice` passes ../up.test.ts."] })))[0]).toMatch(/CRITERION_TEST_PATH/);
  });
});

describe("accepted signatures", () => {
  test.each<[string, string]>([
    ["function f(a: number): string", "export function f(a: number): string"],
    ["export function f(a: number): string;", "export function f(a: number): string"],
    ["declare function f(a: number): string;", "export function f(a: number): string"],
    ["export async function f(a: number): Promise<string>", "export function f(a: number): Promise<string>"],
    ["const f: (a: number) => string", "export function f(a: number): string"],
    ["export const f: (a: number, b?: string) => string[];", "export function f(a: number, b?: string): string[]"],
    ["function f(\n  a: number, // first\n  b: string[],\n): { ok: boolean }", "export function f(a: number, b: string[]): { ok: boolean }"],
    ["function f(): void", "export function f(): void"],
    ["function f<T extends string, U>(a: T[], b: (x: T) => U): Record<T, U>", "export function f<T extends string, U>(a: T[], b: (x: T) => U): Record<T, U>"],
    ["function f(a: 'x' | \"y\", b: [number, string], c: -1): keyof typeof a", "export function f(a: 'x' | \"y\", b: [number, string], c: -1): keyof typeof a"],
    ["function f(...values: number[]): number", "export function f(...values: number[]): number"],
    ["const f: (a: number) => (b: string) => boolean", "export function f(a: number): (b: string) => boolean"],
    ["interface P { x: number, y: number }\nfunction f(p: P): P", "export function f(p: { x: number, y: number }): { x: number, y: number }"],
    [
      "type Id = string | number\ntype Ids = Id[]\nfunction f(a: Ids, Id: Id): Map<Id, number>",
      "export function f(a: ((string | number)[]), Id: (string | number)): Map<(string | number), number>",
    ],
  ])("%j", (source, signature) => {
    const [name] = signature.includes("f(") || signature.includes("f<") ? ["f"] : [""];
    const read = order(orderText({ criteria: ["`f` works."], functions: [source], examples: [] }));
    expect(read.functions).toMatchObject([{ name, signature }]);
  });

  test("several in one fence, without semicolons", () => {
    const read = order(orderText({ functions: ["function twice(n: number): number", "function half(n: number): number", "const zero: () => number"] }));
    expect(read.functions.map(({ name }) => name)).toEqual(["twice", "half", "zero"]);
  });
});

describe("faults of signatures", () => {
  test.each<[string, string]>([
    ["function f(a: number) { return a }", "SIGNATURE_BODY"],
    ["function f(a: number): number { return a }", "SIGNATURE_BODY"],
    ["function f(a: number): { x: number } { return { x: a } }", "SIGNATURE_BODY"],
    ["const f = (a: number): number => a", "SIGNATURE_BODY"],
    ["const f: (a: number) => number = (a) => a", "SIGNATURE_BODY"],
    ["function f(a = 1): number", "SIGNATURE_BODY"],
    ["function f(a): number", "SIGNATURE_TYPE"],
    ["function f(a: number)", "SIGNATURE_TYPE"],
    ["function f(a: ): number", "SIGNATURE_TYPE"],
    ["function f(a: number number): number", "SIGNATURE_TYPE"],
    ["function f(a: number): string |", "SIGNATURE_TYPE"],
    ["const f: number", "SIGNATURE_TYPE"],
    ["const f", "SIGNATURE_TYPE"],
    ["function (a: number): number", "SIGNATURE_UNREADABLE"],
    ["function delete(a: number): number", "SIGNATURE_UNREADABLE"],
    ["function f({ a }: { a: number }): number", "SIGNATURE_UNREADABLE"],
    ["function f(a: number, a: number): number", "SIGNATURE_UNREADABLE"],
    ["function f(a?: number, b: number): number", "SIGNATURE_UNREADABLE"],
    ["function f(a: number: number", "SIGNATURE_UNREADABLE"],
    ["export default function f(a: number): number", "SIGNATURE_UNREADABLE"],
    ["class F {}", "SIGNATURE_UNREADABLE"],
    ["f(1)", "SIGNATURE_UNREADABLE"],
    ["", "SIGNATURE_UNREADABLE"],
    ["type T = T[]\nfunction f(a: T): number", "TYPE_RECURSIVE"],
    ["type A = B\ntype B = { a: A }\nfunction f(a: A): number", "TYPE_RECURSIVE"],
    ["function f(a: number): number\nfunction f(a: string): string", "FUNCTION_DUPLICATE"],
    ["function lineTotal(a: number): number\nfunction line_total(a: number): number", "FUNCTION_FILE_CLASH"],
  ])("%j is %s", (source, rule) => {
    const found = faults(
      orderText({ criteria: ["`f` works."], functions: [source], examples: [] }).replace(
        "```examples",
        source === "" ? "```ts\n```\n```examples" : "```examples",
      ),
    );
    const text = source === "" ? faults(`${orderText({ functions: [], examples: [] })}\n\`\`\`ts\n\`\`\`\n`) : found;
    expect(text.map((fault) => fault.rule)).toEqual([rule]);
  });

  test("a type that nothing declares is reported", () => {
    expect(warnings(orderText({ functions: ["function twice(n: Money): Money"], examples: [] })).map(({ rule }) => rule)).toContain("TYPE_UNKNOWN");
  });

  test("a broken signature does not make its examples faults", () => {
    expect(rules(faults(orderText({ functions: ["function twice(n): number"] }))).map((rule) => rule.split(":")[1])).toEqual(["SIGNATURE_TYPE"]);
  });
});

describe("faults of examples", () => {
  test.each<[string, string]>([
    ["twice(1)", "EXAMPLE_FORM"],
    ["twice(1) -> 2", "EXAMPLE_FORM"],
    ["twice 1 => 2", "EXAMPLE_FORM"],
    ["twice(1 => 2", "EXAMPLE_FORM"],
    ["=> 2", "EXAMPLE_FORM"],
    ["twice(x) => 2", "EXAMPLE_LITERAL"],
    ["twice(1) => 1 + 1", "EXAMPLE_LITERAL"],
    ["twice(1) =>", "EXAMPLE_LITERAL"],
    ["twice('a) => 2", "EXAMPLE_LITERAL"],
    ["twice(1,) => 2", "EXAMPLE_LITERAL"],
    ["twice(NaN) => 2", "EXAMPLE_LITERAL"],
    ["twice(1) => Infinity", "EXAMPLE_LITERAL"],
    ["twice(0) => -0", "EXAMPLE_LITERAL"],
    ["twice(1) => throws", "EXAMPLE_LITERAL"],
    ["twice(1) => throws Error('no')", "EXAMPLE_LITERAL"],
    ['twice("\\ud800") => 1', "EXAMPLE_LITERAL"],
    ['twice({ "__proto__": 1 }) => 1', "EXAMPLE_LITERAL"],
    [`twice(${"[".repeat(70)}${"]".repeat(70)}) => 1`, "EXAMPLE_LITERAL"],
    ["thrice(1) => 3", "EXAMPLE_UNKNOWN_FUNCTION"],
    ["twice() => 2", "EXAMPLE_ARGUMENTS"],
    ["twice(1, 2) => 2", "EXAMPLE_ARGUMENTS"],
  ])("%j is %s", (line, rule) => {
    const text = orderText({ examples: ["twice(7) => 14", line] });
    expect(rules(faults(text))).toEqual([`${lineOf(text, "twice(7)") + 1}:${rule}`]);
  });

  test("an empty fence", () => {
    const text = `${MINIMAL}\n\`\`\`examples\n\n\`\`\`\n`;
    expect(faults(text).map(({ rule }) => rule)).toEqual(["EXAMPLES_EMPTY"]);
  });

  test("optional and rest parameters widen what a call may pass", () => {
    const functions = ["function twice(n: number, by?: number): number", "function sum(first: number, ...more: number[]): number"];
    const criteria = ["`twice` and", "`sum`"];
    expect(faults(orderText({ criteria, functions, examples: ["twice(1) => 1", "twice(1, 2) => 1", "sum(1) => 1", "sum(1, 2, 3) => 6"] }))).toEqual([]);
    expect(faults(orderText({ criteria, functions, examples: ["twice(1, 2, 3) => 1", "sum() => 0"] })).map(({ rule }) => rule)).toEqual([
      "EXAMPLE_ARGUMENTS",
      "EXAMPLE_ARGUMENTS",
    ]);
  });

  test("contradicting examples are a fault that names both lines", () => {
    const text = orderText({
      functions: ["function twice(n: { a: number, b: number }): number"],
      examples: ["twice({ a: 1, b: 2 }) => 2", "twice({b: 2.0, a: 1}) => 3"],
    });
    const first = lineOf(text, "twice({ a: 1");
    expect(faults(text)).toMatchObject([{ line: first + 1, rule: "EXAMPLE_CONTRADICTION", fix: expect.stringContaining(`Lines ${first} and ${first + 1}`) }]);
  });

  test("an example that is repeated is reported and kept once", () => {
    const text = orderText({ examples: ["twice(1) => 2", "twice( 1 ) => 2.0"] });
    expect(order(text).examples).toHaveLength(1);
    expect(warnings(text).map(({ rule }) => rule)).toEqual(["EXAMPLE_DUPLICATE"]);
  });

  test("undefined as an argument and strings with brackets, arrows and comments are read as they are", () => {
    const text = orderText({
      functions: ["function twice(n: string | undefined): string"],
      examples: ["twice(undefined) => ') => // x'", 'twice("a, (b\\"") => \'\''],
    });
    expect(order(text).examples).toMatchObject([
      { args: [{ kind: "undefined" }], expected: { value: ") => // x" } },
      { args: [{ value: 'a, (b"' }], expected: { value: "" } },
    ]);
  });
});

test("every fault of an order is listed, in order of line", () => {
  const text = `---
titel: x
review_mode: sometimes
---

## Problem

p

\`\`\`ts
function a(x): number
function b(x: number): number
function b(x: number): number
\`\`\`

\`\`\`examples
b(1) => 1
b(1) => 2
b(oops) => 2
c(1) => 2
b() => 2
\`\`\`
`;
  expect(rules(faults(text))).toEqual(
    [
      "1:NO_ACCEPTANCE_CRITERION",
      "2:FRONT_MATTER_UNKNOWN_KEY",
      "3:FRONT_MATTER_VALUE",
      "11:SIGNATURE_TYPE",
      "13:FUNCTION_DUPLICATE",
      "18:EXAMPLE_CONTRADICTION",
      "19:EXAMPLE_LITERAL",
      "20:EXAMPLE_UNKNOWN_FUNCTION",
      "21:EXAMPLE_ARGUMENTS",
    ].toSorted((a, b) => Number.parseInt(a) - Number.parseInt(b)),
  );
});

describe("which function a criterion is about", () => {
  const functions = ["function lineTotal(n: number): number", "function cartTotal(n: number): number", "function total(n: number): number"];
  const named = (...criteria: string[]) => order(orderText({ criteria, functions, examples: [] })).acceptanceCriteria.map(({ functionName }) => functionName);

  test.each([
    ["`cartTotal` sums.", "cartTotal"],
    ["`cartTotal(lines)` sums `lineTotal(line)`.", "cartTotal"],
    ["cartTotal sums without backticks.", "cartTotal"],
    ["The total is right.", undefined],
    ["The total(n) is right.", "total"],
    ["`Math.max` and `carttotal` are something else.", undefined],
    ["A `subtotal` is something else.", undefined],
  ])("%j: %s", (criterion, expected) => {
    expect(named(criterion)).toEqual([expected]);
  });

  test("a function named only behind another keeps its criterion when the other has one of its own", () => {
    expect(named("`lineTotal` multiplies.", "Using `lineTotal`, `cartTotal` sums.")).toEqual(["lineTotal", "cartTotal"]);
  });

  test("a sub-heading names the function of the criteria below it", () => {
    const text = MINIMAL.replace("- `twice` doubles a number.", "### `twice`\n\n- It doubles.");
    expect(order(text).acceptanceCriteria).toMatchObject([{ text: "It doubles.", functionName: "twice" }]);
  });

  test("a call of a function without a block is a remark, a word in backticks is not", () => {
    const found = warnings(orderText({ criteria: ["`twice` works like `dbl(n)` for a `number`; see `twise`."] }));
    expect(found.map(({ rule, fix }) => `${rule} ${/`(\w+)`/.exec(fix)?.[1] ?? ""}`)).toEqual([
      "CRITERION_UNKNOWN_FUNCTION dbl",
      "CRITERION_UNKNOWN_FUNCTION twise",
    ]);
  });

  test("functions that nothing names or executes are reported", () => {
    const found = warnings(
      orderText({
        criteria: ["`twice` doubles.", "`bare` is bare."],
        functions: ["function twice(n: number): number", "function lone(n: number): number", "function bare(n: number): number"],
      }),
    );
    expect(found.map(({ rule }) => rule)).toEqual(["FUNCTION_UNNAMED", "FUNCTION_WITHOUT_EXAMPLES"]);
  });
});

describe("any text at all", () => {
  const checkResult = (text: string): void => {
    const parsed = parseWorkOrder(text);
    if (parsed.ok) {
      expect(workOrder.safeParse(parsed.order).success).toBe(true);
      return;
    }
    expect(parsed.faults.length).toBeGreaterThan(0);
    const lines = text.split(/\r\n|\r|\n/).length;
    for (const { line, rule, fix } of parsed.faults) {
      expect(Object.keys(ORDER_RULES)).toContain(rule);
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(lines);
      expect(fix.length).toBeGreaterThan(10);
    }
  };

  test("gives an order or faults, and never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 400 }), fc.string({ unit: "grapheme", maxLength: 400 })), checkResult), {
      numRuns: 300,
    });
  });

  test("gives an order or faults when it is made of the pieces of orders", () => {
    const piece = fc.constantFrom(
      ..."---\n|\n|```ts\n|```examples\n|```\n|~~~ts\n|## Acceptance criteria\n|# Problem\n|- |1. |> |`f`|`|function f(|function |const f: |a: number|: number|)|(| => |=>|throws |undefined|{|}|[|]|\"|'|,|;|f(1)|f(1) => 2\n|type T = |T|<|>|interface |title: x\n|files:\n|  |\t|// c\n|<!--|-->|\\|\u2028|é|\0|__proto__|constructor".split(
        "|",
      ),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join("")),
        checkResult,
      ),
      { numRuns: 1_500 },
    );
  });

  test("gives an order or faults when a good order loses or gains a little", () => {
    const base = orderText({ front: ["title: x", "review_mode: auto"], constraints: ["Pure functions."] });
    const edit = fc.record({ at: fc.nat(base.length), cut: fc.nat(12), insert: fc.string({ maxLength: 6 }) });
    fc.assert(
      fc.property(edit, ({ at, cut, insert }) => checkResult(base.slice(0, at) + insert + base.slice(at + cut))),
      { numRuns: 500 },
    );
  });

  test.each([
    ["deep quotes", ">".repeat(5_000)],
    ["deep lists", "- ".repeat(2_000)],
    ["deep YAML", `---\ntitle: ${"[".repeat(20_000)}\n---\n`],
    ["deep literals", orderText({ examples: [`twice(${"[".repeat(50_000)}`] })],
    ["deep types", orderText({ functions: [`function f(a: ${"{a:".repeat(20_000)}number${"}".repeat(20_000)}): number`] })],
    ["many open fences", "```ts\nx\n\n# a\n".repeat(40)],
    [
      "exponential types",
      orderText({
        functions: [
          ...Array.from({ length: 30 }, (_, index) => `type T${index + 1} = [T${index}, T${index}]`),
          "type T0 = number",
          "function twice(n: T30): number",
        ],
      }),
    ],
  ])("%s are refused or read in time", (_name, text) => {
    checkResult(text);
  });

  test("the same text gives the same result", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(parseWorkOrder(text)).toEqual(parseWorkOrder(text));
      }),
      { numRuns: 50 },
    );
  });
});
