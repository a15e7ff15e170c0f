export function podium(table: number[]): number[] {
  return table.toSorted((a, b) => b - a).slice(0, 3);
}
