import { expect, test } from "vitest";
import { grossOf, taxOn } from "../src/index.ts";

test("tax is rounded to cents", () => {
  expect([taxOn(12.34, 19), taxOn(80, 7), taxOn(5, 0)]).toEqual([2.34, 5.6, 0]);
});

test("the gross amount is net and tax", () => {
  expect([grossOf(400, 19), grossOf(80, 5)]).toEqual([476, 84]);
});
