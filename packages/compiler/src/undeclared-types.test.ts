import { expect, test } from "vitest";
import { anOrder } from "./testing/orders.ts";
import { undeclaredTypes } from "./undeclared-types.ts";

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

test("types that attached code may declare are left to the type check; attached tests declare none", () => {
  const functions = ["function twice(n: Money): number"];
  expect(told(functions, { "src/money.ts": "digest" })).toEqual([]);
  expect(told(functions, { "tests/money.test.ts": "digest", "README.md": "digest" })).toEqual(["twice: Money"]);
});
