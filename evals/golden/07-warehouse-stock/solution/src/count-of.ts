export function countOf(items: { article: string; count: number; minimum: number; price: number }[]): number {
  return items.reduce((sum, { count }) => sum + count, 0);
}
