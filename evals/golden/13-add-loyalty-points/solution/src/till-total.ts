/** One line of a receipt. */
export type Line = { readonly price: number; readonly pieces: number };

/** The total of a receipt in euros. */
export function tillTotal(lines: readonly Line[]): number {
  return Math.round(lines.reduce((sum, { price, pieces }) => sum + price * pieces, 0) * 100) / 100;
}
