import { compileModule, linkModules, sourceLine } from "@factory/verification/compile";
import { describe, expect, test } from "vitest";
import { transpile } from "./transpile.ts";

const compile = (source: string, path = "src/a.ts") => compileModule(path, source, transpile);

/** Runs a compiled module with the given imports and answers its exports. */
async function evaluate(source: string, imports: { [specifier: string]: unknown } = {}): Promise<Record<string, unknown>> {
  const result = compile(source);
  if (!result.ok) throw new Error(result.fault.message);
  const url = `data:text/javascript,${encodeURIComponent(result.module.code)}`;
  const { default: make } = (await import(url)) as {
    default: (meter: object) => (exports: object, require: (specifier: string) => unknown, module: object) => unknown;
  };
  const module = { exports: {} as Record<string, unknown> };
  await make({ f: 1e6, d: 0 })(module.exports, (specifier) => imports[specifier], module);
  return module.exports;
}

describe("TypeScript", () => {
  test("of every kind that a module may hold compiles to what it means", async () => {
    const exports = await evaluate(
      `
      import type { Unused } from "./types";
      import { type AlsoUnused, value } from "./values";
      export enum Color { Red = 3 }
      namespace Inner { export const x = 1; }
      export const a: number = (value satisfies number) as number;
      export abstract class Shape<T> { constructor(readonly side: T, private n = Inner.x) {} area(): number { return this.n; } }
      export const shape = new (class extends Shape<Unused | AlsoUnused | number> {})(4);
      export default (x?: { y?: number }): number => x?.y ?? Color.Red;
    `,
      { "./values": { value: 7 } },
    );
    expect(exports).toMatchObject({ a: 7, shape: { side: 4 }, Color: { Red: 3 } });
    expect((exports["default"] as (x?: object) => number)()).toBe(3);
  });

  test("drops imports that are only types, so that they need not exist", () => {
    const result = compile('import { T } from "./none"; import type { U } from "none"; export const a: T | U | number = 1;');
    expect(result.ok && result.module.imports).toEqual([]);
  });

  test("is strict also where nothing is imported or exported", async () => {
    const result = compile("with ({}) {}");
    expect(result).toMatchObject({ ok: false, fault: { code: "SYNTAX" } });
    expect(await evaluate("const f = function (this: unknown) { return this; }; (globalThis as any).seen = f();")).toEqual({});
    expect((globalThis as { seen?: unknown }).seen).toBeUndefined();
  });

  test("keeps live bindings and cycles", async () => {
    const exports = await evaluate("export let n = 0; export const up = () => ++n;");
    (exports["up"] as () => number)();
    expect(exports["n"]).toBe(1);
  });
});

describe("lines", () => {
  test("of compiled code lead to the lines of the source", () => {
    const source = [
      "interface A {",
      "  a: number;",
      "}",
      "",
      "enum E { X }",
      "",
      "export const f = (a: A): number => {",
      "  throw new Error(String(a.a + E.X));",
      "};",
    ].join("\n");
    const result = compile(source);
    if (!result.ok) throw new Error(result.fault.message);
    const line = result.module.code.split("\n").findIndex((text) => text.includes("throw new Error")) + 1;
    expect(sourceLine(result.module.lineMap, line)).toBe(8);
  });

  test.each([
    ["const a = 1;\n\nconst = 2;", 3],
    ["export const f = () => {\n  if (", 2],
    ["interface A { a: number }\n\n\nreturn 1;", 4],
    ["const x: string = `${`;", 1],
  ])("of a syntax error are the source's: %j", (source, line) => {
    expect(compile(source)).toMatchObject({ ok: false, fault: { code: "SYNTAX", file: "src/a.ts", line } });
  });

  test("of a forbidden construct are the source's", () => {
    expect(compile("type A = 1;\ninterface B {}\n\nexport const f = () => eval('1');")).toMatchObject({ fault: { code: "FORBIDDEN", line: 4 } });
  });
});

test("names that a module reads off its imports are known, types are not among them", () => {
  const result = compile('import d, { f, type T, U } from "./x"; import * as all from "./y"; export { g } from "./z"; export const a: T | U = f(d, all.h);');
  const names = Object.fromEntries((result.ok ? result.module.imports : []).map((found) => [found.specifier, found.names.toSorted()]));
  expect(names).toEqual({ "./x": ["default", "f"], "./y": ["h"], "./z": [] });
});

test("a program of several files links", () => {
  const files = {
    "tests/a.test.ts": 'import { f } from "../src/a.js"; import { test } from "vitest"; test("x", () => f());',
    "src/a.ts": 'export { f } from "./b";',
    "src/b/index.ts": "export const f = () => 1;",
  };
  const linked = linkModules("tests/a.test.ts", new Map(Object.entries(files).map(([path, source]) => [path, compile(source, path)])));
  expect(linked.ok && linked.modules.map(({ module }) => module.path)).toEqual(["tests/a.test.ts", "src/a.ts", "src/b/index.ts"]);
});
