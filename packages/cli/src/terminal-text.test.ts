import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutTo, oneLine, paintFor, plain, widthOf, wrapTo } from "./terminal-text.ts";

describe("the width of text", () => {
  it.each([
    ["abc", 3],
    ["Délivré", 7],
    ["漢字", 4],
    ["👩‍🚀 go", 5],
    ["", 0],
  ])("of %j is %d cells", (text, width) => expect(widthOf(text)).toBe(width));
});

describe("cut text", () => {
  it("stays whole when it fits, and ends with an ellipsis when it does not", () => {
    expect(cutTo("exact", 5)).toBe("exact");
    expect(cutTo("longer text", 7)).toBe("longer…");
    expect(cutTo("漢字漢字", 4)).toBe("漢…");
    expect(cutTo("any", 0)).toBe("");
  });

  it("is never wider than asked", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), (text, columns) => widthOf(cutTo(text, columns)) <= columns));
  });
});

describe("wrapped text", () => {
  it("is broken between words, and loses none", () => {
    expect(wrapTo("the quick brown fox", 9)).toEqual(["the quick", "brown fox"]);
    expect(wrapTo("src/a-very-long-name.ts x", 8)).toEqual(["src/a-very-long-name.ts", "x"]);
    expect(wrapTo("漢字 漢字", 5)).toEqual(["漢字", "漢字"]);
    expect(wrapTo("", 5)).toEqual([""]);
  });

  it("is never wider than asked, but for a word that is wider itself", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-zé漢]{1,12}$/u)), fc.integer({ min: 1, max: 30 }), (words, columns) => {
        const lines = wrapTo(words.join(" "), columns);
        expect(lines.join(" ")).toBe(words.join(" "));
        for (const line of lines) if (line.includes(" ")) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

describe("a line", () => {
  it("holds nothing that steers a terminal", () => {
    expect(oneLine(" a\u001b[2J\r\nb\u0007\tc\u202e ")).toBe("a [2J b c");
  });
});

describe("colour", () => {
  it("is for terminals, unless NO_COLOR is set", () => {
    expect(paintFor(true, {})("bold", "x")).toBe("\u001b[1mx\u001b[22m");
    expect(paintFor(false, {})("bold", "x")).toBe("x");
    expect(paintFor(true, { NO_COLOR: "1" })).toBe(plain);
  });
});
