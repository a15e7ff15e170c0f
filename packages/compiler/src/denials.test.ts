import { describe, expect, test } from "vitest";
import { denials } from "./denials.ts";

const statements = (...texts: string[]) => texts.map((text, index) => ({ text, line: index + 1 }));

describe("two statements deny each other", () => {
  test.each([
    ["Arguments are never changed.", "Arguments are always changed."],
    ["Arguments are never changed.", "Arguments are changed."],
    ["Functions are pure.", "Functions are not pure."],
    ["Functions are pure: no clock, no network.", "Functions are not pure: no clock, no network."],
    ["No packages.", "Packages are required."],
    ["Packages are allowed.", "No packages"],
    ["Functions have no side effects.", "Functions have side effects."],
    ["A list isn't sorted.", "The list is sorted."],
    ["Packages are forbidden.", "Packages are allowed."],
  ])("%j and %j", (first, second) => {
    expect(denials(statements(first, second))).toEqual([{ first: { text: first, line: 1 }, second: { text: second, line: 2 } }]);
  });
});

describe("two statements do not deny each other", () => {
  test.each([
    ["No packages.", "No dependencies."],
    ["No packages.", "No packages."],
    ["Functions are pure.", "Functions have no side effects."],
    ["No clock.", "No network."],
    ["Arguments are never changed.", "Results are changed."],
    ["`total` is not negative.", "`rest` is negative."],
    ["Never!", "Always!"],
  ])("%j and %j", (first, second) => {
    expect(denials(statements(first, second))).toEqual([]);
  });
});

test("a pair is told once, in the order of its lines, among other statements", () => {
  const [a, b, c] = statements("Packages are allowed.", "Strict types.", "No packages.");
  expect(denials([c, b, a].filter((one) => one !== undefined))).toEqual([{ first: a, second: c }]);
});
