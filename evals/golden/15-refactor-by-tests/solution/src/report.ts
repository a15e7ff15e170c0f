import { readRows } from "./rows.ts";

/** The weekly report: the total of each person, in the order in which they first occur. */
export function report(text: string): string {
  const totals = new Map<string, number>();
  for (const { who, amount } of readRows(text)) totals.set(who, (totals.get(who) ?? 0) + amount);
  return [...totals].map(([who, total]) => `${who}: ${total}`).join("\n");
}
