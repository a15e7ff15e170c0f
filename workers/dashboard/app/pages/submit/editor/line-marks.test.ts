import { Text } from "@codemirror/state";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeTo, marksOf } from "./line-marks.ts";

const doc = Text.of(["---", "  title: A  ", "", "# A"]);
const at = (line: number) => ({ line, rule: "TITLE_MISSING", fix: "Write a title." });

describe("marks of findings", () => {
  it("are on what is written in their lines", () => {
    expect(marksOf({ faults: [at(2)], remarks: [at(4)] }, doc)).toEqual([
      { from: 6, to: 14, severity: "error", message: "Write a title.", source: "TITLE_MISSING" },
      { from: 18, to: 21, severity: "info", message: "Write a title.", source: "TITLE_MISSING" },
    ]);
  });

  it("are a point on an empty line, and on the last line when theirs is gone", () => {
    const places = marksOf({ faults: [at(3), at(99), at(0)], remarks: [] }, doc).map(({ from, to }) => [from, to]);
    expect(places).toEqual([
      [17, 17],
      [18, 21],
      [0, 3],
    ]);
  });
});

describe("the change from one text to another", () => {
  it("makes the other text, and touches nothing where both are the same", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (head, before, after, tail) => {
        const [from, to] = [head + before + tail, head + after + tail];
        const change = changeTo(from, to);
        const changed = change === null ? from : from.slice(0, change.from) + change.insert + from.slice(change.to);
        expect(changed).toBe(to);
        if (change !== null) expect(change.to - change.from).toBeLessThanOrEqual(before.length);
      }),
    );
  });
});
