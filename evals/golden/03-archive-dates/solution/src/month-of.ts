export function monthOf(date: string): number {
  return Number(date.slice(5, 7));
}
