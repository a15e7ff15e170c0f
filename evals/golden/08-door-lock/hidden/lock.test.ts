import { expect, test } from "vitest";
import { attemptsAfter, fanOn, isLocked, lampColour, lockedSeconds } from "../src/index.ts";

test("three wrong codes lock, one right code clears", () => {
  let attempts = 0;
  for (let turn = 0; turn < 3; turn += 1) {
    expect(isLocked(attempts)).toBe(false);
    attempts = attemptsAfter(attempts, false);
  }
  expect([attempts, isLocked(attempts), attemptsAfter(attempts, true)]).toEqual([3, true, 0]);
});

test("each further attempt costs 30 seconds", () => {
  expect([2, 3, 6, 8, 20].map(lockedSeconds)).toEqual([0, 30, 120, 180, 540]);
});

test("the fan follows a rise and a fall", () => {
  let on = false;
  const states: boolean[] = [];
  for (const degrees of [40, 52, 59.9, 60, 58, 50.5, 50, 59, 61, 100, 0]) states.push((on = fanOn(on, degrees)));
  expect(states).toEqual([false, false, false, true, true, true, false, false, true, true, false]);
});

test("the lamp", () => {
  for (let attempts = 0; attempts < 8; attempts += 1) {
    expect([attempts, lampColour(attempts, true), lampColour(attempts, false)]).toEqual([
      attempts,
      attempts < 3 ? "green" : "red",
      attempts < 3 ? "white" : "red",
    ]);
  }
});
