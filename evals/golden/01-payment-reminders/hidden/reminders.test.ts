import { describe, expect, test } from "vitest";
import { amountDue, daysOverdue, lateFee, reminderLevel, reminderSubject } from "../src/index.ts";

describe("reminders", () => {
  test("an invoice is never late before its day", () => {
    expect([daysOverdue(31, 30), daysOverdue(0, 0), daysOverdue(31, 32), daysOverdue(10, 375)]).toEqual([0, 0, 1, 365]);
  });

  test("levels change at 1, 15 and 31 days", () => {
    expect([0, 1, 7, 14, 15, 29, 30, 31, 400].map(reminderLevel)).toEqual([
      "none",
      "friendly",
      "friendly",
      "friendly",
      "firm",
      "firm",
      "firm",
      "final",
      "final",
    ]);
  });

  test("the fee starts on day 15 and is rounded to cents", () => {
    expect([lateFee(10, 13), lateFee(10, 14), lateFee(10, 15), lateFee(0, 60), lateFee(47.11, 16)]).toEqual([0, 0, 0.5, 0, 2.36]);
  });

  test("what is due is the amount with its fee", () => {
    expect([amountDue(200, 15), amountDue(200, 14), amountDue(0, 99), amountDue(40, 365)]).toEqual([210, 200, 0, 42]);
  });

  test("the subject names invoice and level", () => {
    expect(reminderSubject("2025-001", "none")).toBe("Invoice 2025-001: none reminder");
  });
});
