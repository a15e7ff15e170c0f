import { expect, test } from "vitest";
import type { DetectorName } from "@factory/schemas";
import { detectorForm } from "./catalogue.ts";
import { declaredLimit } from "./declared-limits.ts";
import { noAmbientAccess } from "./no-ambient-access.ts";
import { noImports } from "./no-imports.ts";
import { parseSource } from "./parse-source.ts";

const ambient = (source: string): string[] => noAmbientAccess("src/a.ts", source).map(({ line, message }) => `${line}: ${message}`);
const imports = (source: string): string[] => noImports("src/a.ts", source).map(({ message }) => message);

test.each([
  ["Date.now()", "clock"],
  ["new Date()", "clock"],
  ["new Date(...args)", "clock"],
  ["Date()", "clock"],
  ["const now = Date", "clock"],
  ["Math.random()", "Math.random"],
  ["Math['random']()", "Math.random"],
  ["Math['ran' + 'dom']()", "hands Math on"],
  ["const { random } = Math", "hands Math on"],
  ["const m = Math", "hands Math on"],
  ["fetch('http://x')", "uses fetch"],
  ["process.env", "uses process"],
  ["globalThis.Date.now()", "uses globalThis"],
  ["crypto.randomUUID()", "uses crypto"],
  ["performance.now()", "uses performance"],
  ["console.log(1)", "uses console"],
  ["setTimeout(() => 1, 1)", "uses setTimeout"],
  ["setInterval(() => 1, 1)", "uses setInterval"],
  ["queueMicrotask(() => 1)", "uses queueMicrotask"],
  ["new WebSocket('x')", "uses WebSocket"],
  ["eval('1')", "uses eval"],
  ["new Function('return 1')()", "uses Function"],
  ["([] as any).constructor.constructor('return this')()", ".constructor"],
  ["(() => 1)['constructor']('x')", ".constructor"],
  ["import.meta.url", "import.meta"],
  ["counter = 1", "uses counter"],
  ["new WeakRef({})", "uses WeakRef"],
  ["require('x')", "uses require"],
  ["typeof window === 'undefined'", "uses window"],
])("ambient access is found: %s", (expression, message) => {
  const found = ambient(`export function f(...args: unknown[]) {\n  ${expression};\n  return args;\n}`);
  expect(found.join("\n")).toContain(message);
  expect(found[0]).toMatch(/^2: /);
});

test("an enum's initialiser, a default value, a class field and a static block are looked at too", () => {
  expect(ambient("enum E { A = Date.now() }")).toHaveLength(1);
  expect(ambient("export const f = (now = Date.now()) => now;")).toHaveLength(1);
  expect(ambient("export class C { at = performance.now(); static { fetch('x'); } }")).toHaveLength(2);
});

test("what only computes passes, with every kind of local name and type", () => {
  const source = `
    import type { Date as Day } from "./day.ts";
    import { helper, type Thing } from "./helper.ts";
    interface Process { fetch: Date }
    type T = { [K in keyof Process]: Process[K] };
    declare const unused: typeof process;
    export enum Level { Low = 1, High = Math.max(2, 3) }
    export abstract class Base<X> implements Thing { private readonly x = new Map<string, X>(); constructor(readonly performance: number) {} abstract run(): void; get size(): number { return this.x.size; } }
    export function over(a: string): void;
    export function over(a: number): void;
    export function over(this: void, a: unknown): void { helper(a as Day); }
    export function rate(performance: number, { process = 1, ...rest }: { process?: number }, [first]: number[]): number {
      const fetch = (name: string): string => name.trim();
      var late = Math.round(performance * process) + (first ?? 0);
      for (const crypto of Object.keys(rest)) { fetch(crypto); }
      try { JSON.parse("x"); } catch (console) { throw new RangeError(String(console)); }
      const date = new Date(2_000, 1), stamp = Date.UTC(2000, 1), isDate = (v: unknown): v is Date => v instanceof Date;
      function setTimeout() { return arguments.length; }
      label: for (;;) { break label; }
      return late + (date.getTime() satisfies number) + stamp! + setTimeout() + Number(isDate(date)) + Level.High;
    }
    export default over;
  `;
  expect(ambient(source)).toEqual([]);
  expect(imports(source)).toEqual([]);
});

