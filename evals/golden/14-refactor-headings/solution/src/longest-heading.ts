export function longestHeading(headings: string[]): number {
  return Math.max(0, ...headings.map(({ length }) => length));
}
