import { expect, test } from "vitest";
import { cellsOf, columnOf, creditsOf, isRemark, statementLines, statementTotal } from "../src/index.ts";

test("a statement is read line by line", () => {
  expect(statementLines("# head\n\n\na;1\n")).toEqual(["# head", "a;1"]);
  expect(statementLines("\n")).toEqual([]);
});

test("cells are trimmed and empty ones stay in their place", () => {
  expect(cellsOf(" ; a b ;")).toEqual(["", "a b", ""]);
  expect(cellsOf("")).toEqual([""]);
});

test("a remark starts the line", () => {
  expect([isRemark("##"), isRemark(" #"), isRemark("a#")]).toEqual([true, false, false]);
});

test("a column is found by its whole name", () => {
  expect([columnOf(["dates", "date"], "date"), columnOf(["a", "a"], "a"), columnOf(["a"], "A")]).toEqual([1, 0, -1]);
});

test("credits and the total", () => {
  const amounts = Object.freeze([5, -5, 0.5]) as unknown as number[];
  expect(creditsOf(amounts)).toEqual([5, 0.5]);
  expect(statementTotal(amounts)).toBe(0.5);
});
