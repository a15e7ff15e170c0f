import { expect, test } from "vitest";
import { pointsFor, pointsWorth, tierOf, tillTotal } from "../src/index.ts";

test("the till is what it was", () => {
  expect(tillTotal([{ price: 19.99, pieces: 3 }])).toBe(59.97);
});

test("points are whole, and double for gold", () => {
  for (const total of [0, 5, 10, 19.99, 20, 99.9, 1234.5]) {
    expect(pointsFor(total, false)).toBe(Math.floor(total / 10));
    expect(pointsFor(total, true)).toBe(Math.floor(total / 10) * 2);
  }
});

test("worth and tiers", () => {
  expect([pointsWorth(2), pointsWorth(500)]).toEqual([0.5, 125]);
  expect([0, 99, 100, 250, 499, 500, 5000].map(tierOf)).toEqual(["basic", "basic", "silver", "silver", "silver", "gold", "gold"]);
});
