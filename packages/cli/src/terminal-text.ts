/** Text on a terminal: how wide it is, cut to fit, without what would steer the terminal, and in colour. */
import { styleText } from "node:util";

/** Styles the command line uses. */
export type Style = "bold" | "dim" | "cyan" | "yellow" | "green" | "red";

/** Puts a style on text, or leaves it as it is where there is no terminal or no colour is wanted. */
export type Paint = (style: Style, text: string) => string;

/** Text as it is. */
export const plain: Paint = (_style, text) => text;

const colour: Paint = (style, text) => (text === "" ? "" : styleText(style, text, { validateStream: false }));

/**
 * Colour for a terminal, none elsewhere.
 *
 * @see https://no-color.org
 */
export function paintFor(isTTY: boolean, env: NodeJS.ProcessEnv): Paint {
  return isTTY && (env["NO_COLOR"] ?? "") === "" ? colour : plain;
}

/** One line without line breaks and control characters: titles may hold what a model wrote. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")
    .trim();
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Scripts whose characters take two cells, and emoji. */
const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFF60\uFFE0-\uFFE6]|[\u{20000}-\u{3FFFD}])/u;

const cells = (grapheme: string): number => (WIDE.test(grapheme) ? 2 : 1);

/** Cells that unstyled text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += cells(segment);
  return width;
}

/** Unstyled text in at most so many cells; what is cut off is an ellipsis. */
export function cutTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    width += cells(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return columns < 1 ? "" : `${kept.trimEnd()}…`;
}

/** Unstyled text in lines of at most so many cells, broken between words; a longer word stays whole. At least one line. */
export function wrapTo(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").filter((part) => part !== "")) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
