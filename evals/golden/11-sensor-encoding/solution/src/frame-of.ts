export function frameOf(parts: string[]): string {
  return `:${parts.join(",")}`;
}
