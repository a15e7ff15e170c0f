/** The question of a review in parts: words, lists and diffs. Every character of it is in one of them. Pure. */
import { diffLine, type DiffLine } from "../../ui/diff-line.ts";

export type PromptBlock =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "diff"; readonly before: string; readonly after: string; readonly lines: readonly DiffLine[] };

const ITEM = "- ";
const BEFORE = "--- ";
const AFTER = "+++ ";
/** What a line of a diff may begin with. */
const IN_DIFF = new Set([" ", "+", "-", "@", "\\"]);

/** The parts in their order. */
export function promptBlocks(text: string): readonly PromptBlock[] {
  const lines = text.split("\n");
  const blocks: PromptBlock[] = [];
  for (let at = 0; at < lines.length;) {
    const taken = diffAt(lines, at) ?? listAt(lines, at) ?? { block: { kind: "text", text: lines[at] ?? "" } as const, lines: 1 };
    blocks.push(taken.block);
    at += taken.lines;
  }
  return blocks;
}

type Taken = { readonly block: PromptBlock; readonly lines: number };

function listAt(lines: readonly string[], from: number): Taken | null {
  const items = takeWhile(lines, from, (line, index) => line.startsWith(ITEM) && !isDiff(lines, index)).map((line) => line.slice(ITEM.length));
  return items.length === 0 ? null : { block: { kind: "list", items }, lines: items.length };
}

function diffAt(lines: readonly string[], from: number): Taken | null {
  if (!isDiff(lines, from)) return null;
  const [before = "", after = ""] = lines.slice(from, from + 2);
  const body = takeWhile(lines, from + 2, (line, index) => IN_DIFF.has(line.slice(0, 1)) && !isDiff(lines, index));
  const block = { kind: "diff", before: nameOf(before, BEFORE), after: nameOf(after, AFTER), lines: body.map(diffLine) } as const;
  return { block, lines: body.length + 2 };
}

const isDiff = (lines: readonly string[], at: number): boolean => lines[at]?.startsWith(BEFORE) === true && lines[at + 1]?.startsWith(AFTER) === true;

/** The name of a file of a diff; what follows a tab is a remark on it. */
const nameOf = (line: string, mark: string): string => line.slice(mark.length).split("\t")[0] ?? "";

function takeWhile(lines: readonly string[], from: number, fits: (line: string, index: number) => boolean): readonly string[] {
  const end = lines.findIndex((line, index) => index >= from && !fits(line, index));
  return lines.slice(from, end === -1 ? undefined : end);
}
