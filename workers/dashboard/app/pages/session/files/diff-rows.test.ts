import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffOf, linesOf, type LineRow, type SideLine } from "./diff-rows.ts";

const textOf = ({ pieces }: SideLine): string => pieces.map(({ text }) => text).join("");
const rowsOf = (before: string, after: string): LineRow[] => diffOf(before, after).blocks.flatMap(({ rows }) => rows);
const side = (rows: readonly LineRow[], which: "before" | "after"): SideLine[] => rows.flatMap((row) => row[which] ?? []);
const numbered = (count: number): string => Array.from({ length: count }, (_, index) => `line ${index + 1}\n`).join("");

describe("the rows of a difference", () => {
  it("hold both texts whole, each line once and numbered in order", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "const x = 1;", "const y = 1;", "", "}"), { maxLength: 40 })
      .map((lines) => lines.map((line) => `${line}\n`).join(""));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const rows = rowsOf(before, after);
        for (const [which, whole] of [
          ["before", before],
          ["after", after],
        ] as const) {
          expect(side(rows, which).map(textOf)).toEqual(linesOf(whole));
          expect(side(rows, which).map(({ number }) => number)).toEqual(linesOf(whole).map((_, index) => index + 1));
        }
        for (const row of rows) if (row.kind === "same") expect(textOf(row.before)).toBe(textOf(row.after));
      }),
    );
  });

  it("mark the words that differ of a line that changed, and no word of lines that have nothing in common", () => {
    const [row] = rowsOf("const rate = 0.1;\n", "const rate = 0.2;\n");
    expect(row?.before?.pieces.filter(({ changed }) => changed).map(({ text }) => text)).toEqual(["1"]);
    expect(row?.after?.pieces.filter(({ changed }) => changed).map(({ text }) => text)).toEqual(["2"]);
    const [other] = rowsOf("alpha\n", "export function f(): void;\n");
    expect(other?.after?.pieces).toEqual([{ text: "export function f(): void;", changed: false }]);
  });

  it("fold what stayed, except for three lines around a change", () => {
    const before = numbered(40);
    const { blocks, added, removed } = diffOf(before, before.replace("line 20\n", "line twenty\n"));
    expect({ added, removed }).toEqual({ added: 1, removed: 1 });
    expect(blocks.map(({ kind, rows }) => [kind, rows.length])).toEqual([
      ["fold", 16],
      ["rows", 7],
      ["fold", 17],
    ]);
  });

  it("show a file that did not change as it is", () => {
    expect(diffOf(numbered(30), numbered(30))).toMatchObject({ added: 0, removed: 0, blocks: [{ kind: "rows" }] });
  });

  it("give up on files that have nothing in common and say so", () => {
    const other = numbered(3_000).replaceAll("line", "other");
    const { byWhole, added, removed } = diffOf(numbered(3_000), other);
    expect({ byWhole, added, removed }).toEqual({ byWhole: true, added: 3_000, removed: 3_000 });
  });
});

describe("the lines of a text", () => {
  it("end with a break that begins no further line", () => {
    expect(linesOf("")).toEqual([]);
    expect(linesOf("a\n\n")).toEqual(["a", ""]);
    expect(linesOf("a\r\nb")).toEqual(["a", "b"]);
  });
});
