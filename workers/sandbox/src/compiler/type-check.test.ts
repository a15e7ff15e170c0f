import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { KEPT_PLATFORM } from "../harness/kept-platform.ts";
import { typeChecker } from "./type-check.ts";

const folder = dirname(createRequire(import.meta.url).resolve("typescript"));
const ambient = join(import.meta.dirname, "ambient");
const read = (directory: string, pattern: RegExp): [string, string][] =>
  readdirSync(directory)
    .filter((name) => pattern.test(name))
    .map((name) => [name, readFileSync(join(directory, name), "utf8")]);
const checker = typeChecker(Object.fromEntries([...read(folder, /^lib\.(es5|es20\d\d|decorators).*\.d\.ts$/), ...read(ambient, /./)]));

const errors = (files: { readonly [path: string]: string }): string[] => checker.check(files).map(({ file, line, code }) => `${file}:${line} TS${code}`);

describe("a check", () => {
  test("is strict", () => {
    expect(errors({ "src/a.ts": "export const f = (x) => x;\nconst n: number = null;\nexport const g = (s?: string): number => s.length + n;" })).toEqual([
      "src/a.ts:1 TS7006",
      "src/a.ts:2 TS2322",
      "src/a.ts:3 TS18048",
    ]);
  });

  test("sees files together, by every way of naming them", () => {
    const files = { "src/a.ts": "export const a = 1; export type T = string;", "src/d/index.ts": "export const d = 2;", "src/j.json": '{"n":1}' };
    expect(
      errors({
        ...files,
        "src/b.ts":
          'import { a, type T } from "./a.js"; import { a as b } from "./a"; import { a as c } from "./a.ts"; import { d } from "./d"; import j from "./j.json"; export const x: T = String(a + b + c + d + j.n);',
      }),
    ).toEqual([]);
    expect(errors({ "src/b.ts": 'import { a } from "./a";\nexport const x = a;' })).toEqual(["src/b.ts:1 TS2307"]);
  });

  test("reports syntax before types", () => {
    expect(errors({ "src/a.ts": "const = 1;" })[0]).toMatch(/^src\/a\.ts:1 TS1134/);
  });

  test("knows no DOM and no Node", () => {
    expect(errors({ "src/a.ts": "document;\nprocess;\nfetch;\nwindow;" })).toHaveLength(4);
  });

  test("is not changed by what was checked before", () => {
    const good = { "src/a.ts": "export const a: number = 1;" };
    expect(errors(good)).toEqual([]);
    expect(errors({ "src/a.ts": "export {}; declare global { interface Array<T> { own: T } const planted: number; }\nexport const x = planted;" })).toEqual([]);
    expect(errors({ "src/a.ts": "export const x = planted + [1].own;" })).toHaveLength(2);
    expect(errors(good)).toEqual([]);
  });
});

test("every global of the platform that an isolate keeps is declared", () => {
  const uses = [...KEPT_PLATFORM, "console", "setTimeout", "clearTimeout", "setInterval", "clearInterval", "queueMicrotask", "performance", "crypto"];
  expect(errors({ "src/a.ts": uses.map((name) => `export const use_${name}: unknown = ${name};`).join("\n") })).toEqual([]);
});
