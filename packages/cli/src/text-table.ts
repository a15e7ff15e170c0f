/** Tables in plain text. */
import { oneLine, widthOf } from "./terminal-text.ts";

/** What stands where there is nothing to say: absent is never shown as zero. */
export const ABSENT = "-";

/** Lines of a table with its columns under one another, the head first; without rows there is no table. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const cells = [head, ...rows].map((row) => row.map(oneLine));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ""))));
  return cells.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
      .join("  ")
      .trimEnd(),
  );
}
