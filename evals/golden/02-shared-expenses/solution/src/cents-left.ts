export function centsLeft(cents: number, people: number): number {
  return cents % people;
}
