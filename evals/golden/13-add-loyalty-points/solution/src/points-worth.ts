export function pointsWorth(points: number): number {
  return points * 0.25;
}
