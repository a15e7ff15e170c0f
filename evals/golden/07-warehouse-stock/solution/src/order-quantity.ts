export function orderQuantity(count: number, minimum: number): number {
  return Math.max(0, minimum * 2 - count);
}
