export function weekHours(shifts: number[]): number {
  return shifts.reduce((sum, hours) => sum + hours, 0);
}
