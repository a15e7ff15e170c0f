/** The weekly report: the total of each person, in the order in which they first occur. */
export function report(text: string): string {
  const totals = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const [who, amount] = line.split(",");
    if (who === undefined || amount === undefined) throw new SyntaxError(`Not a row: ${line}`);
    totals.set(who.trim(), (totals.get(who.trim()) ?? 0) + Number(amount));
  }
  return [...totals].map(([who, total]) => `${who}: ${total}`).join("\n");
}
