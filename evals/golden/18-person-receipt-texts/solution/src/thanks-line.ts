export function thanksLine(name: string): string {
  return `Thank you, ${name}!`;
}
