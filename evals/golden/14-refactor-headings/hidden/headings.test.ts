import { expect, test } from "vitest";
import { headingId, isTopHeading, longestHeading } from "../src/index.ts";

test("ids", () => {
  expect(["One", "Two Words", "ALL CAPS HERE", "x Y z"].map(headingId)).toEqual(["one", "two-words", "all-caps-here", "x-y-z"]);
});

test("top headings", () => {
  expect(["# a", "#  b", "## a b", "no heading", " # x", "#", "# "].map(isTopHeading)).toEqual([true, true, false, false, false, false, true]);
});

test("lengths", () => {
  const headings = Object.freeze(["bb", "a", "dddd", "ccc"]) as unknown as string[];
  expect(longestHeading(headings)).toBe(4);
  expect(longestHeading([""])).toBe(0);
});
