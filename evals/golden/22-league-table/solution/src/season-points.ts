export function seasonPoints(points: number[]): number {
  return points.reduce((sum, value) => sum + value, 0);
}
