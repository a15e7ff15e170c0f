export function shareOf(cents: number, people: number): number {
  return Math.floor(cents / people);
}
