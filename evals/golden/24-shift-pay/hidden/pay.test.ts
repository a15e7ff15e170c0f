import { expect, test } from "vitest";
import { nightBonus, overtimeExtra, overtimeHours, shiftPay, slipLine, weekHours, workedHours } from "../src/index.ts";

test("hours", () => {
  expect([workedHours(0, 90, 30), workedHours(100, 700, 0), workedHours(60, 75, 0)]).toEqual([1, 10, 0.25]);
  expect([overtimeHours(7.99), overtimeHours(8.25), overtimeHours(24)]).toEqual([0, 0.25, 16]);
});

test("overtime pays half as much again", () => {
  expect([shiftPay(0, 50), shiftPay(8, 1), shiftPay(9, 2), shiftPay(16, 10), shiftPay(7.5, 10)]).toEqual([0, 8, 19, 200, 75]);
});

test("the extra alone", () => {
  expect([overtimeExtra(8, 10), overtimeExtra(10, 1), overtimeExtra(20, 3)]).toEqual([0, 1, 18]);
});

test("the night begins at 22:00", () => {
  expect([1318, 1319, 1320, 1321].map(nightBonus)).toEqual([0, 0, 12, 12]);
});

test("weeks and slips", () => {
  const shifts = Object.freeze([1, 2.5, 3]) as unknown as number[];
  expect(weekHours(shifts)).toBe(6.5);
  expect(slipLine("Zed", 1234.5)).toBe("Zed: 1234.50");
});
