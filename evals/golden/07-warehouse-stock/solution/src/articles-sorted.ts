export function articlesSorted(items: { article: string; count: number; minimum: number; price: number }[]): string[] {
  return items.map(({ article }) => article).sort();
}
