export function cellsOf(line: string): string[] {
  return line.split(";").map((cell) => cell.trim());
}
