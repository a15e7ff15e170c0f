import { expect, test } from "vitest";
import { lateTickets } from "../src/late-tickets.ts";

test("late tickets are kept in their order", () => {
  const late = { id: 3, urgency: "high" as const, ageDays: 4 };
  const later = { id: 1, urgency: "low" as const, ageDays: 20 };
  expect(lateTickets([later, { id: 2, urgency: "normal", ageDays: 1 }, late])).toStrictEqual([later, late]);
});

test("where nothing is late nothing is kept", () => {
  expect(lateTickets([{ id: 1, urgency: "low", ageDays: 3 }])).toStrictEqual([]);
});
