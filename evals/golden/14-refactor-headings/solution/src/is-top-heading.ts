export function isTopHeading(line: string): boolean {
  return line.startsWith("# ");
}
