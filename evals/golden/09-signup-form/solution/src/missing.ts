export function missing(required: string[], filled: string[]): string[] {
  return required.filter((name) => !filled.includes(name));
}
