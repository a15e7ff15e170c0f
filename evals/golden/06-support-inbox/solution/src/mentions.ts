export function mentions(text: string): string[] {
  return text.split(" ").filter((word) => word.startsWith("@"));
}
