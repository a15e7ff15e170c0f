export function ownLines(lines: string[]): string[] {
  return lines.filter((line) => !line.startsWith(">"));
}
