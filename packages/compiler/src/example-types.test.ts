import { describe, expect, test } from "vitest";
import { mistypedExamples } from "./example-types.ts";
import { anOrder } from "./testing/orders.ts";

const told = (signature: string, ...examples: readonly string[]) =>
  mistypedExamples(anOrder({ criteria: ["`f` works on it."], functions: [signature], examples })).map(({ example, problem }) => `${example.text}: ${problem}`);

describe("an example is refused where its signature excludes it", () => {
  test.each<[string, string, string]>([
    ["function f(n: number): number", 'f("a") => 1', 'passes `"a"` where `n` is `number`'],
    ["function f(n: number): number", 'f(1) => "a"', 'expects `"a"` where the result is `number`'],
    ["function f(a: string, b: boolean): string", 'f("a", 1) => "b"', "passes `1` where `b` is `boolean`"],
    ["function f(list: number[]): number", "f(1) => 1", "passes `1` where `list` is `number[]`"],
    ["function f(list: readonly (string | number)[]): number", "f([true]) => 1", "passes `[true]`"],
    ["function f(list: Array<string>): number", "f([1]) => 1", "passes `[1]`"],
    ["function f(...list: number[]): number", 'f(1, "a") => 1', 'passes `"a"`'],
    ["function f(item: { price: number }): number", "f([1]) => 1", "passes `[1]`"],
    ['function f(kind: "a" | "b"): number', 'f("c") => 1', 'passes `"c"`'],
    ["function f(n: number): string | null", "f(1) => undefined", "expects `undefined`"],
    ["function f(n: number): Promise<string>", "f(1) => 1", "expects `1`"],
  ])("%s with %s", (signature, example, problem) => {
    expect(told(signature, example)).toEqual([expect.stringContaining(problem)]);
  });
});

describe("an example is left alone", () => {
  test.each<[string, string]>([
    ["function f(n: number): number", "f(1) => 2"],
    ["function f(n: number): number", 'f("a") => throws TypeError'],
    ["function f(n?: number): number", "f() => 1"],
    ["function f(n: number, by?: number): number", "f(1, undefined) => 1"],
    ["function f(list: number[][]): string[]", 'f([[1], []]) => ["a"]'],
    ["function f(list: readonly string[]): Promise<boolean>", 'f(["a"]) => true'],
    ['function f(kind: "a" | "b" | null): 1 | 2', "f(null) => 2"],
    ["function f(item: { price: number }): { total: number }", "f({ price: 1 }) => { total: 1 }"],
    ["function f(value: unknown): Map<string, number>", "f(1) => {}"],
    ["function f<T>(value: T): T", 'f("a") => "a"'],
    ["function f(...list: number[]): void", "f(1, 2, 3) => undefined"],
    ["function f(at: Date): number", 'f("2020-01-01") => 1'],
  ])("%s with %s", (signature, example) => {
    expect(told(signature, example)).toEqual([]);
  });
});
