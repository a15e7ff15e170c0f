import { expect, test } from "vitest";
import { longestHeading } from "../src/longest-heading.ts";

test("the longest of several", () => {
  expect(longestHeading(["four", "sixsix", ""])).toBe(6);
});
