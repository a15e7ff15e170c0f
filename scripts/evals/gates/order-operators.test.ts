import { parseWorkOrder } from "@factory/compiler";
import { describe, expect, test } from "vitest";
import { excludingBound, negationOf, orderOperators } from "./order-operators.ts";
import type { OrderSource } from "./order-operators.ts";
import { judgeOrder } from "./gates-under-test.ts";

const TEXT = `---
title: Prices
---

# Prices

## Problem

Totals differ.

## Goal

One total.

## Constraints

- Arguments are never changed.
- No function is longer than 20 lines.

## Acceptance criteria

- \`total\` sums the prices.
- \`gross\` adds the tax to what \`total\` gives.
- \`check\` passes tests/check.test.ts.
- The page opens, measured by a stopwatch: at most 200 ms.

\`\`\`ts
function total(prices: number[]): number
function gross(prices: number[], rate?: number): number
function check(): boolean
function round(n: number): number
\`\`\`

\`\`\`examples
total([1, 2]) => 3
total([]) => 0
gross([100]) => 119
gross([100], 0) => 100
round(2) => 2
\`\`\`
`;
const TESTS = {
  "tests/check.test.ts": 'import { test } from "vitest";\ntest("x", () => {});\n',
  "src/round.ts": "export function round(n: number): number {\n  return Math.floor(n);\n}\n",
};

function aSource(): OrderSource {
  const parsed = parseWorkOrder(TEXT);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return { text: TEXT, baseTree: TESTS, order: parsed.order };
}

/** Lines that only one of two texts has, each as often as it has it more. */
function lineChanges(before: string, after: string): { readonly gone: string[]; readonly added: string[] } {
  const rest = after.split("\n").filter((line) => line !== "");
  const gone = before
    .split("\n")
    .filter((line) => line !== "")
    .filter((line) => {
      const at = rest.indexOf(line);
      if (at >= 0) rest.splice(at, 1);
      return at < 0;
    });
  return { gone, added: rest };
}

/** Operator, site (the first where it does not matter), lines that are gone, lines that are new. */
const CHANGES: readonly (readonly [operator: string, site: string, gone: readonly string[], added: readonly string[]])[] = [
  ["vague-criterion", "The result is fast.", [], ["- The result is fast."]],
  ["undecided-criterion", "The module exports nothing else.", [], ["- The module exports nothing else."]],
  ["vague-person", "A person confirms that the result is nice.", [], ["- A person confirms that the result is nice."]],
  ["unfilled-proposal", "A person confirms that <what is seen>.", [], ["- A person confirms that <what is seen>."]],
  ["misspell-function", "line 22", ["- `total` sums the prices."], ["- `totalX` sums the prices."]],
  [
    "circular-criteria",
    "total gross",
    ["- `total` sums the prices.", "- `gross` adds the tax to what `total` gives."],
    ["- `total` sums the prices. It uses `gross`.", "- `gross` adds the tax to what `total` gives. It uses `total`."],
  ],
  ["drop-proof-test", "line 24", ["- `check` passes tests/check.test.ts."], ["- `check` passes the tests."]],
  ["contradict-constraint", "line 17", [], ["- Arguments are always changed."]],
  ["contradict-bound", "line 25", [], ["- The page opens, measured by a stopwatch: at least 201 ms."]],
  ["contradict-example", "line 35", [], ["total([1, 2]) => 4"]],
  ["rename-call", "line 35", ["total([1, 2]) => 3"], ["totalUnknown([1, 2]) => 3"]],
  ["extra-argument", "line 37", ["gross([100]) => 119"], ["gross([100], 0, 0) => 119"]],
  ["mistyped-argument", "line 39", ["round(2) => 2"], ['round("three") => 2']],
  ["mistyped-result", "line 36", ["total([]) => 0"], ['total([]) => "three"']],
  ["broken-literal", "line 36", ["total([]) => 0"], ["total([]) => theRightValue"]],
  ["drop-examples", "total", ["total([1, 2]) => 3", "total([]) => 0"], []],
  ["drop-signature", "gross", ["function gross(prices: number[], rate?: number): number"], []],
  ["repeat-signature", "check", [], ["function check(): boolean"]],
  ["unknown-type", "total", ["function total(prices: number[]): number"], ["function total(prices: UndeclaredThing): number"]],
  ["untyped-parameter", "total", ["function total(prices: number[]): number"], ["function total(prices): number"]],
  ["signature-with-body", "check", ["function check(): boolean"], ['function check(): boolean { throw new Error("to do"); }']],
  ["misspell-criteria-heading", "heading", ["## Acceptance criteria"], ["## Acceptence citeria"]],
  ["drop-criteria", "criteria", TEXT.split("\n").slice(21, 25), []],
  ["unclosed-fence", "line 34", ["```"], []],
  ["unknown-key", "budget_eur", [], ["budget_eur: 5"]],
  ["bad-value", "priority", [], ["priority: whenever"]],
  ["missing-attachment", "new criterion", [], ["- `tests/not-attached.test.ts` passes."]],
  ["escaping-test-path", "new criterion", [], ["- `../outside.test.ts` passes."]],
  ["create-on-existing-path", "total", [], []],
];

