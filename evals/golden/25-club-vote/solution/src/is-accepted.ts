export function isAccepted(yes: number, no: number): boolean {
  return yes > no;
}
