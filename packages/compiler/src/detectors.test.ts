import { describe, expect, test } from "vitest";
import { detectorsFor } from "./detectors.ts";

const names = (constraint: string): string[] => detectorsFor(constraint).map(({ detector }) => detector);

describe("a phrase that says what a detector watches chooses it", () => {
  test.each([
    ["Functions are pure.", ["no-ambient-access"]],
    ["Pure functions only.", ["no-ambient-access"]],
    ["Every function is pure: it reads no clock, no random source, no network and no global state.", ["no-ambient-access"]],
    ["No ambient access: no clock, no randomness, no network.", ["no-ambient-access"]],
    ["Results depend only on their arguments.", ["no-ambient-access"]],
    ["No I/O and no side effects.", ["no-ambient-access"]],
    ["The same input always gives the same output.", ["no-ambient-access"]],
    ["No imports of packages.", ["no-imports"]],
    ["No third-party dependencies.", ["no-imports"]],
    ["Must not use any external libraries.", ["no-imports"]],
    ["Arguments are never mutated.", ["no-argument-mutation"]],
    ["Arrays, objects and maps passed in are never modified.", ["no-argument-mutation"]],
    ["Do not mutate the input arrays.", ["no-argument-mutation"]],
    ["Inputs stay unchanged.", ["no-argument-mutation"]],
    ["Strict types.", ["types"]],
    ["TypeScript strict mode, no implicit `any`.", ["types"]],
    ["The code type-checks without type errors.", ["types"]],
    ["Pure functions, no dependencies, arguments are not mutated.", ["no-ambient-access", "no-imports", "no-argument-mutation"]],
    ["Functions are at most 40 lines long.", ["declared-limits"]],
    ["No function is longer than 40 lines.", ["declared-limits"]],
    ["Functions have no more than 3 parameters.", ["declared-limits"]],
    ["Pure functions, so that an auditor can reproduce every figure later.", ["no-ambient-access"]],
  ])("%s", (constraint, expected) => {
    expect(names(constraint)).toEqual(expected);
  });
});

describe("words that merely occur choose nothing", () => {
  test.each([
    "The result is shown in pure black on white.",
    "Time zones other than UTC are handled.",
    "Use the company's package naming scheme.",
    "The network team reviews the change.",
    "Error messages are polite.",
    "Arguments are documented.",
    "Importing a price list takes under a second.",
    "Typed letters are kept.",
    "Runs in under 5 ms.",
    "At most 40 characters.",
    "At least 40 lines are printed.",
    "",
  ])("%s", (constraint) => {
    expect(names(constraint)).toEqual(["person"]);
  });
});

describe("a constraint that is only partly watched goes to a person as well", () => {
  test.each([
    ["Functions are pure and must run in under 5 ms.", ["no-ambient-access", "person"]],
    ["No dependencies. Messages are in German.", ["no-imports", "person"]],
    ["Strict types, no `any`.", ["types", "person"]],
    ["Functions are at most 40 lines long and have at most 3 parameters.", ["declared-limits", "person"]],
    ["Functions are pure and their outputs appear in the Datadog dashboard.", ["no-ambient-access", "person"]],
  ])("%s", (constraint, expected) => {
    expect(names(constraint)).toEqual(expected);
  });
});

test("the words that chose a detector are kept as evidence, and a person has none", () => {
  expect(detectorsFor("No third-party packages. Be kind.")).toEqual([
    { detector: "no-imports", matched: ["No third-party packages"] },
    { detector: "person", matched: [] },
  ]);
});
