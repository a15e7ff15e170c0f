export function attemptsAfter(attempts: number, right: boolean): number {
  return right ? 0 : attempts + 1;
}
