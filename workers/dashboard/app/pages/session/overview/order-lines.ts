/** The order's text as lines, each with the claims that are made from it. */

/** A line of the order, counted from 1. */
export type OrderLine<C> = { readonly number: number; readonly text: string; readonly claims: readonly C[] };

/** Claims of a line that the text does not have are left out: they are of another text. */
export function linesOf<C extends { readonly line: number }>(text: string, claims: readonly C[]): OrderLine<C>[] {
  const byLine = new Map<number, C[]>();
  for (const claim of claims) byLine.set(claim.line, [...(byLine.get(claim.line) ?? []), claim]);
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  return lines.map((line, index) => ({ number: index + 1, text: line, claims: byLine.get(index + 1) ?? [] }));
}
