import { expect, test } from "vitest";
import { articlesSorted, countOf, lowStock, orderQuantity, stockValue } from "../src/index.ts";

type Item = { article: string; count: number; minimum: number; price: number };
const item = (article: string, count: number, minimum: number, price: number): Item => Object.freeze({ article, count, minimum, price });
const stock = Object.freeze([item("Q2", 4, 5, 2.5), item("B1", 5, 5, 10), item("A3", 6, 5, 1)]) as unknown as Item[];

test("only what is below its minimum is low", () => {
  expect(lowStock(stock)).toEqual(["Q2"]);
});

test("an order fills up to twice the minimum", () => {
  expect([orderQuantity(9, 5), orderQuantity(10, 5), orderQuantity(11, 5), orderQuantity(0, 0), orderQuantity(1, 3)]).toEqual([1, 0, 0, 0, 5]);
});

test("value, count and order of the list, which stays as it is", () => {
  expect(stockValue(stock)).toBe(66);
  expect(countOf(stock)).toBe(15);
  expect(articlesSorted(stock)).toEqual(["A3", "B1", "Q2"]);
  expect(stock.map(({ article }) => article)).toEqual(["Q2", "B1", "A3"]);
});
