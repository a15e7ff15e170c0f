export function lateFee(amount: number, days: number): number {
  return days < 15 ? 0 : Math.round(amount * 0.05 * 100) / 100;
}
