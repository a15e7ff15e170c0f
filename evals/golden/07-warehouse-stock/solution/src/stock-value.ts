export function stockValue(items: { article: string; count: number; minimum: number; price: number }[]): number {
  return items.reduce((sum, { count, price }) => sum + count * price, 0);
}
