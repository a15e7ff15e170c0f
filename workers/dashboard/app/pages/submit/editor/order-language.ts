/** Work orders for the editor: Markdown with front matter and fences of code. */
import { commonmarkLanguage } from "@codemirror/lang-markdown";
import { Language, LanguageSupport, defineLanguageFacet } from "@codemirror/language";
import { tags } from "@lezer/highlight";
import { parseCode, type BlockContext, type Line, type MarkdownConfig, type MarkdownParser } from "@lezer/markdown";
import { styleTags } from "@lezer/highlight";
import { isCodeFence, orderCodeLanguage } from "./order-code.ts";

/** `key: value`, with a list's lines below it. */
const ENTRY = /^(\s*)([\w-]+)(\s*:)(.*)$/;

/** Front matter, which Markdown would take for a rule and a heading. As for the parser, one that does not end goes to the order's end. */
function frontMatter(cx: BlockContext, line: Line): boolean {
  if (cx.lineStart !== 0 || line.text.trimEnd() !== "---") return false;
  const from = cx.lineStart;
  const parts = [cx.elt("FrontMatterMark", from, from + line.text.length)];
  let to = from + line.text.length;
  while (cx.nextLine()) {
    to = cx.lineStart + line.text.length;
    if (/^(---|\.\.\.)\s*$/.test(line.text)) {
      parts.push(cx.elt("FrontMatterMark", cx.lineStart, to));
      cx.nextLine();
      break;
    }
    const [, indent = "", key, colon = "", value = ""] = ENTRY.exec(line.text) ?? [];
    if (key !== undefined) {
      const at = cx.lineStart + indent.length;
      parts.push(cx.elt("FrontMatterKey", at, at + key.length));
      if (value.trim() !== "") parts.push(cx.elt("FrontMatterValue", at + key.length + colon.length, to));
    }
  }
  cx.addElement(cx.elt("FrontMatter", from, to, parts));
  return true;
}

const FRONT_MATTER: MarkdownConfig = {
  defineNodes: [{ name: "FrontMatter", block: true }, "FrontMatterMark", "FrontMatterKey", "FrontMatterValue"],
  parseBlock: [{ name: "FrontMatter", before: "HorizontalRule", parse: frontMatter }],
  props: [styleTags({ FrontMatterMark: tags.meta, FrontMatterKey: tags.propertyName, FrontMatterValue: tags.attributeValue })],
};

const data = defineLanguageFacet();

/** Without HTML: an order's markup is text, and its parsers would weigh more than the editor. */
export function orderLanguage(): LanguageSupport {
  // The language's parser is the Markdown library's; its type says only that it is a parser.
  const markdown = commonmarkLanguage.parser as MarkdownParser;
  const parser = markdown.configure([FRONT_MATTER, parseCode({ codeParser: (info) => (isCodeFence(info) ? orderCodeLanguage.parser : null) })]);
  return new LanguageSupport(new Language(data, parser, [], "work-order"));
}
