import { expect, test } from "vitest";
import { isTopHeading } from "../src/is-top-heading.ts";

test("one mark and a space", () => {
  expect(isTopHeading("# Five words in a heading")).toBe(true);
  expect(isTopHeading("##### Five")).toBe(false);
});
