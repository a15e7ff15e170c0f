export function statementLines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
