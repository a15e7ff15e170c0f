import { expect, test } from "vitest";
import { isLate, lateTickets, rank } from "../src/index.ts";

test("a late ticket is among the late ones whatever its rank", () => {
  const old = { id: 9, urgency: "low" as const, ageDays: 40 };
  expect(rank(old)).toBe(0);
  expect(isLate(old)).toBe(true);
  expect(lateTickets([old])).toStrictEqual([old]);
});
