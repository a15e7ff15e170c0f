import { describe, expect, it } from "vitest";
import { textParts } from "./text-parts.ts";

describe("a sentence with ids", () => {
  it("has them apart from its words and loses nothing", () => {
    const text = "Re-open BEAD-3RJHRWQHNQX18SK47MW2W5CGVP for C-1 after DIV-1YS8GZ5S9XV0F0GYGVGBFZATMN";
    expect(
      textParts(text)
        .filter(({ isId }) => isId)
        .map((part) => part.text),
    ).toEqual(["BEAD-3RJHRWQHNQX18SK47MW2W5CGVP", "DIV-1YS8GZ5S9XV0F0GYGVGBFZATMN"]);
    expect(
      textParts(text)
        .map((part) => part.text)
        .join(""),
    ).toBe(text);
  });

  it("is whole where it has none", () => expect([textParts("Apply 2 files"), textParts("")]).toEqual([[{ text: "Apply 2 files", isId: false }], []]));
});
