/** One row of a report. */
export type Row = { readonly who: string; readonly amount: number };

/** The rows of a text, one a line. @throws SyntaxError */
export function readRows(text: string): Row[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [who, amount] = line.split(",");
      if (who === undefined || amount === undefined) throw new SyntaxError(`Not a row: ${line}`);
      return { who: who.trim(), amount: Number(amount) };
    });
}
