import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutTo, oneLine, paintFor, plain, widthOf } from "./terminal-text.ts";

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
