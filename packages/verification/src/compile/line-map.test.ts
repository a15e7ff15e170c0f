import { expect, test } from "vitest";
import { lineMapOf, sourceLine } from "./line-map.ts";

test("compiled lines lead to the source lines of their first segments", () => {
  // Generated lines: none mapped, source line 1, none, source line 4 (relative +3), source line 3 (relative -1).
  const map = lineMapOf(";AAAA;;AAGA,IAAC;AADA");
  expect(map).toEqual([1, 1, 1, 4, 3]);
  expect(sourceLine(map, 4)).toBe(4);
});

test("a line past the map has the last line known, and without a map its own", () => {
  expect(sourceLine([1, 2], 9)).toBe(2);
  expect(sourceLine([], 7)).toBe(7);
});

test("large distances take several digits", () => {
  // 1000 as VLQ: 2000 = 0b11111010000 -> groups 10000, 11110, 1 -> "w+B".
  expect(lineMapOf("AAAA;AAw+BA")).toEqual([1, 1001]);
});

test("what is not base64 is refused", () => {
  expect(() => lineMapOf("A!")).toThrow(/base64/);
});
