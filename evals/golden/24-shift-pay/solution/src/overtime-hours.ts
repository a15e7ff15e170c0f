export function overtimeHours(hours: number): number {
  return Math.max(0, hours - 8);
}
