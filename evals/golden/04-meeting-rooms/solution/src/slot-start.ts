export function slotStart(opens: number, length: number, index: number): number {
  return opens + length * index;
}
