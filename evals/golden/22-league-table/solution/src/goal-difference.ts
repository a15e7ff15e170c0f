export function goalDifference(scored: number, conceded: number): number {
  return scored - conceded;
}
