import { expect, test } from "vitest";
import { report } from "../src/report.ts";
import { readRows } from "../src/rows.ts";

test("both read the same rows", () => {
  const text = " cy ,1\ndee, 2\n cy,10\n";
  expect(readRows(text)).toEqual([
    { who: "cy", amount: 1 },
    { who: "dee", amount: 2 },
    { who: "cy", amount: 10 },
  ]);
  expect(report(text)).toBe("cy: 11\ndee: 2");
});

test("nothing gives nothing", () => {
  expect(readRows("\n\n")).toEqual([]);
  expect(report("")).toBe("");
});
