export function nightBonus(start: number): number {
  return start >= 1320 ? 12 : 0;
}
