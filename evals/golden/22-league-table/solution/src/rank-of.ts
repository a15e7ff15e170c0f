export function rankOf(table: number[], own: number): number {
  return table.filter((points) => points > own).length + 1;
}
