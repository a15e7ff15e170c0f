export function pointsFor(total: number, gold: boolean): number {
  return Math.floor(total / 10) * (gold ? 2 : 1);
}
