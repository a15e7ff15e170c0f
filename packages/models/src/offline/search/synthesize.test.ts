import { describe, expect, test } from "vitest";
import { parseFunction } from "./interpret.ts";
import { SYNTHESIS_CASES, type SynthesisCase } from "./synthesis.cases.ts";
import { outcomeOf, synthesis, synthesize, type SynthesisLimits, type SynthesisResult, type SynthesisTask, type TaskExample } from "./synthesize.ts";
import { sameValue } from "./values.ts";

function solve(task: SynthesisTask, limits?: SynthesisLimits): SynthesisResult {
  const search = synthesis(task, limits);
  for (;;) {
    const step = search.next();
    if (step.done === true) return step.value;
  }
}

const aTask = (overrides: Partial<SynthesisTask>): SynthesisTask => ({
  name: "f",
  params: [{ name: "n", type: "number" }],
  returnType: "number",
  file: "src/f.ts",
  examples: [],
  dependencies: [],
  words: [],
  ...overrides,
});

const sourceOf = (result: SynthesisResult): string => (result.found ? result.source : `BLOCKED: ${result.reason}`);
const examples = (...rows: readonly (readonly [...args: readonly unknown[], expected: unknown])[]): TaskExample[] =>
  rows.map((row) => ({ args: row.slice(0, -1), expected: row.at(-1) }));

function holds(source: string, cases: readonly TaskExample[]): boolean {
  const run = parseFunction(source)?.link({});
  return (
    run !== undefined &&
    cases.every((item) => {
      const outcome = outcomeOf(run, item.args);
      return "throws" in item ? "threw" in outcome && outcome.threw === item.throws : "value" in outcome && sameValue(outcome.value, item.expected);
    })
  );
}

/** A sixteenth of what the product allows, and every second function: the measure stays short. With the product's limits a third as many fail. */
const MEASURE_LIMITS: SynthesisLimits = { maxCandidates: 60_000, sliceCandidates: 4_000 };
const SHORT_LIMITS: SynthesisLimits = { maxCandidates: 20_000, sliceCandidates: 4_000 };
const taskOf = ({ name, params, returnType, visible, words }: SynthesisCase): SynthesisTask => ({
  name,
  params,
  returnType,
  file: `src/${name}.ts`,
  examples: visible,
  dependencies: [],
  words,
});

describe("the measure", () => {
  test("most functions are found, and hold on cases that were never shown", { timeout: 180_000 }, () => {
    const failed: string[] = [];
    const measured = SYNTHESIS_CASES.filter((_, at) => at % 2 === 0);
    for (const item of measured) {
      const result = solve(taskOf(item), MEASURE_LIMITS);
      if (result.found) expect(holds(result.source, item.visible), item.name).toBe(true);
      if (!result.found || !holds(result.source, item.hidden)) failed.push(item.name);
    }
    expect(failed.length / measured.length, `not found or not general: ${failed.join(", ")}`).toBeLessThan(0.2);
  });
});

describe("what is written", () => {
  test("a program is a readable function with the given signature", () => {
    const result = solve(
      aTask({
        name: "discounted",
        params: [{ name: "total", type: "number" }],
        words: ["Orders of 100 or more get 10% off; a negative total throws a RangeError."],
        examples: [...examples([50, 50], [100, 90], [200, 180], [99, 99]), { args: [-1], throws: "RangeError" }, { args: [-20], throws: "RangeError" }],
      }),
    );
    expect(sourceOf(result)).toBe(`export function discounted(total: number): number {
  if (total < 0) {
    throw new RangeError("discounted refuses: total < 0");
  }
  if (total < 100) return total;
  return total * 0.9;
}
`);
  });

  test("an error class of the order's own is thrown by its name", () => {
    const result = solve(aTask({ examples: [...examples([1, 2], [5, 10], [0, 0], [7, 14]), { args: [-1], throws: "StockError" }] }));
    expect(
      holds(sourceOf(result), [
        { args: [-1], throws: "StockError" },
        { args: [9], expected: 18 },
      ]),
    ).toBe(true);
  });

  test("a type that the order does not define is written out from the examples", () => {
    const lines = [
      { price: 2, qty: 3 },
      { price: 1, qty: 1 },
    ];
    const result = solve(aTask({ params: [{ name: "lines", type: "OrderLine[]" }], examples: examples([lines, 7], [[], 0], [[{ price: 5, qty: 2 }], 10]) }));
    expect(sourceOf(result)).toContain("(lines: { price: number; qty: number }[]): number");
  });

  test("a value that occurs twice is written once", () => {
    const words = ["True when the lower case letters read the same backwards."];
    const result = solve(
      aTask({
        params: [{ name: "text", type: "string" }],
        returnType: "boolean",
        words,
        examples: examples(
          ["Abba", true],
          ["abc", false],
          ["No on", false],
          ["Racecar", true],
          ["Ab", false],
          ["tenet", true],
          ["Noon", true],
          ["abca", false],
        ),
      }),
    );
    expect(sourceOf(result).match(/toLowerCase/g)).toHaveLength(1);
  });

  test("undefined, tuples, literal unions and objects are results like any other", () => {
    const bounds = solve(
      aTask({
        params: [{ name: "values", type: "number[]" }],
        returnType: "[number, number]",
        examples: examples(
          [
            [1, 5, 3],
            [1, 5],
          ],
          [[7], [7, 7]],
          [
            [4, -2],
            [-2, 4],
          ],
        ),
      }),
    );
    const status = solve(
      aTask({ returnType: '"low" | "ok"', words: ["Below 10 is `low`."], examples: examples([3, "low"], [9, "low"], [10, "ok"], [50, "ok"]) }),
    );
    const first = solve(
      aTask({
        params: [{ name: "values", type: "number[]" }],
        returnType: "number | undefined",
        examples: examples([[1, 20], 20], [[3], undefined], [[30, 40], 30], [[], undefined]),
        words: ["The first value above 10."],
      }),
    );
    const total = solve(
      aTask({
        params: [
          { name: "a", type: "number" },
          { name: "b", type: "number" },
        ],
        returnType: "{ sum: number; product: number }",
        examples: examples([2, 3, { sum: 5, product: 6 }], [4, 1, { sum: 5, product: 4 }], [0, 9, { sum: 9, product: 0 }]),
      }),
    );
    expect(sourceOf(bounds)).toContain("return [Math.min(...values), Math.max(...values)];");
    expect(sourceOf(status)).toContain('"low"');
    expect(sourceOf(first)).toContain("values.find((value) => value > 10)");
    expect(holds(sourceOf(total), examples([10, 10, { sum: 20, product: 100 }]))).toBe(true);
  });
});

