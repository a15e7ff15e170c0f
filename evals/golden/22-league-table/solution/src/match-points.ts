export function matchPoints(own: number, other: number): number {
  if (own > other) return 3;
  return own === other ? 1 : 0;
}
