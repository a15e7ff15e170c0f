import { expect, test } from "vitest";
import { averageSpeed, consumption, consumptionLabel, fahrenheit, isThirsty, miles } from "../src/index.ts";

test("distances", () => {
  expect([miles(1), miles(10), miles(1000), miles(16.09344)]).toEqual([0.62, 6.21, 621.37, 10]);
});

test("degrees", () => {
  for (const [celsius, expected] of [
    [37, 98.6],
    [-17.5, 0.5],
    [10, 50],
  ] as const)
    expect(fahrenheit(celsius)).toBeCloseTo(expected, 9);
});

test("consumption and speed", () => {
  expect([consumption(8, 99), consumption(1, 3), consumption(0, 5), consumption(62.37, 700)]).toEqual([8.1, 33.3, 0, 8.9]);
  expect([averageSpeed(1, 2), averageSpeed(123, 2), averageSpeed(0, 1), averageSpeed(100, 3)]).toEqual([1, 62, 0, 33]);
});

test("what is shown", () => {
  expect(consumptionLabel(0)).toBe("0 l/100 km");
  expect([isThirsty(8.51), isThirsty(8.49), isThirsty(0)]).toEqual([true, false, false]);
});
