export function isRemark(line: string): boolean {
  return line.startsWith("#");
}
