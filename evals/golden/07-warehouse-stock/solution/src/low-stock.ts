export function lowStock(items: { article: string; count: number; minimum: number; price: number }[]): string[] {
  return items.filter(({ count, minimum }) => count < minimum).map(({ article }) => article);
}
