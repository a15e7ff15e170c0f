import { expect, test } from "vitest";
import { readDuration, writeDuration } from "../src/index.ts";

test("what is written is read back", () => {
  for (let minutes = 0; minutes < 3000; minutes += 13) expect(readDuration(writeDuration(minutes))).toBe(minutes);
});

test("other texts are refused", () => {
  for (const text of ["h", "m", "1h2", "x1h", "1h2m3s", "1.5h", "-1h", " 1h"]) expect(() => readDuration(text)).toThrow(SyntaxError);
});

test("whole hours have no minutes", () => {
  expect([writeDuration(60), writeDuration(59), writeDuration(1440)]).toEqual(["1h", "59m", "24h"]);
});
