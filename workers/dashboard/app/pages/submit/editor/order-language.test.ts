import { EditorState } from "@codemirror/state";
import { ensureSyntaxTree } from "@codemirror/language";
import { highlightTree, tagHighlighter, tags } from "@lezer/highlight";
import { describe, expect, it } from "vitest";
import { orderLanguage } from "./order-language.ts";

/** What the parts of a text are to the editor, by the names of the nodes that are asked for. */
function parts(text: string, names: readonly string[]): (readonly [string, string])[] {
  const state = EditorState.create({ doc: text, extensions: orderLanguage() });
  const found: (readonly [string, string])[] = [];
  ensureSyntaxTree(state, text.length, 5_000)?.iterate({
    enter: ({ name, from, to }) => {
      if (names.includes(name)) found.push([name, text.slice(from, to)]);
    },
  });
  return found;
}

const COLOURS = tagHighlighter([
  { tag: tags.string, class: "string" },
  { tag: tags.number, class: "number" },
  { tag: tags.keyword, class: "keyword" },
  { tag: tags.typeName, class: "type" },
  { tag: tags.definitionOperator, class: "arrow" },
  { tag: tags.function(tags.variableName), class: "call" },
]);

/** The words of a text that have a colour. */
function coloured(text: string): (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  const tree = ensureSyntaxTree(EditorState.create({ doc: text, extensions: orderLanguage() }), text.length, 5_000);
  if (tree !== null) highlightTree(tree, COLOURS, (from, to, colour) => found.push([text.slice(from, to), colour]));
  return found;
}

const FRONT = ["FrontMatterMark", "FrontMatterKey", "FrontMatterValue", "ATXHeading1", "SetextHeading2", "HorizontalRule"];

describe("the editor's idea of an order", () => {
  it("is front matter with its fields, and Markdown after it", () => {
    expect(parts("---\ntitle: A\nfiles:\n  - a.ts\n---\n# A\n", FRONT)).toEqual([
      ["FrontMatterMark", "---"],
      ["FrontMatterKey", "title"],
      ["FrontMatterValue", " A"],
      ["FrontMatterKey", "files"],
      ["FrontMatterMark", "---"],
      ["ATXHeading1", "# A"],
    ]);
  });

  it("takes front matter that does not end for the whole order, as the parser does", () => {
    expect(parts("---\ntitle: A\n# A\n", FRONT).map(([name]) => name)).not.toContain("ATXHeading1");
  });

  it("leaves a rule that is not on the first line to Markdown", () => {
    expect(parts("# A\n\n---\n\ntext\n", FRONT).map(([name]) => name)).toEqual(["ATXHeading1", "HorizontalRule"]);
  });

  it("colours code in the fences that the platform reads, and in no other", () => {
    const fence = (info: string): string => `\`\`\`${info}\nslug("A", 1) => throws TypeError\n\`\`\`\n`;
    const words = [
      ["slug", "call"],
      ['"A"', "string"],
      ["1", "number"],
      ["=>", "arrow"],
      ["throws", "keyword"],
      ["TypeError", "type"],
    ];
    for (const info of ["ts", "examples"]) expect(coloured(fence(info))).toEqual(words);
    expect(coloured(fence("text"))).toEqual([]);
  });
});
