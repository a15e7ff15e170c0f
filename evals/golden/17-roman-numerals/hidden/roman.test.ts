import { expect, test } from "vitest";
import { numberOf, romanOf } from "../src/index.ts";

test("all numbers go both ways", () => {
  for (let value = 1; value <= 3999; value += 37) expect(numberOf(romanOf(value))).toBe(value);
});

test("some that are easily wrong", () => {
  expect([3, 8, 49, 99, 444, 888, 3999].map(romanOf)).toEqual(["III", "VIII", "XLIX", "XCIX", "CDXLIV", "DCCCLXXXVIII", "MMMCMXCIX"]);
  expect(() => romanOf(-1)).toThrow(RangeError);
});
