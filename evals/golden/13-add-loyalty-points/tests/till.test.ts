import { expect, test } from "vitest";
import { tillTotal } from "../src/index.ts";

test("a receipt without lines costs nothing", () => {
  expect(tillTotal([])).toBe(0);
});

test("totals are rounded to cents", () => {
  expect(tillTotal([{ price: 0.1, pieces: 3 }])).toBe(0.3);
  expect(
    tillTotal([
      { price: 2.5, pieces: 2 },
      { price: 1, pieces: 1 },
    ]),
  ).toBe(6);
});
