export function statementTotal(amounts: number[]): number {
  return amounts.reduce((sum, amount) => sum + amount, 0);
}
