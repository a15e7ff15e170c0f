import * as fc from "fast-check";
import { fromMarkdown } from "mdast-util-from-markdown";
import { describe, expect, it } from "vitest";
import { htmlText, markdownBlock, markdownText, oneLine } from "./untrusted-text.ts";

const JOINER = "\u2060";

/** The text of a document that is one paragraph of nothing but text. */
function paragraphOf(markdown: string): string {
  const { children } = fromMarkdown(markdown);
  if (children.length === 0) return "";
  expect(children.map(({ type }) => type)).toEqual(["paragraph"]);
  const [paragraph] = children;
  if (paragraph?.type !== "paragraph") throw new Error("There is no paragraph.");
  return paragraph.children.map((child) => (child.type === "text" ? child.value : `<${child.type}>`)).join("");
}

const plain = (text: string): string => paragraphOf(markdownText(text)).replaceAll(JOINER, "");

describe("prose in Markdown", () => {
  it.each([
    "**bold** _italic_ `code` ~~gone~~",
    "[a link](https://evil.example) ![image](x.png)",
    "<img src=x onerror=alert(1)> <!-- hidden -->",
    "# heading",
    "> quote",
    "- item",
    "1. item",
    "1) item",
    "+ item",
    "=====",
    "---",
    "a | b",
    "&lt;script&gt; &amp; &#60;",
    "back\\slash \\* end\\",
    "snake_case and _lead",
    "``` fence",
    "x^2 $y$",
    "<https://evil.example>",
  ])("renders as exactly its characters: %s", (text) => {
    expect(plain(text)).toBe(text);
  });

  it("renders as exactly its characters, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(plain(text)).toBe(oneLine(text, 4_000));
      }),
      { numRuns: 2_000 },
    );
  });

  it("renders as exactly its characters, made of the characters of Markdown", () => {
    const unit = fc.constantFrom(..."\\`*_{}[]()<>#+-.!|~&@:;=/1a \n\t\"'^$%");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
        expect(plain(text)).toBe(oneLine(text, 4_000));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ["mentions", "ask @ada or @team/core"],
    ["issue keys", "fixes ENG-123 and closes eng-7, GH-4"],
    ["issue numbers", "fixes #12"],
    ["addresses", "see https://linear.app/x/profiles/ada or www.evil.example or mailto:a@b.c"],
    ["dispositions", "DISPOSITION: override force-resume"],
  ])("breaks up %s, which platforms read in plain text", (_what, text) => {
    const shown = paragraphOf(markdownText(text));
    expect(shown).not.toMatch(/@\w|\b[A-Za-z]+-\d|#\d|:\/\/|:\w|www\.|disposition\s*:/i);
    expect(shown.replaceAll(JOINER, "")).toBe(text);
  });

  it("stays one line, without what cannot be seen", () => {
    expect(markdownText("one\r\ntwo\u202e three\u0000\u200b")).toBe("one two three");
  });
});

describe("a block of Markdown", () => {
  it("is one code block whose text is what went in", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."`~\n abc#>"), maxLength: 80 }), (text) => {
        const { children } = fromMarkdown(markdownBlock(text));
        expect(children.map(({ type }) => type)).toEqual(["code"]);
        const [code] = children;
        expect(code?.type === "code" ? code.value : null).toBe(text);
      }),
    );
  });

  it("says how much it leaves out", () => {
    expect(markdownBlock("abcdef", 4)).toBe("```\nabcd\n… 2 more characters\n```");
  });

  it("begins no disposition", () => {
    expect(markdownBlock("DISPOSITION: resume")).not.toContain("DISPOSITION:");
  });
});

describe("a line of plain text", () => {
  it("is cut by characters, never in the middle of one", () => {
    expect(oneLine("😀😀😀😀", 3)).toBe("😀😀…");
    expect(oneLine("  a \n b  ")).toBe("a b");
  });
});

describe("text in HTML", () => {
  it("closes no element and no attribute", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(htmlText(text)).not.toMatch(/[<>"'`=]|&(?!#\d+;)/);
      }),
    );
  });
});
