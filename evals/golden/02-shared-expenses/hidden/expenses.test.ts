import { expect, test } from "vitest";
import { balance, centsLeft, euros, shareOf, toCents, totalSpent } from "../src/index.ts";

test("amounts become whole cents, also where floating point is a hair below", () => {
  expect([toCents(1.1), toCents(64.57), toCents(2.675), toCents(1000000)]).toEqual([110, 6457, 268, 100000000]);
});

test("shares and what is left make the amount again", () => {
  for (const [cents, people] of [
    [1, 3],
    [10001, 7],
    [360, 9],
    [17, 17],
  ] as const) {
    expect(shareOf(cents, people) * people + centsLeft(cents, people)).toBe(cents);
    expect(centsLeft(cents, people)).toBeLessThan(people);
  }
  expect([shareOf(10, 4), centsLeft(10, 4)]).toEqual([2, 2]);
});

test("balances add up to nothing when all is paid", () => {
  expect([balance(10, 30), balance(50, 30), balance(30, 30)]).toEqual([-20, 20, 0]);
});

test("the total does not touch the list", () => {
  const expenses = Object.freeze([Object.freeze({ who: "A", cents: 7 }), Object.freeze({ who: "B", cents: 8 })]) as unknown as { who: string; cents: number }[];
  expect(totalSpent(expenses)).toBe(15);
});

test("money has two decimals", () => {
  expect([euros(1), euros(10), euros(123456)]).toEqual(["0.01 EUR", "0.10 EUR", "1234.56 EUR"]);
});
