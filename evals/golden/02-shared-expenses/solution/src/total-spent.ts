export function totalSpent(expenses: { who: string; cents: number }[]): number {
  return expenses.reduce((sum, { cents }) => sum + cents, 0);
}
