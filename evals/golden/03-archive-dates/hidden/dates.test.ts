import { expect, test } from "vitest";
import { daysInYear, isBefore, monthOf, printedDate, quarterOf, yearOf } from "../src/index.ts";

test("parts of a date are numbers without leading zeros", () => {
  expect([yearOf("0987-01-02"), monthOf("2019-09-30"), monthOf("2019-11-30"), yearOf("2400-02-29")]).toEqual([987, 9, 11, 2400]);
});

test("every month has its quarter", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(quarterOf)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
});

test("years have the days of the Gregorian calendar", () => {
  for (let year = 1583; year <= 2600; year += 1) {
    const days = Math.round((Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)) / 86_400_000);
    expect([year, daysInYear(year)]).toEqual([year, days]);
  }
});

test("labels and order", () => {
  expect(printedDate("2024-02-29")).toBe("29.02.2024");
  expect([isBefore("2023-12-31", "2024-01-01"), isBefore("2024-01-01", "2023-12-31"), isBefore("2024-01-09", "2024-01-10")]).toEqual([true, false, true]);
});
