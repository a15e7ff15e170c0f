import { expect, test } from "vitest";
import { orderSummary, parcelCount, shippingFee } from "../src/index.ts";

test("the rules of May", () => {
  expect([59, 59.9, 60, 60.01, 99, 100].map(shippingFee)).toEqual([5.9, 5.9, 0, 0, 0, 0]);
  expect([0, 1, 5, 6, 7, 18, 19].map(parcelCount)).toEqual([0, 1, 1, 1, 2, 3, 4]);
});

test("the summary goes by them", () => {
  expect(orderSummary(60, 7)).toBe("60.00 EUR in 2 parcels");
  expect(orderSummary(50, 6)).toBe("55.90 EUR in 1 parcel");
  expect(orderSummary(99.5, 13)).toBe("99.50 EUR in 3 parcels");
});
