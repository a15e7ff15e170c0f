import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readModule, repositoryMapOf } from "./repository-map.ts";

const MODULE = `import { x, type Y } from "./x.ts";
import type { Z } from "../z";
export { q } from "./q.js";
export * from "./all";
export * as ns from './ns';
type W = import("./w.ts").W;
export interface I { a: number }
/** Documented. */
export function f<T>(a: T, b?: number): T { return a; }
export const g = async (a: number): Promise<number> => a;
function local(n: number): number { return n; }
export { local as renamed };
export default function d() {}
export const { p, r: [s] } = x;
const lazy = () => import("./lazy");
export enum E { A }
export class C<T> { m(): void {} }
`;

describe("reading a module", () => {
  test("finds what it exports, the functions it declares with their heads, and what it imports, types and lazy imports included", () => {
    expect(readModule(MODULE)).toEqual({
      readable: true,
      exports: ["C", "E", "I", "default", "f", "g", "ns", "p", "q", "renamed", "s"],
      functions: [
        { name: "f", signature: "export function f<T>(a: T, b?: number): T", line: 9 },
        { name: "g", signature: "export const g = async (a: number): Promise<number>", line: 10 },
        { name: "renamed", signature: "function local(n: number): number", line: 11 },
      ],
      types: ["C", "E", "I", "W", "Y", "Z", "x"],
      imports: ["../z", "./all", "./lazy", "./ns", "./q.js", "./w.ts", "./x.ts"],
      computesImports: false,
    });
  });

  test("knows the types that a module declares for itself, for others and for all, and those it imports", () => {
    const source = [
      'import a, { type B, c as D } from "./x";',
      'import * as ns from "./y";',
      "interface Own {}",
      "export default class W {}",
      "export declare namespace N { type Inner = 1 }",
      "declare global { interface G {} }",
      "const value = 1;",
      "function f() { type Hidden = 1; }",
      "export { Own as Given };",
    ].join("\n");
    expect(readModule(source)).toMatchObject({ types: ["B", "D", "G", "N", "Own", "W", "a", "ns"], exports: ["Given", "N", "default"] });
  });

  test("tells what a module that cannot be read seems to declare", () => {
    const source =
      "export interface Row {\n  who: string\ntype Own = ;\nexport async function read(text: string) {{\nfunction local() {}\n  export const sum = (\n";
    expect(readModule(source)).toMatchObject({ readable: false, functions: ["read", "sum"], types: ["Own", "Row"] });
  });

  test("says that a module computes what it imports, and that one cannot be read", () => {
    expect(readModule("export const load = (name: string) => import(name);")).toMatchObject({ readable: true, computesImports: true });
    expect(readModule("export function (")).toMatchObject({ readable: false, reason: expect.stringContaining("Unexpected") });
    expect(readModule(`// ${"x".repeat(600_000)}`)).toMatchObject({ readable: false, reason: expect.stringContaining("longer") });
    expect(readModule(`export const deep = ${"[".repeat(20_000)}${"]".repeat(20_000)};`)).toMatchObject({ readable: false });
  });

  test("never throws, whatever the file holds", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => typeof readModule(text).readable === "boolean"));
  });
});

test("a map has the modules of the tree by path, whatever order they come in", () => {
  const files: [string, string][] = [
    ["src/b.ts", "export const b = 1;"],
    ["README.md", "# No module"],
    ["src/a.ts", "export const a = 1;"],
  ];
  expect(Object.keys(repositoryMapOf(files))).toEqual(["src/a.ts", "src/b.ts"]);
  expect(JSON.stringify(repositoryMapOf(files))).toBe(JSON.stringify(repositoryMapOf(files.toReversed())));
});
