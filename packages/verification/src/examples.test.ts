import { execFile } from "node:child_process";
import { mkdtemp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Example, ExampleValue } from "@factory/schemas";
import { exampleTestName, lineOfTestName, mutationTestName, renderExampleTests } from "./examples.ts";

const json = (value: unknown): ExampleValue => ({ kind: "json", value: value as never });
const UNDEFINED: ExampleValue = { kind: "undefined" };
const anExample = (line: number, args: ExampleValue[], expected: Example["expected"]): Example => ({
  functionName: "f",
  args,
  expected,
  text: `f(...) => example ${line}`,
  line,
});

/** One rendered file with the source it tests; `failing` are the lines whose value test fails, `mutating` those of the mutation test. */
type Case = { readonly source: string; readonly examples: readonly Example[]; readonly failing: readonly number[]; readonly mutating: readonly number[] };

const CASES: Readonly<Record<string, Case>> = {
  values: {
    source: "export const f = (a: unknown) => a;",
    examples: [
      anExample(1, [json(1)], json(1)),
      anExample(2, [json(1)], json(2)),
      anExample(3, [json(-0)], json(0)),
      anExample(4, [json(-0)], json(-0)),
      anExample(5, [json(0.1 + 0.2)], json(0.3)),
      anExample(6, [UNDEFINED], UNDEFINED),
      anExample(7, [json(null)], UNDEFINED),
      anExample(8, [json({ a: [1, { b: 'x\u2028"`${1}' }] })], json({ a: [1, { b: 'x\u2028"`${1}' }] })),
      anExample(9, [json(JSON.parse('{"__proto__": 1}'))], json(JSON.parse('{"__proto__": 1}'))),
      anExample(10, [json({ a: 1 })], json({ a: 1, b: 2 })),
    ],
    failing: [2, 3, 5, 7, 10],
    mutating: [],
  },
  "undefined-fields": { source: "export const f = () => ({ a: 1, b: undefined });", examples: [anExample(1, [], json({ a: 1 }))], failing: [1], mutating: [] },
  throws: {
    source: `class Own extends Error {} export const f = (n: number) => { if (n === 0) return 0; if (n === 1) throw new RangeError("x"); if (n === 2) throw new Own("x"); throw "text"; };`,
    examples: [0, 1, 2, 3].map((n) => anExample(n + 1, [json(n)], { kind: "throws", name: n === 2 ? "Own" : "RangeError" })),
    failing: [1, 4],
    mutating: [],
  },
  "throws-where-a-value-is-expected": {
    source: `export const f = () => { throw new Error("no"); };`,
    examples: [anExample(1, [], json(1))],
    failing: [1],
    mutating: [],
  },
  mutates: {
    source: "export const f = (list: number[]) => list.sort()[0];",
    examples: [anExample(1, [json([2, 1])], json(1)), anExample(2, [json([1])], json(1))],
    failing: [],
    mutating: [1],
  },
  "mutates-and-restores": {
    source: "export const f = (o: { n: number }) => { o.n += 1; const n = o.n; o.n -= 1; return n; };",
    examples: [anExample(1, [json({ n: 1 })], json(2))],
    failing: [],
    mutating: [1],
  },
  "mutates-and-throws": {
    source: "export const f = (o: { n: number }) => { o.n += 1; throw new TypeError('x'); };",
    examples: [anExample(1, [json({ n: 1 })], { kind: "throws", name: "TypeError" })],
    failing: [],
    mutating: [1],
  },
  missing: { source: "export const g = 1;", examples: [anExample(1, [], UNDEFINED)], failing: [1], mutating: [1] },
  promises: { source: "export const f = async (n: number) => n;", examples: [anExample(1, [json(1)], json(1))], failing: [], mutating: [] },
};

test("rendered examples pass and fail as the order says, under vitest itself", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rendered-examples-"));
  try {
    await symlink(join(dirname(fileURLToPath(import.meta.url)), "../node_modules"), join(folder, "node_modules"));
    await mkdir(join(folder, "tests"));
    for (const [name, { source, examples }] of Object.entries(CASES)) {
      await writeFile(join(folder, `${name}.ts`), source);
      await writeFile(
        join(folder, "tests", `${name}.test.ts`),
        renderExampleTests({ functionName: "f", module: `../${name}.ts`, examples, freezeArguments: true }),
      );
    }
    const vitest = join(dirname(fileURLToPath(import.meta.resolve("vitest/package.json"))), "vitest.mjs");
    const report = join(folder, "report.json");
    // A failing test makes the exit code 1, which is what most of these files are for.
    await promisify(execFile)(process.execPath, [vitest, "run", "--root", folder, "--reporter", "json", "--outputFile", report, "--no-file-parallelism"], {
      timeout: 60_000,
    }).catch((err: unknown) => {
      if (!(err instanceof Error && "code" in err && err.code === 1)) throw err;
    });
    const parsed = JSON.parse(await readFile(report, "utf8")) as { testResults: { name: string; assertionResults: { title: string; status: string }[] }[] };
    const failures = Object.fromEntries(
      Object.entries(CASES).map(([name]) => {
        const failed = (parsed.testResults.find((file) => file.name.endsWith(`tests/${name}.test.ts`))?.assertionResults ?? []).filter(
          ({ status }) => status !== "passed",
        );
        const linesOf = (mutation: boolean): (number | null)[] =>
          failed.filter(({ title }) => title.endsWith("unchanged") === mutation).map(({ title }) => lineOfTestName(title));
        return [name, { failing: linesOf(false), mutating: linesOf(true) }];
      }),
    );
    expect(failures).toEqual(Object.fromEntries(Object.entries(CASES).map(([name, { failing, mutating }]) => [name, { failing, mutating }])));
    const ran = parsed.testResults.reduce((sum, { assertionResults }) => sum + assertionResults.length, 0);
    expect(ran).toBe(Object.values(CASES).reduce((sum, { examples }) => sum + 2 * examples.length, 0));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 90_000);

test("a test's name leads back to its line", () => {
  const example = anExample(42, [], UNDEFINED);
  expect(lineOfTestName(exampleTestName(example, 0))).toBe(42);
  expect(lineOfTestName(`suite > ${mutationTestName(example, 6)}`)).toBe(42);
  expect(lineOfTestName("adds one at line 3")).toBeNull();
});

test("without the detector nothing is frozen", () => {
  expect(renderExampleTests({ functionName: "f", module: "../f.ts", examples: [anExample(1, [], UNDEFINED)], freezeArguments: false })).not.toContain("frozen");
});
