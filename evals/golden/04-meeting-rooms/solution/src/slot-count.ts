export function slotCount(opens: number, closes: number, length: number): number {
  return Math.floor((closes - opens) / length);
}
