/** The three readings of a program agree: the search's values, the interpreter's and the engine's. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withFields } from "./apply.ts";
import { Budget } from "./budget.ts";
import { componentsFor, isInner } from "./components.ts";
import { Context } from "./context.ts";
import { constantTerm } from "./goals.ts";
import { outcomeOf } from "./synthesize.ts";
import { parseFunction } from "./interpret.ts";
import { Printer } from "./print.ts";
import type { Term } from "./terms.ts";
import { arrayOf, NUMBER, objectOf, parseType, REGEX, STRING, type Type } from "./types.ts";
import { FAIL, keyOf } from "./values.ts";

const number = fc.oneof(
  fc.integer({ min: -30, max: 60 }),
  fc.double({ min: -50, max: 50, noNaN: true, noDefaultInfinity: true }).map((value) => Math.round(value * 100) / 100),
);
const word = fc.stringMatching(/^[a-zA-Z0-9 ,.'`$\\"-]{0,9}$/);
const item = fc.record({ price: number, name: word });

const SIGNATURES: { readonly [text: string]: fc.Arbitrary<unknown[]> } = {
  "a: number, b: number": fc.tuple(number, number),
  "text: string, count: number": fc.tuple(word, fc.integer({ min: 0, max: 5 })),
  "values: number[], limit: number": fc.tuple(fc.array(number, { maxLength: 5 }), number),
  "words: string[], other: string": fc.tuple(fc.array(word, { maxLength: 4 }), word),
  "items: { price: number; name: string }[], flag: boolean": fc.tuple(fc.array(item, { maxLength: 4 }), fc.boolean()),
  "rates: Record<string, number>, key: string": fc.tuple(fc.dictionary(fc.constantFrom("a", "b"), number), fc.constantFrom("a", "b", "c")),
};

/** Expressions over the parameters, all up to the cost. */
function bankOf(signature: string, rows: readonly (readonly unknown[])[], level: number): { terms: Term[]; names: string[] } {
  const params = signature.split(/, (?=\w+: )/).map((text) => ({ name: text.slice(0, text.indexOf(":")), type: parseType(text.slice(text.indexOf(":") + 1)) }));
  const itemType = objectOf([
    { name: "price", type: NUMBER, optional: false },
    { name: "name", type: STRING, optional: false },
  ]);
  const types: Type[] = [...params.map(({ type }) => type), arrayOf(itemType), itemType];
  const components = componentsFor(types);
  const shared = {
    components,
    inner: components.filter(isInner),
    byName: new Map(components.map((component) => [component.name, component])),
    types: new Set(types.map(({ key }) => key)),
    budget: new Budget(30_000, 30_000),
    worded: false,
    nextScope: 0,
  };
  const empty = new Context(shared, 0, rows.length, [], 0);
  const constants = [0, 1, 2, 100].map((value) => constantTerm(empty, NUMBER, value, 1));
  const texts = ["", " ", "`${", '"\\'].map((value) => constantTerm(empty, STRING, value, 1));
  const patterns = [/\s+/g, /[aeiou]/gi].map((value) => constantTerm(empty, REGEX, value, 1));
  const variables = params.flatMap(({ name, type }, at) =>
    withFields({ type, cost: 1, rank: 1, values: rows.map((row) => row[at]), node: { kind: "variable", name, path: [] }, local: false }),
  );
  const context = new Context(shared, 0, rows.length, [...variables, ...constants, ...texts, ...patterns], 0);
  for (const _ of context.grow(level)) continue;
  const terms = [...context.types].filter((key) => key !== REGEX.key).flatMap((key) => context.termsByKey(key));
  return { terms, names: params.map(({ name }) => name) };
}

/** Functions looked at in one bank. */
const SAMPLE = 60;

describe.each(Object.entries(SIGNATURES))("programs over (%s)", (signature, row) => {
  test("mean the same in the search, read back, and in the engine", () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 4 }), fc.nat(), (rows, seed) => {
        const { terms, names } = bankOf(signature, rows, 5);
        const step = Math.max(1, Math.floor(terms.length / SAMPLE));
        for (let at = seed % step; at < terms.length; at += step) {
          const term = terms[at];
          if (term !== undefined) agree(term, names, signature, rows);
        }
      }),
      { numRuns: 12 },
    );
  });
});

test("capitals that are separated by a parameter are separated by it in the code, too", () => {
  const rows = [
    ["$", 4],
    ["bB\\", 4],
    [", ,,0", 5],
  ];
  const { terms, names } = bankOf("text: string, count: number", rows, 5);
  const separated = terms.filter((term) => new Printer(names).print(term).text.includes("`$1${text}$2`"));
  expect(separated.length).toBeGreaterThan(0);
  for (const term of separated) agree(term, names, "text: string, count: number", rows);
});

function agree(term: Term, names: readonly string[], signature: string, rows: readonly (readonly unknown[])[]): void {
  const code = new Printer(names).print(term).text;
  const source = `export function f(${signature}): unknown {\n  return ${code};\n}\n`;
  const interpreted = parseFunction(source)?.link({});
  if (interpreted === undefined) throw new Error(`Not read back: ${source}`);
  // The engine itself is the reference here; product code never compiles text.
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
  const native = new Function(...names, `return ${code};`) as (...args: readonly unknown[]) => unknown;
  for (const [at, value] of term.values.entries()) {
    const args = rows[at] ?? [];
    const reference = outcomeOf(native, structuredClone([...args]));
    expect(keyOf(outcomeOf(interpreted, structuredClone([...args]))), code).toBe(keyOf(reference));
    if (value !== FAIL) expect(keyOf({ value }), code).toBe(keyOf(reference));
  }
}

describe("the interpreter", () => {
  const run = (body: string, ...args: readonly unknown[]): unknown => {
    const call = parseFunction(`export function f(a: number[], b: string): unknown {\n${body}\n}\n`)?.link({});
    return call === undefined ? "not read" : outcomeOf(call, args);
  };

  test("reads constants, conditions and errors", () => {
    const body = 'const n = a.length;\nif (n === 0) { throw new RangeError("none"); } else if (n > 2) return `${n} ${b}`;\nreturn undefined;';
    expect([[], [1], [1, 2, 3]].map((a) => run(body, a, "x"))).toEqual([{ threw: "RangeError" }, { value: undefined }, { value: "3 x" }]);
  });

  test.each([
    "while (true) {}",
    "let n = 1; return n;",
    "return globalThis;",
    "return fetch(b);",
    'return eval("1");',
    "return new Function(b);",
    "return await a;",
    "return f(a, b);",
    "return Math.random();",
    "return a.push(1);".replace("push", "constructor"),
  ])("does not run %s", (body) => {
    expect([{ threw: "TypeError" }, { value: undefined }, "not read"]).toContainEqual(run(body, [1], "x"));
  });

  test.each(["return b.constructor;", "return a.__proto__;", 'return b["constructor"];'])("%s reaches nothing", (body) => {
    expect(run(body, [1], "x")).toEqual({ value: undefined });
  });

  test("refuses to build what an argument says is huge", () => {
    expect(run("return b.repeat(a[0]);", [1_000_000_000], "x")).toEqual({ threw: "RangeError" });
    expect(run("return Array.from({ length: a[0] }, (_, i) => i);", [1_000_000_000], "x")).toEqual({ threw: "RangeError" });
  });
});
