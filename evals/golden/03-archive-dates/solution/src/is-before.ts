export function isBefore(first: string, second: string): boolean {
  return first < second;
}
