/** JSON columns of the read model as values. */

/** The value of a JSON column; null for none. */
export function jsonValue(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

/** The list in a JSON column. The projection wrote it from a list of texts. */
export function textList(text: string): string[] {
  return JSON.parse(text) as string[];
}
