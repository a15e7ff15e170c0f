/** Two versions of a file as rows: lines that stayed, lines that changed with the words that did, and folds of what stayed. */
import { diffArrays, diffWordsWithSpace } from "diff";

/** A piece of a line; `changed` for words that the other side has not. */
export type Piece = { readonly text: string; readonly changed: boolean };

/** A line of one side, numbered from 1. */
export type SideLine = { readonly number: number; readonly pieces: readonly Piece[] };

/** A row with both sides: one is null where the other has no counterpart. */
export type LineRow =
  | { readonly kind: "same"; readonly before: SideLine; readonly after: SideLine }
  | { readonly kind: "changed"; readonly before: SideLine | null; readonly after: SideLine | null };

/** Rows, with what stayed between changes folded away. */
export type DiffBlock = { readonly kind: "rows"; readonly rows: readonly LineRow[] } | { readonly kind: "fold"; readonly rows: readonly LineRow[] };

/** How much changed. `byWhole` is true when the sides differ so much that they are shown one after the other. */
export type FileDiff = { readonly blocks: readonly DiffBlock[]; readonly added: number; readonly removed: number; readonly byWhole: boolean };

/** Lines that stayed around a change. */
const CONTEXT_LINES = 3;
/** A fold hides at least this many lines: fewer are not worth a press. */
const MIN_FOLD_LINES = 4;
/** Steps after which the search for the shortest difference is given up: it grows with the square of what differs. */
const MAX_EDITS = 1_000;
/** Characters of a line whose words are compared. */
const MAX_WORD_DIFF_CHARS = 1_000;

/** Lines of a text; a break at its end ends the last line and begins none. */
export function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

/** What differs between two texts. */
export function diffOf(before: string, after: string): FileDiff {
  const [from, to] = [linesOf(before), linesOf(after)];
  const changes = diffArrays([...from], [...to], { maxEditLength: MAX_EDITS });
  const parts: readonly Change[] = changes ?? [
    { removed: true, added: false, value: from },
    { removed: false, added: true, value: to },
  ];
  const rows = rowsOf(parts);
  const count = (side: "added" | "removed"): number => parts.reduce((sum, part) => sum + (part[side] ? part.value.length : 0), 0);
  return { blocks: foldedBlocks(rows), added: count("added"), removed: count("removed"), byWhole: changes === undefined };
}

type Change = { readonly added: boolean; readonly removed: boolean; readonly value: readonly string[] };

const plain = (number: number, text: string): SideLine => ({ number, pieces: [{ text, changed: false }] });

function rowsOf(parts: readonly Change[]): LineRow[] {
  const rows: LineRow[] = [];
  let [beforeNumber, afterNumber] = [1, 1];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    if (part === undefined) continue;
    if (!part.added && !part.removed) {
      for (const text of part.value) rows.push({ kind: "same", before: plain(beforeNumber++, text), after: plain(afterNumber++, text) });
      continue;
    }
    const next = parts[index + 1];
    const isPair = next !== undefined && next.added !== part.added && (next.added || next.removed);
    if (isPair) index += 1;
    const removed = part.removed ? part.value : isPair && next.removed ? next.value : [];
    const added = part.added ? part.value : isPair && next.added ? next.value : [];
    for (let line = 0; line < Math.max(removed.length, added.length); line++) {
      rows.push(changedRow(removed[line], added[line], beforeNumber + line, afterNumber + line));
    }
    beforeNumber += removed.length;
    afterNumber += added.length;
  }
  return rows;
}

function changedRow(removed: string | undefined, added: string | undefined, beforeNumber: number, afterNumber: number): LineRow {
  if (removed === undefined || added === undefined) {
    return {
      kind: "changed",
      before: removed === undefined ? null : plain(beforeNumber, removed),
      after: added === undefined ? null : plain(afterNumber, added),
    };
  }
  const [before, after] = wordsOfPair(removed, added);
  return { kind: "changed", before: { number: beforeNumber, pieces: before }, after: { number: afterNumber, pieces: after } };
}

/** Words that differ; lines that have little in common are marked as a whole by their row. */
function wordsOfPair(removed: string, added: string): readonly [Piece[], Piece[]] {
  const whole: [Piece[], Piece[]] = [[{ text: removed, changed: false }], [{ text: added, changed: false }]];
  if (Math.max(removed.length, added.length) > MAX_WORD_DIFF_CHARS) return whole;
  const parts = diffWordsWithSpace(removed, added);
  const kept = parts.reduce((sum, part) => sum + (part.added || part.removed ? 0 : part.value.trim().length), 0);
  if (kept * 3 < Math.max(removed.trim().length, added.trim().length)) return whole;
  return [
    parts.filter((part) => !part.added).map(({ value, removed: changed }) => ({ text: value, changed })),
    parts.filter((part) => !part.removed).map(({ value, added: changed }) => ({ text: value, changed })),
  ];
}

function foldedBlocks(rows: readonly LineRow[]): DiffBlock[] {
  const blocks: DiffBlock[] = [];
  let start = 0;
  while (start < rows.length) {
    let end = start;
    const isSame = rows[start]?.kind === "same";
    while (end < rows.length && (rows[end]?.kind === "same") === isSame) end++;
    const run = rows.slice(start, end);
    if (isSame) pushSame(blocks, run, start === 0, end === rows.length);
    else pushRows(blocks, run);
    start = end;
  }
  return blocks;
}

function pushSame(blocks: DiffBlock[], run: readonly LineRow[], isFirst: boolean, isLast: boolean): void {
  const head = isFirst ? 0 : CONTEXT_LINES;
  const tail = isLast ? 0 : CONTEXT_LINES;
  if (run.length - head - tail < MIN_FOLD_LINES || (isFirst && isLast)) {
    pushRows(blocks, run);
    return;
  }
  pushRows(blocks, run.slice(0, head));
  blocks.push({ kind: "fold", rows: run.slice(head, run.length - tail) });
  pushRows(blocks, run.slice(run.length - tail));
}

function pushRows(blocks: DiffBlock[], rows: readonly LineRow[]): void {
  const last = blocks.at(-1);
  if (rows.length === 0) return;
  if (last?.kind === "rows") blocks[blocks.length - 1] = { kind: "rows", rows: [...last.rows, ...rows] };
  else blocks.push({ kind: "rows", rows });
}