test("a local name hides a global in its own scope only", () => {
  expect(ambient("{ const fetch = 1; fetch; }\nexport const g = () => fetch('x');")).toEqual([
    "2: uses fetch, which is not declared here and is not part of what only computes",
  ]);
});

test.each([
  ["import fs from 'node:fs'", "node:fs"],
  ["import { z } from 'zod'", "zod"],
  ["export * from 'lodash'", "lodash"],
  ["export { a } from '@scope/pkg'", "@scope/pkg"],
  ["import 'side-effect'", "side-effect"],
  ["const m = await import('https://x/y.js')", "https://x/y.js"],
  ["const n = 'x'; const m = await import(n)", "computes what it imports"],
  ["const fs = require('fs')", "uses require"],
  ["import x from '/etc/passwd'", "/etc/passwd"],
])("an import that leaves the tree is found: %s", (source, message) => {
  expect(imports(source).join("\n")).toContain(message);
});

test("relative imports, re-exports and type imports are no dependencies", () => {
  expect(imports("import { a } from './a.ts'; export * from '../b.js'; import type { Z } from 'zod'; export const c = await import('./c.ts');")).toEqual([]);
});

test("source that cannot be read is a violation with its line, never a pass", () => {
  expect(ambient("const a = 1;\nconst = 2;")[0]).toMatch(/^2: cannot be checked/);
  expect(imports("import {")[0]).toContain("cannot be checked");
  expect(ambient("namespace N { export const a = 1 }")[0]).toContain("cannot be checked");
  expect(ambient(`const a = ${"[".repeat(200_000)}`)[0]).toContain("cannot be checked");
  expect(parseSource("x".repeat(600_000)).ok).toBe(false);
});

test.each([
  ["No function is longer than 20 lines.", { unit: "lines", of: "function", max: 20 }],
  ["Each file has at most 100 lines", { unit: "lines", of: "file", max: 100 }],
  ["Functions take fewer than 4 parameters", { unit: "parameters", of: "function", max: 3 }],
  ["No line exceeds 120 characters", { unit: "characters", of: "line", max: 120 }],
  ["The answer comes within 5 seconds", null],
  ["A code has at most 12 characters", null],
  ["Keep it short", null],
])("a stated limit is understood or refused: %s", (statement, limit) => {
  expect(declaredLimit(statement)).toEqual(limit);
});

test.each([
  ["No function is longer than 3 lines", "export function f() {\n  return 1;\n}", "export function f() {\n  const a = 1;\n  return a;\n}"],
  ["Files have at most 2 lines", "a\nb\n", "a\nb\nc\n"],
  ["Functions take at most 1 parameter", "export const f = (a: number) => a;", "export const f = (a: number, b: number) => a + b;"],
  ["No line exceeds 20 characters", "short;", "export const longer = 'than twenty';"],
])("a declared limit passes what is within and finds what is over: %s", (statement, within, over) => {
  const form = detectorForm("declared-limits", statement);
  if (form.form !== "static") throw new Error("not static");
  expect(form.detect("src/a.ts", within)).toEqual([]);
  expect(form.detect("src/a.ts", over)).toHaveLength(1);
});

test("every detector has a form, and a limit nobody can measure is left to a person", () => {
  const names: DetectorName[] = ["no-ambient-access", "no-imports", "no-argument-mutation", "types", "person"];
  expect(names.map((name) => detectorForm(name, "x").form)).toEqual(["static", "static", "frozen-arguments", "typecheck", "person"]);
  expect(["At most 20 lines a file", "A slug has at most 60 characters"].map((statement) => detectorForm("declared-limits", statement).form)).toEqual([
    "static",
    "person",
  ]);
});
