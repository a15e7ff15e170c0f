import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { promptBlocks, type PromptBlock } from "./prompt-blocks.ts";

const QUESTION = [
  "What it changes:",
  "--- none",
  "+++ src/price.ts",
  "@@ -0,0 +1,3 @@",
  "+export const price = 1;",
  "+- no item",
  " ",
  "--- src/tax.ts",
  "+++ none",
  "@@ -1 +0,0 @@",
  "-export const tax = 2;",
  "[2 more characters of src/tax.ts]",
  "What the checks found:",
  "- examples: passed",
  "- types: passed",
  "Approve to apply it.",
].join("\n");

const linesOf = (block: PromptBlock): string[] => {
  switch (block.kind) {
    case "text":
      return [block.text];
    case "list":
      return block.items.map((item) => `- ${item}`);
    default:
      return [`--- ${block.before}`, `+++ ${block.after}`, ...block.lines.map(({ text }) => text)];
  }
};

describe("the question of a review", () => {
  it("has its diffs, its lists and its words apart", () => {
    expect(promptBlocks(QUESTION).map(({ kind }) => kind)).toEqual(["text", "diff", "diff", "text", "text", "list", "text"]);
    expect(promptBlocks(QUESTION)[1]).toMatchObject({
      before: "none",
      after: "src/price.ts",
      lines: [{ kind: "hunk" }, { kind: "added" }, { kind: "added", text: "+- no item" }, { kind: "same" }],
    });
    expect(promptBlocks(QUESTION)[5]).toEqual({ kind: "list", items: ["examples: passed", "types: passed"] });
  });

  it("takes a rule of dashes that no diff follows for an item of a list", () => {
    expect(promptBlocks("--- none\nof it")).toEqual([
      { kind: "text", text: "--- none" },
      { kind: "text", text: "of it" },
    ]);
  });

  it("loses nothing, whatever it says", () => {
    const line = fc.oneof(
      fc.constantFrom("--- a", "+++ b", "- x", "@@ -1 +1 @@", "+y", "-z", " same", "", "words"),
      fc.string().map((text) => text.replaceAll(/[\n\t]/g, "")),
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), (lines) => {
        expect(promptBlocks(lines.join("\n")).flatMap(linesOf)).toEqual(lines);
      }),
    );
  });
});
