export function daysOverdue(dueDay: number, today: number): number {
  return Math.max(0, today - dueDay);
}
