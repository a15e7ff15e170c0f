import { expect, test } from "vitest";
import { collides, minutesOf, roomLabel, slotCount, slotStart } from "../src/index.ts";

test("every minute of the day is read back", () => {
  const two = (value: number): string => String(value).padStart(2, "0");
  for (let minute = 0; minute < 1440; minute += 7) expect(minutesOf(`${two(Math.floor(minute / 60))}:${two(minute % 60)}`)).toBe(minute);
});

test("slots fit between opening and closing", () => {
  expect([slotCount(480, 539, 60), slotCount(480, 540, 60), slotCount(0, 1440, 7)]).toEqual([0, 1, 205]);
  expect(slotStart(500, 25, 4)).toBe(600);
});

test("bookings collide exactly when they share a minute", () => {
  for (let startA = 0; startA < 6; startA += 1) {
    for (let endA = startA + 1; endA < 7; endA += 1) {
      for (let startB = 0; startB < 6; startB += 1) {
        for (let endB = startB + 1; endB < 7; endB += 1) {
          let shared = false;
          for (let minute = 0; minute < 7; minute += 1) shared ||= minute >= startA && minute < endA && minute >= startB && minute < endB;
          expect([startA, endA, startB, endB, collides(startA, endA, startB, endB)]).toEqual([startA, endA, startB, endB, shared]);
        }
      }
    }
  }
});

test("the label says what the room is", () => {
  expect([roomLabel(true, "08:00"), roomLabel(false, "08:00")]).toEqual(["busy until 08:00", "free until 08:00"]);
});
