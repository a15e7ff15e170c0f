export function lockedSeconds(attempts: number): number {
  return Math.max(0, attempts - 2) * 30;
}
