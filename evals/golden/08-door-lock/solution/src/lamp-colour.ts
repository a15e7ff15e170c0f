export function lampColour(attempts: number, open: boolean): string {
  if (attempts >= 3) return "red";
  return open ? "green" : "white";
}