test("every operator is described here, and no two have the same name", () => {
  expect(orderOperators().map(({ name }) => name)).toEqual(CHANGES.map(([name]) => name));
});

describe.each(CHANGES)("%s", (name, site, gone, added) => {
  const defects = () =>
    orderOperators()
      .find((operator) => operator.name === name)
      ?.defects(aSource()) ?? [];

  test("changes what it says and nothing else", () => {
    const defect = defects().find((one) => one.site === site);
    if (defect === undefined)
      throw new Error(
        `${name} has no site ${site}: ${defects()
          .map((one) => one.site)
          .join(", ")}`,
      );
    expect(lineChanges(TEXT, defect.damaged.text)).toEqual({ gone, added });
    expect(defect.damaged.order).toEqual(aSource().order);
  });

  test("damages something at every site, differently, and says what", () => {
    const all = defects();
    expect(new Set(all.map((one) => one.site)).size).toBe(all.length);
    expect(new Set(all.map(({ damaged: { text, baseTree } }) => JSON.stringify([text, baseTree]))).size).toBe(all.length);
    for (const { names, damaged } of all) {
      expect(names.length).toBeGreaterThan(0);
      expect(damaged.text === TEXT && damaged.baseTree === TESTS).toBe(false);
    }
  });
});

/** A section that lost its list, an end that is missing, a function that nothing calls and a block whose copy is the same line. */
const NAMED_BY_THEIR_BEGINNING = ["drop-criteria", "unclosed-fence", "drop-examples", "repeat-signature"];

test("a line that is named is the one that was damaged", () => {
  for (const { name, defects } of orderOperators()) {
    for (const { names, damaged } of defects(aSource())) {
      const lines = names.flatMap((one) => /^line (\d+)$/.exec(one)?.[1] ?? []).map(Number);
      const changed = lines.filter((line) => damaged.text.split("\n")[line - 1] !== TEXT.split("\n")[line - 1]);
      if (lines.length > 0 && !NAMED_BY_THEIR_BEGINNING.includes(name)) expect([name, changed.length]).not.toEqual([name, 0]);
    }
  }
});

test("files are taken away or put in, and the text stays", () => {
  const trees = (name: string) =>
    orderOperators()
      .filter((operator) => operator.name === name)
      .flatMap((operator) => operator.defects(aSource()))
      .filter(({ damaged }) => damaged.text === TEXT)
      .map(({ damaged }) => Object.keys(damaged.baseTree));
  const all = Object.keys(TESTS);
  expect(trees("missing-attachment")).toEqual([["src/round.ts"]]);
  expect(trees("create-on-existing-path")).toEqual([
    [...all, "src/total.ts"],
    [...all, "src/gross.ts"],
    [...all, "src/check.ts"],
  ]);
});

test.each([
  ["Arguments are never changed.", "Arguments are always changed."],
  ["Input arrays are not modified.", "Input arrays are modified."],
  ["No packages.", "Packages are required."],
  ["Functions have no side effects.", "Functions have side effects."],
  ["Functions are pure: no clock.", "Functions are not pure: no clock."],
  ["Strict types.", undefined],
])("the negation of %j is %j", (statement, expected) => {
  expect(negationOf(statement)).toBe(expected);
});

test.each([
  ["It takes at most 200 ms.", "It takes at least 201 ms."],
  ["It has at least 3 parts.", "It has at most 2 parts."],
  ["It has at least 0 parts.", undefined],
  ["Fewer than 1 or more than 8 are refused.", undefined],
  ["It must not have more than 3 parts.", undefined],
  ["It is short.", undefined],
])("the bound that excludes that of %j is in %j", (statement, expected) => {
  expect(excludingBound(statement)).toBe(expected);
});

test("gates 0 and 1 pass the sound order", () => {
  expect(judgeOrder("order")(aSource())).toMatchObject({ outcome: "PASS", findings: [] });
});
