/** Faults as marks of the editor: each on its line, without the blanks around what is written there. */
import type { Diagnostic } from "@codemirror/lint";
import type { Text } from "@codemirror/state";
import type { OrderFault } from "@factory/schemas";

/** Faults stop the order; remarks do not. */
export type Findings = { readonly faults: readonly OrderFault[]; readonly remarks: readonly OrderFault[] };

/** A mark for each finding. A line behind the end, of a text that has become shorter since, is the last one. */
export function marksOf({ faults, remarks }: Findings, doc: Text): Diagnostic[] {
  return [...faults.map((fault) => markOf(fault, "error", doc)), ...remarks.map((remark) => markOf(remark, "info", doc))];
}

function markOf({ line, rule, fix }: OrderFault, severity: "error" | "info", doc: Text): Diagnostic {
  const { from, to, text } = lineAt(line, doc);
  const start = from + (text.length - text.trimStart().length);
  const end = to - (text.length - text.trimEnd().length);
  return { ...(start < end ? { from: start, to: end } : { from, to: from }), severity, message: fix, source: rule };
}

/** A line by its number, counted from 1; the nearest one there is. */
export const lineAt = (line: number, doc: Text) => doc.line(Math.min(Math.max(line, 1), doc.lines));

/** The smallest part of a text that has to change to make it another; null when nothing has to. */
export function changeTo(before: string, after: string): { readonly from: number; readonly to: number; readonly insert: string } | null {
  if (before === after) return null;
  const shortest = Math.min(before.length, after.length);
  let from = 0;
  while (from < shortest && before[from] === after[from]) from++;
  let kept = 0;
  while (kept < shortest - from && before[before.length - 1 - kept] === after[after.length - 1 - kept]) kept++;
  return { from, to: before.length - kept, insert: after.slice(from, after.length - kept) };
}
