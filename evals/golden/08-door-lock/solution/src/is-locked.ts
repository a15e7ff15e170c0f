export function isLocked(attempts: number): boolean {
  return attempts >= 3;
}
