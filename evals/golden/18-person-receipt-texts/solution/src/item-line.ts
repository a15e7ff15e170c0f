export function itemLine(pieces: number, article: string): string {
  return `${pieces} x ${article}`;
}
