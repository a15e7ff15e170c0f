export function workedHours(start: number, end: number, pause: number): number {
  return (end - start - pause) / 60;
}