describe("examples decide", () => {
  test("a refusal is laid to the one argument the order restricts, not to two that happen to be equal", () => {
    const task = aTask({
      name: "percent",
      params: [
        { name: "part", type: "number" },
        { name: "whole", type: "number" },
      ],
      words: ["`percent` says how many percent part is of whole, rounded; whole must not be 0."],
      examples: [...examples([1, 3, 33], [2, 3, 67], [9, 3, 300], [1, 4, 25]), { args: [0, 0], throws: "RangeError" }],
    });
    expect(holds(sourceOf(solve(task)), [{ args: [5, 0], throws: "RangeError" }, ...examples([7, 7, 100], [0, 5, 0])])).toBe(true);
  });

  const shown = examples([1, 1], [2, 2], [4, 4]);

  test("one more example leads to another program that fits it too", () => {
    const before = solve(aTask({ examples: shown }));
    const after = solve(aTask({ examples: [...shown, ...examples([-3, 3], [-8, 8])] }));
    expect(sourceOf(before)).toContain("return n;");
    expect(holds(sourceOf(after), examples([-5, 5], [6, 6]))).toBe(true);
  });

  test("the same examples give the same program", () => {
    for (const item of SYNTHESIS_CASES.filter((_, at) => at % 20 === 0)) {
      const [first, second] = [solve(taskOf(item), SHORT_LIMITS), solve(taskOf(item), SHORT_LIMITS)];
      expect(first).toEqual(second);
    }
  });

  test("a table of unrelated results is no program", () => {
    const rows = examples([3, "qx"], [8, "blue"], [1, "so"], [6, "zebra"], [2, "kiln"]);
    expect(solve(aTask({ returnType: "string", examples: rows })).found).toBe(false);
  });

  test("negative zero and zero are told apart", () => {
    const result = solve(aTask({ examples: examples([3, -3], [0, -0], [5, -5], [-2, 2]) }));
    expect(holds(sourceOf(result), examples([0, -0], [9, -9]))).toBe(true);
  });

  test("only errors are nothing to go by", () => {
    expect(solve(aTask({ examples: [{ args: [1], throws: "Error" }] }))).toMatchObject({ found: false, candidates: 0 });
  });
});

describe("a dependency", () => {
  const lineTotal = {
    name: "lineTotal",
    params: [
      { name: "price", type: "number" },
      { name: "qty", type: "number" },
    ],
    returnType: "number",
    file: "src/pricing/line-total.ts",
    call: (...[price, qty]: readonly unknown[]) => Math.round(Number(price) * Number(qty) * 100) / 100,
  };

  test("is called and imported by its path", () => {
    const lines = (...rows: [number, number][]): unknown => rows.map(([price, qty]) => ({ price, qty }));
    const result = solve(
      aTask({
        params: [{ name: "lines", type: "{ price: number; qty: number }[]" }],
        dependencies: [lineTotal],
        examples: examples([lines([0.335, 1], [0.335, 1]), 0.68], [lines(), 0], [lines([2, 3], [1.5, 2]), 9], [lines([0.125, 1]), 0.13]),
      }),
    );
    expect(sourceOf(result)).toContain('import { lineTotal } from "./pricing/line-total.ts";');
    expect(sourceOf(result)).toContain("lines.reduce((sum, line) => sum + lineTotal(line.price, line.qty), 0)");
  });
});

describe("bounds", () => {
  const hopeless = aTask({
    params: [
      { name: "a", type: "number" },
      { name: "b", type: "number" },
      { name: "text", type: "string" },
    ],
    examples: examples([1, 7, "abc", 7919], [2, 3, "zz", 104729], [9, 9, "q", 1299709], [4, 1, "hello", 15485863], [6, 2, "x y", 32452843]),
  });

  test("a search ends by its count of candidates", () => {
    const result = solve(hopeless, { maxCandidates: 20_000, sliceCandidates: 1_000 });
    expect(result.found).toBe(false);
    expect(result.candidates).toBeLessThan(40_000);
  });

  test("it pauses again and again, and lets other work run", async () => {
    let slices = 0;
    let others = 0;
    const timer = setInterval(() => (others += 1), 0);
    await synthesize(hopeless, { limits: { maxCandidates: 20_000, sliceCandidates: 1_000 }, onSlice: () => (slices += 1) });
    clearInterval(timer);
    expect(slices).toBeGreaterThan(10);
    expect(others).toBeGreaterThan(5);
  });

  test("an aborted search ends with the signal's reason", async () => {
    const abort = new AbortController();
    const running = synthesize(hopeless, { signal: abort.signal, onSlice: () => abort.abort(new Error("enough")) });
    await expect(running).rejects.toThrow("enough");
  });
});
