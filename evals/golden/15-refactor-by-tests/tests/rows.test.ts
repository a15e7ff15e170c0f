import { expect, test } from "vitest";
import { readRows } from "../src/rows.ts";

test("rows have a person and an amount", () => {
  expect(readRows("ada, 3\n\nbob,4")).toEqual([
    { who: "ada", amount: 3 },
    { who: "bob", amount: 4 },
  ]);
});

test("spaces around a person and lines of spaces say nothing", () => {
  expect(readRows("  ada , 3\n   \n bob ,4\n")).toEqual([
    { who: "ada", amount: 3 },
    { who: "bob", amount: 4 },
  ]);
});

test("a line that is no row is refused", () => {
  expect(() => readRows("ada")).toThrow(SyntaxError);
});
