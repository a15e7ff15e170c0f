export function collides(startA: number, endA: number, startB: number, endB: number): boolean {
  return startA < endB && startB < endA;
}
