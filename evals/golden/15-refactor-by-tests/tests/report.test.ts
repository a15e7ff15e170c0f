import { expect, test } from "vitest";
import { report } from "../src/report.ts";

test("totals by person", () => {
  expect(report("ada, 3\nbob, 4\nada, 5\n")).toBe("ada: 8\nbob: 4");
});

test("a line that is no row is refused", () => {
  expect(() => report("ada")).toThrow(SyntaxError);
});
