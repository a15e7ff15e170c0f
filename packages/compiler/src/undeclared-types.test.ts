import { expect, test } from "vitest";
import { targetsOf } from "./targets.ts";
import { aBase } from "./testing/bases.ts";
import { anOrder } from "./testing/orders.ts";
import { undeclaredTypes, undeclaredTypesIn, unknownCode } from "./undeclared-types.ts";

const told = (functions: readonly string[], baseTree: { readonly [path: string]: string } = {}) =>
  undeclaredTypes(anOrder({ criteria: ["`twice` doubles."], functions, examples: [] }), baseTree).map(({ block, type }) => `${block.name}: ${type}`);

test.each<[string, readonly string[], readonly string[]]>([
  ["a parameter's type", ["function twice(n: Money): number"], ["twice: Money"]],
  ["a result's type, each once", ["function twice(n: Money[]): Map<string, Money>"], ["twice: Money"]],
  ["nothing where the order declares it", ["type Money = { cents: number };", "function twice(n: Money): Money"], []],
  ["nothing of built-in types", ["function twice(n: readonly number[], at: Date): Promise<string | undefined>"], []],
  ["nothing of type parameters", ["function twice<T>(n: T[]): T"], []],
  ["nothing of the fields of a type that is written out", ["function twice(n: { price: number; kind: 'a' | 'b' }): number"], []],
])("the undeclared types are %s", (_, functions, expected) => {
  expect(told(functions)).toEqual(expected);
});

test("types that attached code may declare are left to gate 1; attached tests declare none", () => {
  const functions = ["function twice(n: Money): number"];
  expect(told(functions, { "src/money.ts": "digest" })).toEqual([]);
  expect(told(functions, { "tests/money.test.ts": "digest", "README.md": "digest" })).toEqual(["twice: Money"]);
});

const onBase = (files: { readonly [path: string]: string }, functions: readonly string[]) => {
  const order = anOrder({ criteria: ["`twice` doubles."], functions, examples: [] });
  const base = aBase(files);
  const targets = new Map(targetsOf(order, base).map((target) => [target.functionName, target]));
  return undeclaredTypesIn(order, targets, base).map(({ block, type }) => `${block.name}: ${type}`);
};

test.each<[string, { readonly [path: string]: string }, readonly string[]]>([
  ["refused where no attached file declares it", { "src/other.ts": "export type Other = 1;" }, ["twice: Money"]],
  ["taken from what any attached file exports", { "src/money.ts": "export interface Money { cents: number }" }, []],
  ["taken from an export by another name", { "src/money.ts": "type Cents = number; export type { Cents as Money };" }, []],
  ["refused where another file keeps it to itself", { "src/money.ts": "interface Money { cents: number }" }, ["twice: Money"]],
  [
    "taken from what the function's own file keeps to itself",
    { "src/till.ts": "type Money = number;\nexport function twice(n: Money): Money { return n; }" },
    [],
  ],
  [
    "taken from what the function's own file imports",
    { "src/twice.ts": 'import type { Money } from "money";\nexport function twice(n: Money): Money { return n; }' },
    [],
  ],
  ["taken from a declaration file", { "src/types.d.ts": "interface Money { cents: number }" }, []],
  ["taken from what an unreadable file seems to declare", { "src/money.ts": "export interface Money {\n  cents: number" }, []],
  ["refused where only a test declares it", { "src/a.ts": "export const a = 1;", "tests/a.test.ts": "export type Money = number;" }, ["twice: Money"]],
])("a type of a signature on attached code is %s", (_, files, expected) => {
  expect(onBase(files, ["function twice(n: Money): number"])).toEqual(expected);
});

test("code that the map does not have is unknown; tests and other files are not asked", () => {
  const { tree } = aBase({ "src/a.ts": "", "tests/a.test.ts": "", "README.md": "" });
  expect(unknownCode({ tree, repository: {} })).toEqual(["src/a.ts"]);
});
