import { expect, test } from "vitest";
import { itemLine, thanksLine } from "../src/index.ts";

test("the lines of a receipt", () => {
  expect(thanksLine("Zoe")).toBe("Thank you, Zoe!");
  expect(itemLine(0, "")).toBe("0 x ");
  expect(itemLine(7, "x")).toBe("7 x x");
});
