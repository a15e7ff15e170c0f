export function creditsOf(amounts: number[]): number[] {
  return amounts.filter((amount) => amount > 0);
}
