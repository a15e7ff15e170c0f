import { expect, test } from "vitest";
import { orderSummary } from "../src/order-summary.ts";

test("a small order pays for its parcel", () => {
  expect(orderSummary(10, 2)).toBe("15.90 EUR in 1 parcel");
});

test("several parcels are counted as such", () => {
  expect(orderSummary(20, 7)).toBe("25.90 EUR in 2 parcels");
});

test("a large order is sent free of charge", () => {
  expect(orderSummary(200, 1)).toBe("200.00 EUR in 1 parcel");
});
